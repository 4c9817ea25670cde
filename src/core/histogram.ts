/** Quantiles of a stream of values in constant memory: buckets that grow by an eighth, so within 6 % of the truth. */
export class Histogram {
  readonly #buckets = new Uint32Array(256)
  count = 0

  /** Counts one value, 0 or more. */
  add(value: number): void {
    const bucket = Math.round(Math.log(Math.max(value, 0) + 1) / step)
    this.#buckets[Math.min(bucket, 255)] = (this.#buckets[Math.min(bucket, 255)] ?? 0) + 1
    this.count++
  }

  /** The value that `part` (0 to 1) of the values do not exceed, or null where there are none. */
  quantile(part: number): number | null {
    if (this.count === 0) return null
    let left = Math.max(1, Math.ceil(part * this.count))
    for (let bucket = 0; bucket < 256; bucket++) {
      left -= this.#buckets[bucket] ?? 0
      if (left <= 0) return Math.exp(bucket * step) - 1
    }
    return Math.exp(255 * step) - 1
  }
}

const step = Math.log(1.125)
