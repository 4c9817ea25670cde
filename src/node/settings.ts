/** What every call of the library needs to reach the service, and where it comes from when it is not given. */

import { chooseCredentials, credentialOptions } from '../cli/credentials.ts'
import { parseOptions } from '../cli/options.ts'
import { type CredentialProvider, type Credentials, staticCredentials } from '../core/aws/credentials/credentials.ts'
import { controlPlaneOrigin } from '../core/aws/endpoints.ts'
import { userAgent } from '../core/aws/userAgent.ts'
import { readTrust } from '../core/host/trust.ts'
import type { Origin } from '../core/http/origin.ts'
import type { Log, Platform, Process } from '../core/platform.ts'
import { version } from '../core/version.ts'
import { nodeCredentials } from './credentials.ts'
import { files, nodeProcess } from './files.ts'
import { nodePlatform } from './platform.ts'

/** How to reach Kinesis Video Streams, and as whom. */
export interface ServiceOptions {
  /** Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, else us-west-2. */
  readonly region?: string | undefined
  /**
   * URL of the control plane, e.g. that of `kvs local`. Default: `CONTROL_PLANE_URI`, `AWS_ENDPOINT_URL_KINESIS_VIDEO`,
   * `AWS_ENDPOINT_URL`, else the region's public one. Plain http:// is accepted for loopback only.
   */
  readonly endpoint?: string | undefined
  /** Use the region's IPv6 and IPv4 endpoint. Default: `AWS_USE_DUALSTACK_ENDPOINT`. */
  readonly dualStack?: boolean | undefined
  /** Use the region's FIPS endpoint. Default: `AWS_USE_FIPS_ENDPOINT`. */
  readonly fips?: boolean | undefined
  /**
   * Keys, or a function that gets them: every credential provider of the AWS SDK for JavaScript v3 fits as it is, e.g.
   * `fromNodeProviderChain()`. Asked again before they expire. Default: as `kvs` finds them in the environment: keys, a file,
   * AWS IoT, the AWS configuration, the container or the EC2 instance.
   */
  readonly credentials?: Credentials | CredentialProvider | undefined
  /**
   * PEM file, or folder of them, to trust instead of Node's authorities. Default: `AWS_KVS_CACERT_PATH`,
   * `KVSSINK_CA_CERT_PATH`, `CA_CERT_PATH`.
   */
  readonly caPath?: string | undefined
  /** Gets diagnostics; pino and its kin fit. Default: silence. */
  readonly log?: Log | undefined
}

/** The same with nothing left open. */
export interface ServiceSettings {
  readonly region: string
  readonly endpoint: Origin
  readonly credentials: CredentialProvider
  readonly platform: Platform
  readonly userAgent: string
}

/** Throws KvsError CONFIGURATION or NO_CREDENTIALS where something given cannot be right. */
export function serviceSettings(options: ServiceOptions & { readonly streamName?: string }): ServiceSettings {
  const process = nodeProcess()
  const { env } = process
  const region = options.region ?? env('AWS_REGION') ?? env('AWS_DEFAULT_REGION') ?? 'us-west-2'
  const endpoint = controlPlaneOrigin({
    region,
    endpoint:
      options.endpoint ?? env('CONTROL_PLANE_URI') ?? env('AWS_ENDPOINT_URL_KINESIS_VIDEO') ?? env('AWS_ENDPOINT_URL'),
    dualStack: options.dualStack ?? isOn(env('AWS_USE_DUALSTACK_ENDPOINT')),
    fips: options.fips ?? isOn(env('AWS_USE_FIPS_ENDPOINT')),
  })
  const ca = options.caPath ?? env('AWS_KVS_CACERT_PATH') ?? env('KVSSINK_CA_CERT_PATH') ?? env('CA_CERT_PATH')
  const platform = nodePlatform({ ca: readTrust(files, ca), proxy: env, log: options.log })
  return {
    region,
    endpoint,
    credentials: provider(options, process, platform),
    platform,
    userAgent: userAgent(version, process.system),
  }
}

function provider(
  { credentials, streamName = '' }: ServiceOptions & { readonly streamName?: string },
  process: Process,
  platform: Platform,
): CredentialProvider {
  if (typeof credentials === 'function') return credentials
  if (credentials !== undefined) return staticCredentials(credentials)
  const fromEnvironment = parseOptions(credentialOptions, [], process.env)
  const host = { process, files, credentials: nodeCredentials(files, process.env) }
  return chooseCredentials(fromEnvironment, host, platform, streamName).provider
}

/** As the command line reads a flag from the environment. */
function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false'
}
