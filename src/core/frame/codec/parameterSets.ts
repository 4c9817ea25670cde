/** The parameter sets of one kind that a stream has sent, the one in use first. */

import { KvsError } from '../../errors.ts'

/** As many as the 5-bit count of an avcC can tell; streams have one or two. */
const mostSets = 31

/** Far above what encoders write; keeps codec private data within the service's limit of 1 MiB. */
const mostBytes = 4096

interface ParameterSet {
  readonly id: number
  readonly bytes: Uint8Array
}

export class ParameterSets {
  readonly #name: string
  readonly #sets: ParameterSet[] = []
  /** Number of the frame that had one last; its owner counts. */
  lastFrame = -1

  /** @param name for messages, e.g. `SPS` */
  constructor(name: string) {
    this.#name = name
  }

  get count(): number {
    return this.#sets.length
  }

  /** The one in use. */
  get first(): Uint8Array | undefined {
    return this.#sets[0]?.bytes
  }

  /** All, the one in use first. */
  list(): readonly Uint8Array[] {
    return this.#sets.map((set) => set.bytes)
  }

  /** Where `data[from, to)` stands in the list; -1 where it is new. */
  indexOf(data: Uint8Array, from: number, to: number): number {
    for (let i = 0; i < this.#sets.length; i++) {
      const bytes = this.#sets[i]?.bytes ?? data
      let same = bytes.length === to - from
      for (let at = 0; same && at < bytes.length; at++) same = bytes[at] === data[from + at]
      if (same) return i
    }
    return -1
  }

  /** Takes a new one in place of the one of the same id: into use, or behind the others. */
  add(id: number, data: Uint8Array, from: number, to: number, inUse: boolean): void {
    if (to - from > mostBytes) throw new KvsError('MEDIA_INVALID', `${this.#name} of ${to - from} bytes`)
    const set = { id, bytes: new Uint8Array(data.subarray(from, to)) }
    const old = this.#sets.findIndex((known) => known.id === id)
    if (old >= 0) this.#sets.splice(old, 1)
    else if (this.#sets.length === mostSets) this.#sets.pop()
    if (inUse) this.#sets.unshift(set)
    else this.#sets.push(set)
  }

  /** Puts one into use again. */
  use(index: number): void {
    this.#sets.unshift(...this.#sets.splice(index, 1))
  }
}
