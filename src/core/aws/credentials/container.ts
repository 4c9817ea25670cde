/** Credentials that ECS, EKS and others give to a container. */

import { asKvsError, KvsError } from '../../errors.ts'
import { isLoopback } from '../../http/address.ts'
import type { ClientPlatform, ClientTimeouts } from '../../http/client.ts'
import type { Files } from '../../platform.ts'
import { utf8Text } from '../../text.ts'
import { parseJsonObject } from '../json.ts'
import { type CredentialAddress, parseCredentialAddress } from './address.ts'
import { CredentialConnections, credentialsIn, refusal } from './answer.ts'
import type { CredentialProvider, Credentials } from './credentials.ts'

const relative = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'
const full = 'AWS_CONTAINER_CREDENTIALS_FULL_URI'
const token = 'AWS_CONTAINER_AUTHORIZATION_TOKEN'
const tokenFile = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'

const source = 'the container'
const names = ['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'] as const

/** Addresses of ECS and EKS, which only the container's own host has: plain http:// is let through to them. */
const hostAddresses = ['169.254.170.2', '169.254.170.23', 'fd00:ec2::23']

const timeouts: ClientTimeouts = { connectMs: 1000, completionMs: 5000 }

/** A token is one line; a larger file is something else. */
const tokenLimitBytes = 16 * 1024

const denied = {
  cause: 'the task or pod has no role, or the authorization token is wrong',
  cure: `give the task or pod a role, and check ${tokenFile} or ${token}`,
}

/** The variable that says where the container's credentials are, undefined where it has none. */
export function containerVariable(env: (name: string) => string | undefined): string | undefined {
  return [relative, full].find((name) => env(name))
}

/**
 * Credentials from where AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or, without it, AWS_CONTAINER_CREDENTIALS_FULL_URI says, with
 * the authorization token that the environment names; its file is read each time. Throws CONFIGURATION where that is no
 * address that may be asked.
 */
export function containerCredentials(
  platform: ClientPlatform,
  files: Files,
  env: (name: string) => string | undefined,
): CredentialProvider {
  const { origin, path } = addressOf(env)
  const connections = new CredentialConnections(platform, timeouts)
  const ask = async (): Promise<Credentials> => {
    const authorization = authorizationOf(files, env)
    const headers = authorization === undefined ? [] : [['authorization', authorization] as const]
    const response = await connections.use(origin, (client) => client.request({ method: 'GET', path, headers }))
    if (response.status !== 200) throw refusal(source, response, denied, [authorization ?? ''])
    return credentialsIn(source, parseJsonObject(response.body), names)
  }
  return Object.assign(ask, { close: () => connections.close() })
}

function addressOf(env: (name: string) => string | undefined): CredentialAddress {
  const relativeUri = env(relative)
  if (relativeUri) return parseCredentialAddress(`http://169.254.170.2${slashed(relativeUri)}`)
  const address = parseCredentialAddress(env(full) ?? '')
  const { host, tls } = address.origin
  if (tls || isLoopback(host) || hostAddresses.includes(host)) return address
  throw new KvsError('CONFIGURATION', `${full} leads to ${host} without encryption`, {
    cause: 'plain http:// is for this machine and the addresses of ECS and EKS only',
    cure: 'use https://',
  })
}

function slashed(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

function authorizationOf(files: Files, env: (name: string) => string | undefined): string | undefined {
  const path = env(tokenFile)
  if (!path) return env(token)
  try {
    const into = new Uint8Array(tokenLimitBytes)
    const size = files.read(path, into)
    if (size > tokenLimitBytes) throw new Error(`${path} is too large for a token`)
    return utf8Text(into, 0, size).trim()
  } catch (thrown) {
    throw new KvsError('NO_CREDENTIALS', `the file of ${tokenFile} cannot be read: ${asKvsError(thrown).message}`, {
      cause: 'the path is wrong, or it is just being replaced',
      cure: `check ${tokenFile}`,
      retry: true,
    })
  }
}
