/** How memory goes over a run. */

import { lineThrough } from './samples.ts'

export interface MemorySample {
  readonly atMs: number
  readonly rssBytes: number
  /** JavaScript objects. */
  readonly heapBytes: number
  /** Buffers: media on its way lies there. */
  readonly bufferBytes: number
}

export function memorySample(): MemorySample {
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  return { atMs: performance.now(), rssBytes: rss, heapBytes: heapUsed, bufferBytes: arrayBuffers }
}

/** Takes a sample every `intervalMs` until stopped. */
export function sampleMemory(intervalMs: number): { stop(): readonly MemorySample[] } {
  const samples = [memorySample()]
  const timer = setInterval(() => samples.push(memorySample()), intervalMs)
  return {
    stop() {
      clearInterval(timer)
      return samples
    },
  }
}

export interface Trend {
  readonly maxBytes: number
  /** Slope of the straight line through the samples. */
  readonly bytesPerMinute: number
  /** What the line rises over the samples. */
  readonly riseBytes: number
  /** Standard deviation of the samples around the line. */
  readonly noiseBytes: number
  /** How long the samples last that the line goes through. */
  readonly seconds: number
  /** The line rises by no more than twice the noise, or by a fiftieth of what there is. */
  readonly flat: boolean
}

/** The trend after the first third, in which the heap finds its size. */
export function trendOf(samples: readonly MemorySample[], of: (sample: MemorySample) => number): Trend {
  const late = samples.slice(Math.floor(samples.length / 3))
  const points = late.map((sample) => ({ x: sample.atMs / 60_000, y: of(sample) }))
  const { slope, middle, noise } = lineThrough(points)
  const minutes = (points[points.length - 1]?.x ?? 0) - (points[0]?.x ?? 0)
  const rise = slope * minutes
  return {
    maxBytes: Math.max(...samples.map(of)),
    bytesPerMinute: slope,
    riseBytes: rise,
    noiseBytes: noise,
    seconds: minutes * 60,
    flat: rise <= Math.max(2 * noise, middle.y / 50),
  }
}
