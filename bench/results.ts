/** What was measured, and the rows of the table that follow from it. */

import type { PacedReport, Start } from './command.ts'
import { type MemorySample, trendOf } from './memory.ts'
import type { StoringReport } from './storing.ts'
import type { Row } from './table.ts'
import type { ThroughputReport } from './throughput.ts'

export interface Results {
  readonly date: string
  readonly machine: string
  /** Load averages at the end: other programs at work blur what is measured. */
  readonly load: readonly number[]
  readonly media: { readonly name: string; readonly bytesPerSecond: number }
  readonly throughput: ThroughputReport
  readonly storing: StoringReport
  readonly starts: readonly Start[]
  readonly paced: PacedReport
}

export function rowsOf(results: Results): readonly Row[] {
  const { throughput, storing, starts, paced } = results
  return [
    ...speedRows(throughput),
    ...storingRows(storing),
    row('overhead, backlog', percent(throughput.overhead), '≤ 1 %', 'Matroska and HTTP chunks, over bytes of frames'),
    row('overhead, real time', percent(paced.overhead), '≤ 1 %', 'the same when each frame leaves as it comes'),
    row(
      'CPU per stream minute',
      `${paced.cpuPerMinute.toFixed(2)} s`,
      '',
      `kvs at ${(paced.bitsPerSecond / 1e6).toFixed(1)} Mbit/s, 30 fps, with sound; an idle process (${paced.idlePerMinute.toFixed(2)} s) is taken off`,
    ),
    ...startRows(starts),
    memoryRow('resident, backlog', throughput.soak.memory, resident),
    memoryRow('heap, backlog', throughput.soak.memory, heap),
    memoryRow('resident, real time', paced.samples, resident),
    memoryRow(
      'heap, real time',
      paced.samples.filter((sample) => sample.collected),
      heap,
    ),
  ]
}

function speedRows({ pairs, chunkSizes }: ThroughputReport): Row[] {
  const producer = pairs.map((pair) => pair.producer)
  const tls = pairs.map((pair) => pair.tls)
  const ratios = pairs.map((pair) => speedOf(pair.producer) / speedOf(pair.tls))
  const chunk = tls[0]?.chunkBytes ?? 0
  const sizes = Object.keys(chunkSizes).map((bytes) => Number(bytes) / 1024)
  return [
    row('producer, null sink', megabytes(median(producer.map(speedOf))), '', cpuText(producer, 'bytesSent')),
    row('', `${Math.round(median(producer.map((run) => run.frames / run.seconds)))} frames/s`, '', ''),
    row('bare tls.write', megabytes(median(tls.map(speedOf))), '', cpuText(tls, 'bytes')),
    row('', '', '', `writes of ${chunk / 1024} KB, the best of ${sizes.join(', ')}`),
    row(
      'producer / tls.write',
      percent(median(ratios), 0),
      '≥ 80 %',
      `median of ${pairs.length} pairs: ${ratios.map((ratio) => percent(ratio, 0)).join(', ')}`,
    ),
  ]
}

function storingRows({ runs }: StoringReport): Row[] {
  const detail = `durably stored; endpoint's CPU ${secondsPerGigabyte(runs.map((run) => run.endpointCpuSeconds / run.bytesSent))}`
  return [
    row('producer, local endpoint', megabytes(median(runs.map(speedOf))), '', detail),
    row('', `${Math.round(median(runs.map((run) => run.frames / run.seconds)))} frames/s`, '', ''),
  ]
}

function startRows(starts: readonly Start[]): Row[] {
  const first = starts.map((start) => start.firstMediaMs)
  const persisted = starts.map((start) => start.firstPersistedMs)
  const each = (values: readonly number[]) => `median of ${values.join(', ')}`
  return [
    row('start to first media', `${median(first)} ms`, '', each(first)),
    row('start to first PERSISTED', `${median(persisted)} ms`, '', `${each(persisted)}; a fragment must end first`),
  ]
}

const resident = (sample: MemorySample) => sample.rssBytes
const heap = (sample: MemorySample) => sample.heapBytes

function memoryRow(what: string, samples: readonly MemorySample[], of: (sample: MemorySample) => number): Row {
  const { maxBytes, bytesPerMinute, riseBytes, noiseBytes, seconds, flat } = trendOf(samples, of)
  const slope = `${signed(bytesPerMinute)}/min`
  const detail = `${slope}: ${signed(riseBytes)} in ${Math.round(seconds)} s, noise ${mebibytes(noiseBytes)}`
  return row(what, mebibytes(maxBytes), 'flat', `${flat ? 'flat' : 'RISES'}, ${detail}; the value is the highest`)
}

interface Run {
  readonly seconds: number
  readonly bytes?: number
  readonly bytesSent?: number
}

/** Bytes of Matroska, or of what stands for it, a second. */
function speedOf(run: Run): number {
  return (run.bytesSent ?? run.bytes ?? 0) / run.seconds
}

function cpuText<K extends string>(
  runs: readonly ({ readonly cpuSeconds: number; readonly sinkCpuSeconds: number } & Readonly<Record<K, number>>)[],
  bytes: K,
): string {
  const own = secondsPerGigabyte(runs.map((run) => run.cpuSeconds / run[bytes]))
  return `CPU ${own}, its sink ${secondsPerGigabyte(runs.map((run) => run.sinkCpuSeconds / run[bytes]))}`
}

function row(what: string, value: string, aim: string, detail: string): Row {
  return { what, value, aim, detail }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

function secondsPerGigabyte(perByte: readonly number[]): string {
  return `${(median(perByte) * 1e9).toFixed(2)} s/GB`
}

function megabytes(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(bytesPerSecond < 1e8 ? 1 : 0)} MB/s`
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

function signed(bytes: number): string {
  return bytes < 0 ? `−${mebibytes(-bytes)}` : `+${mebibytes(bytes)}`
}

function percent(part: number, digits = 2): string {
  return `${(part * 100).toFixed(digits)} %`
}
