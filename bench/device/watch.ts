/** A process watched from outside, through what the kernel tells of it. */

import { readFileSync } from 'node:fs'
import { sharedMs } from '../children.ts'

export interface Sample {
  /** Since the watch began. */
  readonly atMs: number
  readonly residentKib: number
  /** VmHWM: the most it ever was. */
  readonly peakKib: number
  /** User and system. */
  readonly cpuSeconds: number
}

/** Ten samples a second see the peak of every fragment. */
const intervalMs = 100
/** Of the fields of /proc/PID/stat behind the name: utime and stime, in ticks of 10 ms (proc(5)). */
const userField = 11
const systemField = 12
const ticksPerSecond = 100

/** Takes samples until the process is gone; `samples` grows meanwhile. */
export function watch(pid: number): { readonly samples: readonly Sample[] } {
  const samples: Sample[] = []
  const startMs = sharedMs()
  const timer = setInterval(() => {
    const sample = sampleOf(pid, sharedMs() - startMs)
    if (sample === null) clearInterval(timer)
    else samples.push(sample)
  }, intervalMs)
  return { samples }
}

/** Null once the process has ended: then there is no memory, or no process. */
function sampleOf(pid: number, atMs: number): Sample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const residentKib = kibOf(status, 'VmRSS')
    const peakKib = kibOf(status, 'VmHWM')
    return residentKib === null || peakKib === null ? null : { atMs, residentKib, peakKib, cpuSeconds: cpuOf(pid) }
  } catch {
    return null
  }
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
