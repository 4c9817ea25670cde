/** How memory goes over a run. */

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
  const xs = late.map((sample) => sample.atMs / 60_000)
  const ys = late.map(of)
  const x = mean(xs)
  const y = mean(ys)
  const spread = xs.reduce((sum, each) => sum + (each - x) ** 2, 0)
  const slope = xs.reduce((sum, each, i) => sum + (each - x) * ((ys[i] ?? 0) - y), 0) / spread
  const noise = Math.sqrt(mean(xs.map((each, i) => ((ys[i] ?? 0) - y - slope * (each - x)) ** 2)))
  const minutes = (xs[xs.length - 1] ?? 0) - (xs[0] ?? 0)
  const rise = slope * minutes
  return {
    maxBytes: Math.max(...samples.map(of)),
    bytesPerMinute: slope,
    riseBytes: rise,
    noiseBytes: noise,
    seconds: minutes * 60,
    flat: rise <= Math.max(2 * noise, y / 50),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
