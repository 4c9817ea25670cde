/** Memory and processor time of a program over a stream in real time. */

import { cpuPerMinute, lineThrough, type Point } from '../samples.ts'
import type { Program } from './program.ts'
import { runProgram } from './run.ts'
import { type Sample, watch } from './watch.ts'

/** What is streamed: which options, and how the service answers. */
export interface Load {
  readonly args: readonly string[]
  /** False: nothing is ever PERSISTED, the buffer fills, and the run is ended from outside. */
  readonly persist: boolean
}

/** The loads of the table. Sound goes along with all of them. */
export const loads = {
  h264: { args: ['-s', '2048'], persist: true },
  unconfirmed: { args: ['-s', '2048'], persist: false },
  h265: { args: ['-s', '1024', '--video-codec', 'h265'], persist: true },
} as const satisfies Record<string, Load>

export interface MemoryRun {
  readonly seconds: number
  /** The most of VmHWM and of what was resident in any sample. */
  readonly peakKib: number
  /** CPU seconds in a minute of the stream, the first seconds left out. */
  readonly cpuPerMinute: number
  /** How the highest points of resident memory rise after `afterSeconds`. */
  readonly slope: Slope
}

export interface Slope {
  readonly afterSeconds: number
  readonly seconds: number
  readonly kibPerMinute: number
  /** Standard deviation of the highest points around the line. */
  readonly noiseKib: number
}

/** By then the program has started, and its memory has found its size. */
const settleMs = 5_000
/** Resident memory goes up and down with each fragment, of some two seconds: only the highest point of several tells. */
const windowMs = 4_000

export async function measureMemory({ command }: Program, load: Load, seconds: number): Promise<MemoryRun> {
  let samples: readonly Sample[] = []
  await runProgram({
    command,
    args: load.persist ? ['-D', String(seconds), ...load.args] : ['-D', '86400', ...load.args],
    sink: { persist: load.persist },
    ...(load.persist ? {} : { endAfterMs: seconds * 1000 }),
    onStart: (pid) => {
      samples = watch(pid)
    },
  })
  const last = samples[samples.length - 1]
  const settled = samples.find((sample) => sample.atMs >= settleMs)
  if (last === undefined || settled === undefined || settled === last) throw new Error('too short a run')
  return {
    seconds,
    peakKib: Math.max(...samples.map((sample) => Math.max(sample.peakKib, sample.residentKib))),
    cpuPerMinute: cpuPerMinute(settled, last),
    slope: slopeOf(samples, Math.min(60, seconds / 3)),
  }
}

/** The straight line through the highest points. */
function slopeOf(samples: readonly Sample[], afterSeconds: number): Slope {
  const last = samples[samples.length - 1]?.atMs ?? 0
  const peaks: Point[] = []
  for (let atMs = afterSeconds * 1000; atMs + windowMs <= last; atMs += windowMs) {
    const within = samples.filter((sample) => sample.atMs >= atMs && sample.atMs < atMs + windowMs)
    peaks.push({ x: atMs / 60_000, y: Math.max(...within.map((sample) => sample.residentKib)) })
  }
  const { slope, noise } = lineThrough(peaks)
  return {
    afterSeconds,
    seconds: (peaks.length * windowMs) / 1000,
    kibPerMinute: slope,
    noiseKib: noise,
  }
}
