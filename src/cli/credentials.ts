/** Which credentials a command line or an environment asks for. */

import type { CredentialProvider } from '../core/aws/credentials/credentials.ts'
import { environmentCredentials } from '../core/aws/credentials/environment.ts'
import { fileCredentials } from '../core/aws/credentials/file.ts'
import { iotCredentials } from '../core/aws/credentials/iot.ts'
import { KvsError } from '../core/errors.ts'
import { clientCertificateFiles } from '../core/host/clientCertificateFiles.ts'
import type { Platform } from '../core/platform.ts'
import type { CredentialSource, Host } from './command.ts'
import type { Option, Options } from './options.ts'

/** Names of variables are those of the C and C++ producers, of AWS IoT Greengrass and of the AWS SDKs. */
export const credentialOptions: readonly Option[] = [
  {
    name: 'credential-path',
    value: 'FILE',
    env: ['AWS_CREDENTIAL_PATH'],
    help: 'file with "CREDENTIALS key-id expiration secret token", which may be written anew at any time',
  },
  {
    name: 'iot-endpoint',
    value: 'HOST',
    env: ['AWS_IOT_CORE_CREDENTIAL_ENDPOINT', 'IOT_GET_CREDENTIAL_ENDPOINT'],
    help: 'credentials endpoint of AWS IoT, c….credentials.iot.REGION.amazonaws.com',
  },
  { name: 'iot-certificate', value: 'FILE', env: ['AWS_IOT_CORE_CERT', 'CERT_PATH'], help: "the device's certificate" },
  { name: 'iot-key', value: 'FILE', env: ['AWS_IOT_CORE_PRIVATE_KEY', 'PRIVATE_KEY_PATH'], help: 'its private key' },
  { name: 'iot-role-alias', value: 'NAME', env: ['AWS_IOT_CORE_ROLE_ALIAS', 'ROLE_ALIAS'], help: 'its role alias' },
  {
    name: 'iot-thing-name',
    value: 'NAME',
    env: ['AWS_IOT_CORE_THING_NAME', 'AWS_IOT_THING_NAME'],
    help: 'its thing; default: the name of the stream',
  },
  { name: 'profile', value: 'NAME', env: ['AWS_PROFILE'], help: 'profile of the AWS configuration (with Node.js)' },
]

/** What AWS IoT needs; the thing has a default. */
const iotNeeds = ['iot-endpoint', 'iot-certificate', 'iot-key', 'iot-role-alias'] as const

/** Each of these alone asks for AWS IoT; the others' variables have names that may mean anything, or are set everywhere. */
const iotMarks = [
  'AWS_IOT_CORE_CREDENTIAL_ENDPOINT',
  'AWS_IOT_CORE_CERT',
  'AWS_IOT_CORE_PRIVATE_KEY',
  'AWS_IOT_CORE_ROLE_ALIAS',
  'IOT_GET_CREDENTIAL_ENDPOINT',
]

/**
 * The source of credentials: what an option asks for; else the keys of the environment, as with every tool of AWS; else what
 * other variables ask for: the file, AWS IoT, what the host has. Nothing is asked of the network yet.
 *
 * @throws KvsError USAGE where options ask for two sources, CONFIGURATION where something needed is missing or cannot be
 *         right; where nothing is set, it is the provider that says so
 */
export function chooseCredentials(
  options: Options,
  host: Pick<Host, 'process' | 'files' | 'credentials'>,
  platform: Platform,
  streamName: string,
): CredentialSource {
  const env = (name: string) => host.process.env(name)
  const keys = { provider: environmentCredentials(env), from: 'environment' }
  const sources: Record<Kind, () => CredentialSource> = {
    file: () => fromFile(options, host),
    iot: () => fromIot(options, host, platform, streamName),
    profile: () => fromHost(options, host, platform) ?? keys,
  }
  const byOption = asked(options, isFlag)
  if (byOption.length > 1) throw ambiguous(byOption)
  const [kind] = byOption
  if (kind !== undefined) return sources[kind]()
  if (env('AWS_ACCESS_KEY_ID') || env('AWS_SECRET_ACCESS_KEY')) return keys
  const [other = 'profile'] = asked(options, (origin) => origin !== 'default')
  return sources[other]()
}

type Kind = 'file' | 'iot' | 'profile'

/** Which of the sources have an option whose value comes from a place that counts. */
function asked(options: Options, counts: (origin: string) => boolean): Kind[] {
  const given = (name: string) => counts(options.origin(name))
  const asksForIot = (name: string) => given(name) && (isFlag(options.origin(name)) || isMark(options.origin(name)))
  const kinds: Kind[] = []
  if (given('credential-path')) kinds.push('file')
  if ([...iotNeeds, 'iot-thing-name'].some(asksForIot)) kinds.push('iot')
  if (given('profile')) kinds.push('profile')
  return kinds
}

const isFlag = (origin: string) => origin.startsWith('-')
const isMark = (origin: string) => iotMarks.includes(origin)

function ambiguous(kinds: readonly Kind[]): KvsError {
  const names = { file: '--credential-path', iot: '--iot-…', profile: '--profile' }
  const given = kinds.map((kind) => names[kind]).join(' and ')
  return new KvsError('USAGE', `${given} ask for credentials from different sources`, { cure: 'leave out one of them' })
}

function fromFile(options: Options, { files }: Pick<Host, 'files'>): CredentialSource {
  const path = options.text('credential-path') ?? ''
  return { provider: fileCredentials(files, path), from: options.origin('credential-path') }
}

function fromIot(
  options: Options,
  { files }: Pick<Host, 'files'>,
  platform: Platform,
  streamName: string,
): CredentialSource {
  const missing = iotNeeds.filter((name) => !options.has(name))
  if (missing.length > 0) {
    const named = credentialOptions.filter(({ name }) => missing.some((each) => each === name))
    const wanted = named.map(({ name, env }) => `--${name} (${env?.[0]})`)
    throw new KvsError('CONFIGURATION', `for credentials of AWS IoT, ${wanted.join(' and ')} must be set, too`, {
      cause: 'only a part of what AWS IoT needs is set',
      cure: 'set the rest, or nothing of it',
    })
  }
  const text = (name: string) => options.text(name) ?? ''
  const provider: CredentialProvider = iotCredentials(platform, {
    endpoint: text('iot-endpoint'),
    certificate: clientCertificateFiles(files, text('iot-certificate'), text('iot-key')),
    roleAlias: text('iot-role-alias'),
    thingName: options.text('iot-thing-name') ?? streamName,
  })
  return { provider, from: `AWS IoT, ${options.origin('iot-endpoint')}` }
}

/** A profile, or whatever else the host knows where none is named. */
function fromHost(options: Options, host: Pick<Host, 'credentials'>, platform: Platform): CredentialSource | null {
  const profile = options.text('profile')
  if (host.credentials === undefined && profile !== undefined) {
    throw new KvsError('USAGE', `${options.origin('profile')} needs Node.js`, {
      cause: 'this is the executable for cameras, which knows keys in the environment, a file of them, and AWS IoT',
      cure: 'use --credential-path or AWS IoT',
    })
  }
  return host.credentials?.(platform, profile) ?? null
}
