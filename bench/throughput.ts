/**
 * The producer against a bare `tls.write` of as many bytes, in pairs of which neither goes first twice in a row; then
 * the producer alone for a while, with an eye on memory. Arguments: pairs, megabytes a run, seconds of the last part.
 */

import { ask, endChild, startChild } from './children.ts'
import { frameCount, readRecording } from './media.ts'
import { type MemorySample, sampleMemory } from './memory.ts'
import { type ProducerRun, runProducer } from './producerRun.ts'
import type { SinkReady, SinkReport } from './sink.ts'
import { runTls, type TlsRun } from './tlsRun.ts'

export type WithSink<T> = T & { readonly sinkCpuSeconds: number }

export interface Pair {
  readonly producer: WithSink<ProducerRun>
  readonly tls: WithSink<TlsRun>
}

export interface ThroughputReport {
  readonly pairs: readonly Pair[]
  /** The bare write's speed by size of a write, from which the best was taken; MB/s. */
  readonly chunkSizes: Readonly<Record<string, number>>
  /** Bytes of HTTP and Matroska that are no frames, per byte of frames. */
  readonly overhead: number
  readonly soak: { readonly run: ProducerRun; readonly memory: readonly MemorySample[] }
}

const chunkSizes = [16, 32, 64, 128, 256, 512, 1024].map((kilobytes) => kilobytes * 1024)

const [pairCount = 5, megabytes = 512, soakSeconds = 10] = process.argv.slice(2).map(Number)
const recording = await readRecording()
const service = await startChild<SinkReady>('sink.ts', ['service'])
const nothing = await startChild<SinkReady>('sink.ts', ['null'])
const target = {
  url: `https://127.0.0.1:${service.ready.port}`,
  ca: service.ready.ca,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
}
const frames = frameCount(recording, megabytes)
const memory = repeated(Buffer.concat(recording.tracks.flatMap((track) => track.frames)), 8 * 1024 * 1024)

const warm = await runProducer(target, recording, Math.ceil(frames / 2))
const speeds: Record<string, number> = {}
for (const round of [1, 2]) {
  for (const bytes of chunkSizes) {
    const run = await runTls(nothing.ready, memory, Math.ceil(warm.bytesSent / 2), bytes)
    if (round === 2) speeds[bytes] = run.bytes / run.seconds / 1e6
  }
}
const best = Number(Object.entries(speeds).reduce((a, b) => (b[1] > a[1] ? b : a))[0])

const pairs: Pair[] = []
let overhead = 0
for (let index = 0; index < pairCount; index++) {
  if (index % 2 === 0) {
    const producer = await throughProducer()
    pairs.push({ producer, tls: await throughTls(producer.bytesSent) })
  } else {
    const tls = await throughTls(pairs[0]?.producer.bytesSent ?? 0)
    pairs.push({ tls, producer: await throughProducer() })
  }
}
const soak = await soakProducer()
process.send?.({ pairs, chunkSizes: speeds, overhead, soak } satisfies ThroughputReport)
await endChild(service.child)
await endChild(nothing.child)
process.disconnect()

async function throughProducer(): Promise<WithSink<ProducerRun>> {
  const before = await ask<SinkReport>(service.child)
  const run = await runProducer(target, recording, frames)
  const after = await ask<SinkReport>(service.child)
  overhead = (after.bodyBytes - run.frameBytes) / run.frameBytes
  return { ...run, sinkCpuSeconds: after.cpuSeconds - before.cpuSeconds }
}

async function throughTls(bytes: number): Promise<WithSink<TlsRun>> {
  const before = await ask<SinkReport>(nothing.child)
  const run = await runTls(nothing.ready, memory, bytes, best)
  const after = await ask<SinkReport>(nothing.child)
  return { ...run, sinkCpuSeconds: after.cpuSeconds - before.cpuSeconds }
}

/** One long run; its length is reckoned from the speed of those before. */
async function soakProducer() {
  const perSecond = pairs.reduce((sum, { producer }) => sum + producer.frames / producer.seconds, 0) / pairs.length
  const sampler = sampleMemory(100)
  const run = await runProducer(target, recording, Math.ceil(perSecond * soakSeconds))
  return { run, memory: sampler.stop() }
}

/** Small recordings are repeated: a write must find its size in one piece, and a cache must not hold them whole. */
function repeated(bytes: Buffer, leastBytes: number): Buffer {
  return Buffer.concat(new Array<Buffer>(Math.max(1, Math.ceil(leastBytes / bytes.length))).fill(bytes))
}
