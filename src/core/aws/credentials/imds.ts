/** Credentials of an EC2 instance's role, from its metadata service, version 2. */

import { asKvsError, KvsError } from '../../errors.ts'
import type { ClientPlatform, ClientTimeouts, HttpClient, HttpResponse } from '../../http/client.ts'
import type { HeaderLines } from '../../http/request.ts'
import { utf8Text } from '../../text.ts'
import { parseJsonObject } from '../json.ts'
import { parseCredentialAddress } from './address.ts'
import { CredentialConnections, credentialsIn, refusal } from './answer.ts'
import type { CredentialProvider, Credentials } from './credentials.ts'

const endpoint = 'AWS_EC2_METADATA_SERVICE_ENDPOINT'
const source = "the instance's metadata service"
const names = ['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'] as const

/** Elsewhere than on EC2 nobody answers, which must be found out soon. */
const timeouts: ClientTimeouts = { connectMs: 1000, completionMs: 3000 }

/** How long a token is good for, in seconds; it is used at once. */
const tokenLife = '60'

const denied = {
  cause: 'the metadata service is switched off for this instance, or it has no role',
  cure: 'attach a role to the instance, and switch its metadata service on',
}

/** False where AWS_EC2_METADATA_DISABLED says so. */
export function metadataEnabled(env: (name: string) => string | undefined): boolean {
  return env('AWS_EC2_METADATA_DISABLED')?.toLowerCase() !== 'true'
}

/**
 * Credentials of the instance's role. As long as there have never been any, and AWS_EC2_METADATA_SERVICE_ENDPOINT does not
 * say that there are, this is taken for no instance: NO_CREDENTIALS, final. Throws CONFIGURATION where that variable is no URL.
 */
export function metadataCredentials(
  platform: ClientPlatform,
  env: (name: string) => string | undefined,
): CredentialProvider {
  const usual = env('AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE')?.toLowerCase() === 'ipv6'
  const named = env(endpoint)
  const { origin } = parseCredentialAddress(named ?? (usual ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254'))
  const connections = new CredentialConnections(platform, timeouts)
  let expected = named !== undefined

  const ask = async (): Promise<Credentials> => {
    try {
      const credentials = await connections.use(origin, askRole)
      expected = true
      return credentials
    } catch (thrown) {
      const error = asKvsError(thrown)
      if (expected || error.code === 'SERVICE_BUSY') throw error
      throw new KvsError('NO_CREDENTIALS', `no credentials are set, and no EC2 instance has any: ${error.message}`)
    }
  }
  return Object.assign(ask, { close: () => connections.close() })
}

async function askRole(client: HttpClient): Promise<Credentials> {
  const put = [['x-aws-ec2-metadata-token-ttl-seconds', tokenLife]] as const
  const token = textOf(await client.request({ method: 'PUT', path: '/latest/api/token', headers: put }))
  const roles = '/latest/meta-data/iam/security-credentials/'
  const headers: HeaderLines = [['x-aws-ec2-metadata-token', token]]
  const [role = ''] = textOf(await client.request({ method: 'GET', path: roles, headers }), token).split('\n')
  const path = `${roles}${role.trim()}`
  const response = await client.request({ method: 'GET', path, headers })
  if (response.status !== 200) throw refusal(source, response, denied, [token])
  return credentialsIn(source, parseJsonObject(response.body), names)
}

function textOf(response: HttpResponse, token = ''): string {
  if (response.status !== 200) throw refusal(source, response, denied, [token])
  return utf8Text(response.body)
}
