/** A process watched from outside, through what the kernel tells of it. */

import { readFileSync } from 'node:fs'
import { sharedMs } from '../children.ts'

export interface Sample {
  /** Since the watch began. */
  readonly atMs: number
  readonly residentKib: number
  /**
   * VmHWM: the most it ever was. The kernel takes note of that now and then only, and not exactly: it may be less than
   * what was resident in a sample before.
   */
  readonly peakKib: number
  /** User and system. */
  readonly cpuSeconds: number
}

/** Often enough for the moment at which a fragment is complete and not yet confirmed. */
const intervalMs = 20
/** Of the fields of /proc/PID/stat behind the name: utime and stime, in ticks of 10 ms (proc(5)). */
const userField = 11
const systemField = 12
const ticksPerSecond = 100

export function watch(pid: number): readonly Sample[] {
  const startMs = sharedMs()
  return sampled(intervalMs, () => sampleOf(pid, sharedMs() - startMs))
}

/** What the main thread of a process has had of a processor. */
export interface ProcessorSample {
  /** On the clock of `sharedMs`. */
  readonly atMs: number
  readonly ranMs: number
  /** Ready to run, while others had the processors. */
  readonly waitedMs: number
}

export function watchProcessor(pid: number): readonly ProcessorSample[] {
  return sampled(1, () => {
    const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number)
    return { atMs: sharedMs(), ranMs: (ran ?? 0) / 1e6, waitedMs: (waited ?? 0) / 1e6 }
  })
}

/** Takes samples, the first at once, until there are none because the process is gone; the list grows meanwhile. */
function sampled<T>(everyMs: number, take: () => T | null): readonly T[] {
  const samples: T[] = []
  const timer = setInterval(again, everyMs)
  function again(): void {
    try {
      const sample = take()
      if (sample !== null) samples.push(sample)
      else clearInterval(timer)
    } catch {
      clearInterval(timer)
    }
  }
  again()
  return samples
}

/** Null once the process has ended: it has no memory then. */
function sampleOf(pid: number, atMs: number): Sample | null {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const residentKib = kibOf(status, 'VmRSS')
  const peakKib = kibOf(status, 'VmHWM')
  return residentKib === null || peakKib === null ? null : { atMs, residentKib, peakKib, cpuSeconds: cpuOf(pid) }
}

function kibOf(status: string, field: string): number | null {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)
  return found?.[1] === undefined ? null : Number(found[1])
}

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[userField]) + Number(fields[systemField])) / ticksPerSecond
}
