/** What the core's tests use of node:crypto, by the hashes of the host. */

import { hex, utf8Bytes } from '../../../src/core/text.ts'

class Hash {
  #bytes = new Uint8Array(0)
  readonly #hash: (bytes: Uint8Array) => Uint8Array

  constructor(hash: (bytes: Uint8Array) => Uint8Array) {
    this.#hash = hash
  }

  update(data: Uint8Array | string): this {
    const added = typeof data === 'string' ? utf8Bytes(data) : data
    this.#bytes = Uint8Array.of(...this.#bytes, ...added)
    return this
  }

  digest(): Uint8Array
  digest(encoding: 'hex'): string
  digest(encoding?: 'hex'): Uint8Array | string {
    const hash = this.#hash(this.#bytes)
    return encoding === undefined ? hash : hex(hash)
  }
}

export function createHash(_: 'sha256'): Hash {
  return new Hash(native.sha256)
}

export function createHmac(_: 'sha256', key: Uint8Array | string): Hash {
  const bytes = typeof key === 'string' ? utf8Bytes(key) : key
  return new Hash((data) => native.hmacSha256(bytes, data))
}
