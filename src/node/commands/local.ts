/** `kvs local`: the endpoint on this machine, and `kvs local env`: how a shell makes its programs use it. */

import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command, Host } from '../../cli/command.ts'
import { localSyntax } from '../../cli/commands/localSyntax.ts'
import type { Options } from '../../cli/options.ts'
import { KvsError } from '../../core/errors.ts'
import type { Process } from '../../core/platform.ts'
import { readCredentials } from '../../local/auth/credentials.ts'
import { PortTaken } from '../../local/http/listener.ts'
import { LocalKvs, type LocalKvsEvent, type LocalKvsOptions } from '../../local/index.ts'
import { findRunning, type RunningEndpoint } from '../../local/running.ts'

export const localCommand: Command = { ...localSyntax, run: local }

async function local(given: Options, host: Host): Promise<number> {
  const [operand, ...more] = given.operands
  const directory = resolve(given.text('dir') ?? defaultDirectory(host.process))
  if (operand === 'env' && more.length === 0) return await printEnvironment(directory, host.process)
  if (operand !== undefined)
    throw new KvsError('USAGE', `"${[operand, ...more].join(' ')}" is nothing that kvs local takes`)
  return await serve(given, directory, host.process)
}

function defaultDirectory(process: Process): string {
  return join(process.env('XDG_STATE_HOME') ?? join(homedir(), '.local', 'state'), 'kvs-local')
}

async function serve(given: Options, directory: string, process: Process): Promise<number> {
  let stop = () => {}
  const signalled = new Promise<void>((resolve) => {
    stop = resolve
  })
  const stopListening = process.onSignal(() => stop())
  try {
    await using endpoint = await start(given, directory, process)
    endpoint.on('event', (event) => process.stderr(`${timeOfDay()} ${eventText(event)}\n`))
    process.stderr(greeting(endpoint, given))
    await signalled
    process.stderr(`${timeOfDay()} stopping\n`)
  } finally {
    stopListening()
  }
  return 0
}

async function start(given: Options, directory: string, process: Process): Promise<LocalKvs> {
  const settings: LocalKvsOptions = {
    directory,
    port: given.number('port') ?? 0,
    host: given.text('host') ?? '127.0.0.1',
    http: given.flag('http'),
    region: given.text('region') ?? 'us-west-2',
    limits: given.text('limits') === 'off' ? 'off' : 'on',
    concurrentPutMedia: given.number('concurrent') ?? 2,
    ...(given.has('advertise') && { advertise: given.text('advertise') ?? '' }),
  }
  try {
    return await LocalKvs.start(settings)
  } catch (thrown) {
    if (!(thrown instanceof PortTaken) || given.origin('port') !== 'default') throw thrown
    process.stderr(`kvs: port ${settings.port} is taken, another one is used\n`)
    return await LocalKvs.start({ ...settings, port: 0 })
  }
}

function greeting(endpoint: LocalKvs, given: Options): string {
  const dir = given.has('dir') ? ` --dir ${quoted(endpoint.directory)}` : ''
  return [
    'A Kinesis Video Streams endpoint runs on this machine.',
    '',
    `  address   ${endpoint.url}`,
    `  region    ${endpoint.region}`,
    `  folder    ${endpoint.directory}`,
    '',
    'To use it, in another shell:',
    '',
    `  eval "$(kvs local env${dir})"`,
    '  kvs -n my-stream -d DIR',
    '',
    'Ctrl-C stops it; streams and media stay in the folder.',
    '',
    '',
  ].join('\n')
}

function eventText(event: LocalKvsEvent): string {
  switch (event.type) {
    case 'stream':
      return `${event.stream}: ${event.what}`
    case 'refused':
      return `${event.operation}: ${event.error.type} (${event.error.status}): ${event.error.message}`
    case 'opened':
      return `${event.stream} #${event.session}: PutMedia begins`
    case 'closed':
      return `${event.stream} #${event.session}: PutMedia is over after ${event.bodyBytes} bytes`
    case 'ack':
      return `${event.stream} #${event.session}: ${ackText(event.ack)}`
    case 'warning':
      return `warning: ${event.message}`
  }
}

function ackText(ack: Extract<LocalKvsEvent, { type: 'ack' }>['ack']): string {
  switch (ack.type) {
    case 'IDLE':
      return 'IDLE'
    case 'ERROR':
      return `ERROR ${ack.errorId}${ack.timecode === null ? '' : ` for fragment ${ack.timecode}`}: ${ack.reason}`
    default:
      return `${ack.type} ${ack.timecode}`
  }
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8)
}

async function printEnvironment(directory: string, process: Process): Promise<number> {
  const running = await findRunning(directory)
  if (running === null) {
    throw new KvsError('CONFIGURATION', `no endpoint runs in ${directory}`, {
      cause: 'kvs local is not running, or runs in another folder',
      cure: 'start it with "kvs local", or name its folder with --dir',
    })
  }
  const credentials = await readCredentials(directory)
  if (credentials === null) throw new KvsError('CONFIGURATION', `${directory} holds no credentials`)
  const settings = {
    ...settingsOf(running),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  }
  for (const [name, value] of Object.entries(settings)) process.stdout(`export ${name}=${quoted(value)}\n`)
  // The SDKs pass the keys in the environment over where a profile is named.
  process.stdout('unset AWS_PROFILE\n')
  // A token left over from another session would be sent along and refused.
  if (credentials.sessionToken === undefined) process.stdout('unset AWS_SESSION_TOKEN\n')
  else process.stdout(`export AWS_SESSION_TOKEN=${quoted(credentials.sessionToken)}\n`)
  return 0
}

/** For this program, the C SDK, and the AWS SDKs and command line. */
function settingsOf({ url, region, caFile }: RunningEndpoint): Record<string, string> {
  return {
    AWS_DEFAULT_REGION: region,
    AWS_REGION: region,
    CONTROL_PLANE_URI: url,
    AWS_ENDPOINT_URL_KINESIS_VIDEO: url,
    ...(caFile !== null && { AWS_KVS_CACERT_PATH: caFile, NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
  }
}

/** A word for a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
