/** Bytes gathered from pieces of any size into one array, up to a limit. */
export class GatheredBytes {
  readonly #limitBytes: number
  #buffer = new Uint8Array(0)
  #length = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Copies `bytes` to the end; false, and nothing done, where they would exceed the limit. */
  append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length
    if (length > this.#limitBytes) return false
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(2 * this.#buffer.length, this.#limitBytes), 1024))
      larger.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.#length)
    this.#length = length
    return true
  }

  /** All that was gathered, which is then forgotten. */
  take(): Uint8Array {
    const taken = this.#buffer.slice(0, this.#length)
    this.#buffer = new Uint8Array(0)
    this.#length = 0
    return taken
  }
}
