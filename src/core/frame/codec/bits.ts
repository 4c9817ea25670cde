/**
 * Reads the fields of parameter sets bit by bit, without the emulation prevention bytes of a NAL unit (H.264 section
 * 7.4.1, H.265 section 7.4.2). Behind the end it reads zeros and says so in `overrun`.
 */
export class BitReader {
  readonly #bytes: Uint8Array
  readonly #to: number
  readonly #escaped: boolean
  #at: number
  #bit = 0
  #zeros = 0
  /** True once more was read than there is. */
  overrun = false

  /** Reads `bytes[from, to)`; `escaped` where it is the inside of a NAL unit. */
  constructor(bytes: Uint8Array, from: number, to: number, escaped: boolean) {
    this.#bytes = bytes
    this.#at = from
    this.#to = to
    this.#escaped = escaped
  }

  flag(): boolean {
    return this.#next() === 1
  }

  /** An unsigned number of `count` bits, 0 to 48. */
  unsigned(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value = value * 2 + this.#next()
    return value
  }

  skip(count: number): void {
    for (let i = 0; i < count && !this.overrun; i++) this.#next()
  }

  /** ue(v): an unsigned Exp-Golomb code (H.264 section 9.1), 0 to 2^32 - 2. */
  exp(): number {
    let zeros = 0
    while (zeros < 32 && this.#next() === 0) {
      if (this.overrun) return 0
      zeros++
    }
    return 2 ** zeros - 1 + this.unsigned(zeros)
  }

  /** se(v): a signed Exp-Golomb code (H.264 section 9.1.1). */
  signedExp(): number {
    const code = this.exp()
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2
  }

  #next(): number {
    if (this.#bit === 0) this.#skipPrevention()
    if (this.#at >= this.#to) {
      this.overrun = true
      return 0
    }
    const byte = this.#bytes[this.#at] ?? 0
    const value = (byte >> (7 - this.#bit)) & 1
    this.#bit++
    if (this.#bit === 8) {
      this.#bit = 0
      this.#at++
      this.#zeros = byte === 0 ? this.#zeros + 1 : 0
    }
    return value
  }

  #skipPrevention(): void {
    if (!this.#escaped || this.#zeros < 2) return
    this.#zeros = 0
    if (this.#bytes[this.#at] === 3) this.#at++
  }
}
