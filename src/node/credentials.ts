/** Credentials that only Node.js has: of a container, of an instance, and whatever the AWS SDK finds in its own way. */

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { CredentialSource, Host } from '../cli/command.ts'
import { containerCredentials, containerVariable } from '../core/aws/credentials/container.ts'
import type { CredentialProvider } from '../core/aws/credentials/credentials.ts'
import { metadataCredentials, metadataEnabled } from '../core/aws/credentials/imds.ts'
import { KvsError } from '../core/errors.ts'
import type { Files } from '../core/platform.ts'

type Env = (name: string) => string | undefined

/** A process that asks somebody, or a sign-in service far away, may take a while; one that hangs is given up. */
const sdkTimeoutMs = 60_000

const silent = () => undefined
const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent }

/**
 * What Node.js has beside the portable sources, in this order: the profile named, web identity (EKS), the container (ECS,
 * EKS), the shared files of the AWS configuration, the role of the EC2 instance. Nothing is asked of the network yet.
 */
export function nodeCredentials(files: Files, env: Env): NonNullable<Host['credentials']> {
  return (platform, profile): CredentialSource | null => {
    if (profile !== undefined) return { provider: sdkCredentials(profile), from: `profile ${profile}` }
    if (env('AWS_WEB_IDENTITY_TOKEN_FILE') && env('AWS_ROLE_ARN')) {
      return { provider: sdkCredentials(), from: 'AWS_WEB_IDENTITY_TOKEN_FILE' }
    }
    const variable = containerVariable(env)
    if (variable !== undefined) return { provider: containerCredentials(platform, files, env), from: variable }
    if (sharedFiles(env).some((path) => existsSync(path))) {
      return { provider: sdkCredentials(), from: 'AWS configuration' }
    }
    if (!metadataEnabled(env)) return null
    return { provider: metadataCredentials(platform, env), from: 'EC2 instance' }
  }
}

function sharedFiles(env: Env): readonly string[] {
  const folder = join(homedir(), '.aws')
  return [
    env('AWS_SHARED_CREDENTIALS_FILE') ?? join(folder, 'credentials'),
    env('AWS_CONFIG_FILE') ?? join(folder, 'config'),
  ]
}

/**
 * The AWS SDK's own chain: profiles with all that they may refer to (roles, SSO, processes), web identity. Its packages are
 * loaded when it is first asked.
 */
export function sdkCredentials(profile?: string): CredentialProvider {
  return async () => {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node')
    // A new one each time, without what it remembers: whoever asks keeps the credentials and knows when to renew them.
    const chain = defaultProvider({ ...(profile !== undefined && { profile }), ignoreCache: true, logger })
    try {
      return await withinTime(chain())
    } catch (thrown) {
      throw asFailure(thrown, profile)
    }
  }
}

async function withinTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new KvsError('TIMED_OUT', `no credentials have come within ${sdkTimeoutMs / 1000} s`))
    }, sdkTimeoutMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function asFailure(thrown: unknown, profile: string | undefined): KvsError {
  if (thrown instanceof KvsError) return thrown
  const of = profile === undefined ? '' : ` of the profile ${profile}`
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return new KvsError('NO_CREDENTIALS', `no credentials${of} were to be had: ${why}`, {
    cause: 'the AWS configuration names none that work, or a sign-in has expired',
    cure: 'check it with "aws sts get-caller-identity", or sign in again',
    retry: isTransient(thrown),
  })
}

const transientCodes = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
]

/** What the network or a service that is down does, as the SDK tells it. */
function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  const { code, $retryable, $metadata } = thrown as Error & {
    code?: unknown
    $retryable?: unknown
    $metadata?: { httpStatusCode?: number }
  }
  if (transientCodes.includes(String(code)) || thrown.name === 'TimeoutError' || $retryable !== undefined) return true
  return ($metadata?.httpStatusCode ?? 0) >= 500 || isTransient(thrown.cause)
}
