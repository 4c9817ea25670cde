import type { ByteSink } from '../frame/frame.ts'

/** A sink for tests that keeps all bytes. */
export class ByteList implements ByteSink {
  #bytes = new Uint8Array(0)

  write(bytes: Uint8Array, from: number, to: number): void {
    const next = new Uint8Array(this.#bytes.length + to - from)
    next.set(this.#bytes)
    next.set(bytes.subarray(from, to), this.#bytes.length)
    this.#bytes = next
  }

  take(): Uint8Array {
    const taken = this.#bytes
    this.#bytes = new Uint8Array(0)
    return taken
  }
}
