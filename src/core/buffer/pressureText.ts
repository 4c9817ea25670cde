import type { PressureReport } from './pressure.ts'

export type { PressureReport } from './pressure.ts'

/** A report on pressure in one sentence for people. */
export function pressureText(report: PressureReport): string {
  const { kind, fullInMs, framesLost } = report
  const lost = framesLost === 0 ? 'nothing was lost' : `${framesLost} frames were lost`
  if (kind === 'over') return `the network keeps up again; ${lost} meanwhile`
  const rates = `uplink ${megabits(report.uplinkBitsPerSecond)} Mbit/s < stream ${megabits(report.streamBitsPerSecond)} Mbit/s`
  if (kind === 'filling') return `${rates}: the buffer is full in ${Math.ceil(fullInMs / 1000)} s`
  return `${rates}: the buffer is full, ${framesLost} frames lost so far`
}

function megabits(bitsPerSecond: number): string {
  return (bitsPerSecond / 1e6).toFixed(bitsPerSecond < 1e6 ? 2 : 1)
}
