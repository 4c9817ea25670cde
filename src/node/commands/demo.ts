/** `kvs demo`: the whole producer against an endpoint on this machine, without an AWS account. */

import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { Command, Host } from '../../cli/command.ts'
import { demoSyntax } from '../../cli/commands/demoSyntax.ts'
import { streamCommand } from '../../cli/commands/stream.ts'
import { type Options, parseOptions } from '../../cli/options.ts'
import { bytesText } from '../../cli/report/statusLine.ts'
import { KvsError } from '../../core/errors.ts'
import type { Process } from '../../core/platform.ts'
import { LocalKvs, type MediaFragment, type StoredMedia } from '../../local/index.ts'
import { exportMatroska, playableRuns } from '../../local/play/matroska.ts'
import { rebaseCluster } from '../../local/play/rebase.ts'

/** Both `src/node/commands` and `dist/node/commands` are three folders below the package. */
const samples = fileURLToPath(new URL('../../../samples', import.meta.url))

const streamName = 'demo'

export const demoCommand: Command = { ...demoSyntax, run: demo }

async function demo(given: Options, host: Host): Promise<number> {
  const [operand] = given.operands
  if (operand !== undefined) throw new KvsError('USAGE', `"${operand}" is nothing that kvs demo takes`)
  const directory = resolve(given.text('output') ?? '')
  await mkdir(directory, { recursive: true })
  await using local = await LocalKvs.start({ directory: join(directory, 'endpoint') })
  const startMs = Date.now()
  host.process.stderr(`kvs: a local endpoint runs at ${local.url} for this demo\n`)
  const frames = given.text('directory') ?? samples
  const args = ['-n', streamName, '-d', frames, '-D', given.text('duration') ?? '']
  const process = environmentOf(local, host.process)
  const exitStatus = await streamCommand.run(parseOptions(streamCommand.options, args, process.env), {
    ...host,
    process,
  })
  await showStored(local, startMs, directory, host.process)
  return exitStatus
}

/** The process with the local endpoint's settings in its environment, and nothing else of AWS. */
function environmentOf(local: LocalKvs, process: Process): Process {
  const settings: Record<string, string | undefined> = {
    AWS_ACCESS_KEY_ID: local.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: local.credentials.secretAccessKey,
    AWS_REGION: local.region,
    CONTROL_PLANE_URI: local.url,
    AWS_KVS_CACERT_PATH: local.caFile ?? undefined,
  }
  const env = (name: string) => settings[name] ?? (name.startsWith('AWS_') ? undefined : process.env(name))
  return { ...process, env }
}

async function showStored(local: LocalKvs, startMs: number, directory: string, process: Process): Promise<void> {
  const stream = await local.media(streamName)
  const fragments = stream?.fragments().filter((fragment) => fragment.serverMs >= startMs) ?? []
  if (stream === undefined || fragments.length === 0) return
  const bytes = fragments.reduce((sum, fragment) => sum + fragment.sizeBytes, 0)
  process.stderr(`kvs: ${fragments.length} fragments stored, ${bytesText(bytes)}\n`)
  for (const fragment of fragments) process.stderr(`  ${line(fragment)}\n`)
  process.stderr(`  in ${shown(local.directory)}\n`)
  const runs = await playableRuns(stream, fragments)
  for (const [index, run] of runs.entries()) {
    const path = join(directory, runs.length === 1 ? 'demo.mkv' : `demo-${index + 1}.mkv`)
    await pipeline(fromZero(stream, run), createWriteStream(path))
    process.stderr(`kvs: play it: ${shown(path)}\n`)
  }
}

function line({ number, timecode, lengthMs, sizeBytes }: MediaFragment): string {
  const time = new Date(timecode).toISOString().slice(11, 23)
  return `${time}  ${(lengthMs / 1000).toFixed(2)} s  ${bytesText(sizeBytes).padStart(9)}  ${number}`
}

/** The recording with times from zero on. */
async function* fromZero(stream: StoredMedia, run: readonly MediaFragment[]): AsyncGenerator<Uint8Array> {
  const originMs = run[0]?.timecode ?? 0
  for await (const piece of exportMatroska(stream, run)) {
    rebaseCluster(piece, originMs)
    yield piece
  }
}

/** A path as short as it can be typed from here. */
function shown(path: string): string {
  const short = relative('', path)
  return short.startsWith('..') ? path : short
}
