import { KvsError } from '../errors.ts'

/** Collects the bytes of one line at a time out of chunks that are cut anywhere. */
export class LineReader {
  #held: Uint8Array = new Uint8Array(256)
  #length = 0

  /**
   * Looks for the end of the line in `bytes[from, …)`. Returns the index after it, with the line in `line`, or -1
   * where the line goes on. Throws HTTP_INVALID once the line has more than `limitBytes`.
   */
  take(bytes: Uint8Array, from: number, limitBytes: number): number {
    const newline = bytes.indexOf(10, from)
    const to = newline < 0 ? bytes.length : newline
    if (this.#length + to - from > limitBytes) {
      throw new KvsError(
        'HTTP_INVALID',
        `the peer sent a line of more than ${limitBytes} bytes where HTTP has shorter ones`,
      )
    }
    this.#hold(bytes, from, to)
    return newline < 0 ? -1 : newline + 1
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#held.length))
      larger.set(this.#held.subarray(0, this.#length))
      this.#held = larger
    }
    this.#held.set(bytes.subarray(from, to), this.#length)
    this.#length = needed
  }

  /** The bytes held, without the line feed and a carriage return before it; the reader is empty afterwards. */
  finish(): Uint8Array {
    let to = this.#length
    this.#length = 0
    if (to > 0 && this.#held[to - 1] === 13) to--
    return this.#held.subarray(0, to)
  }
}
