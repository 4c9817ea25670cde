/** What samples over time say. */

export interface CpuSample {
  readonly atMs: number
  readonly cpuSeconds: number
}

/** CPU seconds in a minute between two samples. */
export function cpuPerMinute(from: CpuSample, to: CpuSample): number {
  return ((to.cpuSeconds - from.cpuSeconds) / (to.atMs - from.atMs)) * 60_000
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Line {
  readonly slope: number
  /** It goes through the middle of the points. */
  readonly middle: Point
  /** Standard deviation of the points around it. */
  readonly noise: number
}

/** The straight line that is nearest to the points. */
export function lineThrough(points: readonly Point[]): Line {
  const middle = { x: mean(points.map(({ x }) => x)), y: mean(points.map(({ y }) => y)) }
  const spread = points.reduce((sum, { x }) => sum + (x - middle.x) ** 2, 0)
  const slope = points.reduce((sum, { x, y }) => sum + (x - middle.x) * (y - middle.y), 0) / spread
  const noise = Math.sqrt(mean(points.map(({ x, y }) => (y - middle.y - slope * (x - middle.x)) ** 2)))
  return { slope, middle, noise }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
