import type { PressureReport } from './pressure.ts'

export type { PressureReport } from './pressure.ts'

/** A report on pressure in one sentence for people. */
export function pressureText(report: PressureReport): string {
  const { kind, uplinkBitsPerSecond, streamBitsPerSecond, fullInMs, framesLost, spools } = report
  const lost = framesLost === 0 ? 'nothing was lost' : `${framesLost} frames were lost`
  if (kind === 'over') return `the network keeps up again; ${lost} meanwhile`
  const relation = uplinkBitsPerSecond < streamBitsPerSecond ? ' < ' : ', '
  const rates = `uplink ${megabits(uplinkBitsPerSecond)} Mbit/s${relation}stream ${megabits(streamBitsPerSecond)} Mbit/s`
  if (kind === 'overflowing') return `${rates}: the buffer is full, ${framesLost} frames lost so far`
  const seconds = Math.ceil(fullInMs / 1000)
  return `${rates}: the buffer is full in ${seconds} s${spools ? '; what it has no room for goes to the spool' : ''}`
}

function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(bitsPerSecond < 1e6 ? 2 : 1)
}
