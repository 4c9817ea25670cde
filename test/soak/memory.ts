/** What a process holds, over time: whether it grows, and how fast. */

export interface Sample {
  readonly atMs: number
  readonly heldBytes: number
}

/** Bytes per hour of the straight line that fits the samples best (least squares); 0 for fewer than two. */
export function slopePerHour(samples: readonly Sample[]): number {
  const count = samples.length
  if (count < 2) return 0
  const meanMs = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count
  const meanBytes = samples.reduce((sum, { heldBytes }) => sum + heldBytes, 0) / count
  let [product, square] = [0, 0]
  for (const { atMs, heldBytes } of samples) {
    product += (atMs - meanMs) * (heldBytes - meanBytes)
    square += (atMs - meanMs) ** 2
  }
  return square === 0 ? 0 : (product / square) * 3_600_000
}

/** After a collection of garbage: the heap, and what lies outside of it; `mediaBytes` are on their way, and not counted. */
export function sample(startedMs: number, mediaBytes: number): Sample {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return { atMs: performance.now() - startedMs, heldBytes: heapUsed + external - mediaBytes }
}

const bars = '▁▂▃▄▅▆▇█'

/** The samples as a line of bars, each the mean of its part; the lowest and the highest in MB beside it. */
export function plot(samples: readonly Sample[], width = 60): string {
  const parts = Math.min(width, samples.length)
  const means = Array.from({ length: parts }, (_, n) => {
    const part = samples.slice(Math.floor((n * samples.length) / parts), Math.floor(((n + 1) * samples.length) / parts))
    return part.reduce((sum, { heldBytes }) => sum + heldBytes, 0) / part.length
  })
  const [least, most] = [Math.min(...means), Math.max(...means)]
  const line = means.map((mean) => bars[Math.round(((mean - least) / (most - least || 1)) * (bars.length - 1))])
  return `${line.join('')}  ${megabytes(least)} to ${megabytes(most)} MB`
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2)
}
