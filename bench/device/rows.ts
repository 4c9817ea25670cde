/** What was measured, and the rows of the table that follow from it. */

import { median } from '../results.ts'
import type { InstructionCount } from './instructions.ts'
import type { MemoryRun } from './memory.ts'
import { type Target, targets } from './published.ts'
import type { Starts } from './starts.ts'

/** Everything that one host was measured by; null: not measured. */
export interface HostResults {
  readonly h264: MemoryRun | null
  readonly unconfirmed: MemoryRun | null
  readonly h265: MemoryRun | null
  /** The long run that the slope is taken from. */
  readonly slope: MemoryRun | null
  readonly starts: Starts | null
}

export interface Results {
  readonly date: string
  readonly machine: string
  /** Load averages at the end: other programs at work blur what is measured. */
  readonly load: readonly number[]
  readonly media: string
  readonly sizes: { readonly armv7: number | null; readonly x86_64: number | null }
  readonly device: HostResults
  readonly node: HostResults
  readonly instructions: {
    readonly aesGcm: InstructionCount | null
    readonly withoutAesGcm: InstructionCount | null
    readonly withoutAesChaCha: InstructionCount | null
  }
}

export interface Row extends Target {
  readonly device: number | null
  readonly node: number | null
  /** How the value came about. */
  readonly detail: string
  /** False: measured in another way than what is to be reached, so that nothing is said of having reached it. */
  readonly judged: boolean
}

/** Whether the device is within a limit; null: not measured, or in another way than the limit is meant. */
export function isWithin({ device, judged }: Row, limit: number | undefined): boolean | null {
  return limit === undefined || device === null || !judged ? null : device <= limit
}

export function missesBar(row: Row): boolean {
  return isWithin(row, row.bar) === false
}

export function rowsOf({ sizes, device, node, instructions }: Results): readonly Row[] {
  const peaks = (run: keyof HostResults & ('h264' | 'unconfirmed' | 'h265'), target: Target) =>
    row(target, device[run]?.peakKib, node[run]?.peakKib, secondsOf(device[run] ?? node[run]))
  return [
    row(targets.sizeArm, sizes.armv7, null, 'static, stripped, TLS 1.2 and 1.3'),
    row(targets.sizeX64, sizes.x86_64, null, 'static, stripped, TLS 1.2 and 1.3'),
    peaks('h264', targets.peakH264),
    peaks('unconfirmed', targets.peakUnconfirmed),
    peaks('h265', targets.peakH265),
    countRow(targets.instructions, instructions.aesGcm),
    countRow(targets.instructionsNoAes, instructions.withoutAesGcm),
    countRow(targets.instructionsChaCha, instructions.withoutAesChaCha),
    startRow(device.starts, node.starts),
    slopeRow(device.slope ?? device.h264, node.slope ?? node.h264),
    row(targets.cpu, device.h264?.cpuPerMinute, node.h264?.cpuPerMinute, 'H.264 + AAC, without the start'),
  ]
}

function row(target: Target, device: number | null | undefined, node: number | null | undefined, detail: string): Row {
  return { ...target, device: device ?? null, node: node ?? null, detail, judged: true }
}

function secondsOf(run: MemoryRun | null): string {
  return run === null ? '' : `in ${run.seconds} s`
}

function countRow(target: Target, count: InstructionCount | null): Row {
  if (count === null) return row(target, null, null, '')
  const { perSecond, tls, shortRun, shortSeconds, longSeconds } = count
  const runs = `${longSeconds} s less ${shortSeconds} s (${(shortRun / 1e6).toFixed(0)} M)`
  return row(target, perSecond / 1e6, null, `${tls}, ${runs}`)
}

function startRow(device: Starts | null, node: Starts | null): Row {
  const shown = device ?? node
  return row(targets.start, firstMediaOf(device), firstMediaOf(node), shown === null ? '' : startDetail(shown))
}

function firstMediaOf(starts: Starts | null): number | null {
  return starts === null ? null : median(starts.starts.map((start) => start.firstMediaMs))
}

function startDetail({ starts, handshakes, resumed, tls }: Starts): string {
  const times = starts.map((start) => start.firstMediaMs.toFixed(1))
  const ran = median(starts.map((start) => start.ranMs)).toFixed(1)
  const waited = median(starts.map((start) => start.waitedMs)).toFixed(1)
  const processor = `ran ${ran}, waited ${waited} for a processor`
  return `median of ${times.join(', ')}; ${processor}; ${handshakes} handshakes, ${resumed} resumed, ${tls}`
}

/** A slope that its noise explains, or that would not fill a block of media in ten minutes, is none. */
const flatKibPerMinute = 1.6

function slopeRow(device: MemoryRun | null, node: MemoryRun | null): Row {
  const slope = (device ?? node)?.slope
  if (slope === undefined) return row(targets.slope, null, null, '')
  const { afterSeconds, seconds, noiseKib } = slope
  const judged = seconds >= 590
  const span = `${seconds} s after the first ${Math.round(afterSeconds)} s, noise ${noiseKib.toFixed(1)} KiB`
  const detail = judged ? span : `a short look (${span}): --long watches ten minutes`
  return { ...row(targets.slope, slopeValue(device), slopeValue(node), detail), judged }
}

function slopeValue(run: MemoryRun | null): number | null {
  if (run === null) return null
  const { kibPerMinute, noiseKib, seconds } = run.slope
  const flat = Math.abs(kibPerMinute) <= Math.max(flatKibPerMinute, (2 * noiseKib * 60) / seconds)
  return flat ? 0 : kibPerMinute
}
