/** Writes bit fields for tests, the counterpart of the product's reader. */
export class BitWriter {
  readonly #bits: number[] = []

  /** `value` in `count` bits. */
  u(count: number, value: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits.push(Math.floor(value / 2 ** i) % 2)
    return this
  }

  ue(value: number): this {
    const length = Math.floor(Math.log2(value + 1))
    return this.u(length, 0).u(length + 1, value + 1)
  }

  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value)
  }

  /** The bits, filled up with zeros. */
  bytes(): Uint8Array {
    const out = new Uint8Array(Math.ceil(this.#bits.length / 8))
    for (const [i, bit] of this.#bits.entries()) out[i >> 3] = (out[i >> 3] ?? 0) | (bit << (7 - (i & 7)))
    return out
  }

  /** A NAL unit: the header, the bits, the stop bit, with emulation prevention. */
  nal(...header: number[]): Uint8Array {
    this.u(1, 1)
    const out = [...header]
    let zeros = 0
    for (const byte of this.bytes()) {
      if (zeros === 2 && byte <= 3) {
        out.push(3)
        zeros = 0
      }
      out.push(byte)
      zeros = byte === 0 ? zeros + 1 : 0
    }
    return new Uint8Array(out)
  }
}
