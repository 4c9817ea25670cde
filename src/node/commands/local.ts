/** `kvs local`: the endpoint on this machine, and `kvs local env`: how a shell makes its programs use it. */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command, Host } from '../../cli/command.ts'
import { localSyntax } from '../../cli/commands/localSyntax.ts'
import type { Options } from '../../cli/options.ts'
import { KvsError } from '../../core/errors.ts'
import type { Process } from '../../core/platform.ts'
import { PortTaken } from '../../local/http/listener.ts'
import { type Fault, LocalKvs, type LocalKvsEvent, type LocalKvsOptions, parseFaults } from '../../local/index.ts'
import { printEnvironment, quoted, ways } from './localEnvironment.ts'

export const localCommand: Command = { ...localSyntax, run: local }

async function local(given: Options, host: Host): Promise<number> {
  const [operand, ...more] = given.operands
  const directory = resolve(given.text('dir') ?? defaultDirectory(host.process))
  if (operand === 'env' && more.length === 0) return await printEnvironment(directory, given, host.process)
  for (const way of ways) {
    if (given.flag(way)) throw new KvsError('USAGE', `--${way} is for kvs local env`)
  }
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
    tokenLifeMs: Math.round(1000 * (given.number('token-life') ?? 3600)),
    faults: given.has('faults') ? await readFaults(given.text('faults') ?? '') : [],
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
    case 'credentials':
      return `${event.route}: ${event.accessKeyId} until ${new Date(event.expiresMs).toTimeString().slice(0, 8)}`
    case 'fault':
      return faultText(event)
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

function faultText({ fault, operation, stream, session }: Extract<LocalKvsEvent, { type: 'fault' }>): string {
  const { fault: name, ...members } = fault
  const where = `${stream ?? operation ?? 'everything'}${session === undefined ? '' : ` #${session}`}`
  return `${where}: fault ${name} ${JSON.stringify(members)}`
}

async function readFaults(path: string): Promise<readonly Fault[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    throw new KvsError('INPUT_MISSING', `${path} cannot be read: ${String(thrown)}`, { cure: 'check --faults' })
  }
  try {
    return parseFaults(JSON.parse(text), path)
  } catch (thrown) {
    if (thrown instanceof KvsError) throw thrown
    throw new KvsError('CONFIGURATION', `${path}: ${String(thrown)}`, {
      cause: 'the file is no JSON',
      cure: 'correct it; docs/local.md has an example',
    })
  }
}

function timeOfDay(): string {
  return new Date().toTimeString().slice(0, 8)
}
