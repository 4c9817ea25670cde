/** Runs of the `kvs` command as users run it, watched from outside. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask, endChild, environmentOf, type Service, sinkService, startChild } from './children.ts'
import type { EndpointReady, EndpointReport } from './endpoint.ts'
import { mediaDirectory, writeScaled } from './media.ts'
import type { MemorySample } from './memory.ts'
import { kvsPath } from './product.ts'
import { type CpuSample, cpuPerMinute } from './samples.ts'
import type { SinkReady, SinkReport } from './sink.ts'

export interface Start {
  /** From the start of the process until the endpoint has read the head of the first fragment. */
  readonly firstMediaMs: number
  /** From the start of the process until the endpoint has confirmed the first fragment. */
  readonly firstPersistedMs: number
}

/** Starts the command `count` times against one local endpoint, in which the stream exists from the first time on. */
export async function measureStart(count: number): Promise<readonly Start[]> {
  const endpoint = await startChild<EndpointReady>('endpoint.ts', [])
  const { url, caFile, credentials } = endpoint.ready
  const starts: Start[] = []
  for (let index = 0; index < count; index++) {
    const startMs = Date.now()
    const kvs = runKvs(['-n', 'bench', '-d', mediaDirectory, '-D', '4'], { url, caFile, ...credentials }, [])
    await endOf(kvs)
    const { firstMediaMs, firstPersistedMs } = await ask<EndpointReport>(endpoint.child)
    starts.push({ firstMediaMs: firstMediaMs - startMs, firstPersistedMs: firstPersistedMs - startMs })
  }
  await endChild(endpoint.child)
  return starts
}

/** What the probe in the process tells every second. */
export interface ProbeSample extends MemorySample, CpuSample {
  /** Garbage was collected just before. */
  readonly collected: boolean
}

export interface PacedReport {
  readonly samples: readonly ProbeSample[]
  /** CPU seconds that an idle process with the probe takes in a minute. */
  readonly idlePerMinute: number
  /** CPU seconds of the process for a minute of the stream, less the idle ones. */
  readonly cpuPerMinute: number
  /** Bytes that are no frames per byte of frames, when each frame leaves as soon as it comes. */
  readonly overhead: number
  readonly bitsPerSecond: number
}

const pacedFramesPerSecond = 30
const pacedBitsPerSecond = 4_000_000
/** Until then the process is still starting: code is translated, the heap finds its size. */
const settleSamples = 4

/** Plays in real time for `seconds`, into the sink that plays the service. */
export async function measurePaced(seconds: number): Promise<PacedReport> {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-bench-'))
  const sink = await startChild<SinkReady>('sink.ts', ['service'])
  try {
    const frameBytesPerSecond = await writeScaled(directory, pacedFramesPerSecond, pacedBitsPerSecond)
    const caFile = join(directory, 'ca.pem')
    await writeFile(caFile, sink.ready.ca)
    const service = sinkService(sink.ready.port, caFile)
    const args = [
      '-n',
      'bench',
      '-d',
      directory,
      '-D',
      String(seconds),
      '--fps',
      String(pacedFramesPerSecond),
      '--json',
    ]
    const { samples, said } = await probe(runKvs(args, service, probing))
    const idle = await probe(fork(idlePath, [], { execArgv: probing, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }))
    const { bodyBytes } = await ask<SinkReport>(sink.child)
    const frameBytes = bytesPersisted(said)
    const idlePerMinute = settledCpuPerMinute(idle.samples)
    return {
      samples,
      idlePerMinute,
      cpuPerMinute: settledCpuPerMinute(samples) - idlePerMinute,
      overhead: bodyBytes / frameBytes - 1,
      bitsPerSecond: frameBytesPerSecond * 8,
    }
  } finally {
    await endChild(sink.child)
    await rm(directory, { recursive: true, force: true })
  }
}

const probing = ['--expose-gc', '--import', new URL('probe.mjs', import.meta.url).href]
const idlePath = fileURLToPath(new URL('idle.mjs', import.meta.url))

function runKvs(args: readonly string[], service: Service, execArgv: readonly string[]): ChildProcess {
  return fork(kvsPath, args, {
    execArgv: [...execArgv],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environmentOf(service),
  })
}

/** Waits for the end, which must be in order; resolves with what went to standard output. */
async function endOf(child: ChildProcess): Promise<string> {
  const said = { out: '', err: '' }
  child.stdout?.on('data', (text: Buffer) => {
    said.out += text.toString()
  })
  child.stderr?.on('data', (text: Buffer) => {
    said.err += text.toString()
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`a process ended with ${String(code)}: ${said.err}`)
  return said.out
}

async function probe(child: ChildProcess) {
  const samples: ProbeSample[] = []
  child.on('message', (message) => samples.push(message as ProbeSample))
  const said = await endOf(child)
  if (samples.length <= settleSamples + 2) throw new Error('the process did not run long enough to be measured')
  // The last second has the end of the stream in it.
  return { samples: samples.slice(0, -1), said }
}

/** Bytes of frames that the command says it has brought home, out of its last line of JSON. */
function bytesPersisted(said: string): number {
  const end: unknown = JSON.parse(said.trimEnd().split('\n').pop() ?? '')
  if (typeof end === 'object' && end !== null && 'bytesPersisted' in end) return Number(end.bytesPersisted)
  throw new Error('the command has not told how many bytes it has brought home')
}

function settledCpuPerMinute(samples: readonly ProbeSample[]): number {
  const from = samples[settleSamples] ?? samples[0]
  const to = samples[samples.length - 1]
  if (from === undefined || to === undefined || to === from) throw new Error('too few samples')
  return cpuPerMinute(from, to)
}
