import { MatroskaReader } from '../../core/mux/reader.ts'
import type { Place } from './fault.ts'

/** So far into Tracks, and into the tag that ends a fragment: behind the element's own head, before its end. */
const intoElementBytes = 20

/** Finds one place in the body of a PutMedia request while the body comes. */
export class BodyPlace {
  readonly #place: Place
  readonly #reader: MatroskaReader | null
  #position = 0
  #clusters = 0
  #blocks = 0
  /** Bytes of the body before the place, null as long as that is not known. */
  #target: number | null

  constructor(place: Place) {
    this.#place = place
    this.#target = place.bytes ?? null
    const isStructural = ['header', 'border', 'block', 'end'].includes(place.at ?? '')
    this.#reader = isStructural ? this.#makeReader(place.fragment ?? 1) : null
  }

  /** True where it is the end of the body. */
  get isEnd(): boolean {
    return this.#place.at === 'body'
  }

  /** How many of the next bytes stand before the place, null where all do and the place is further on. */
  find(bytes: Uint8Array): number | null {
    const from = this.#position
    this.#position += bytes.length
    if (this.#target === null) this.#read(bytes)
    return this.#target === null || this.#target > this.#position ? null : Math.max(0, this.#target - from)
  }

  #read(bytes: Uint8Array): void {
    try {
      this.#reader?.push(bytes)
    } catch {
      // Not Matroska: whom that concerns says so, and the place is never reached.
      this.#target = Number.POSITIVE_INFINITY
    }
  }

  #makeReader(fragment: number): MatroskaReader {
    const { at } = this.#place
    const reader: MatroskaReader = new MatroskaReader({
      tracks: (position) => this.#found(at === 'header', position + intoElementBytes),
      cluster: (position) => {
        this.#clusters++
        this.#blocks = 0
        this.#found(at === 'border' && this.#clusters > fragment, position)
      },
      block: (_track, _relative, _flags, sizeBytes) => {
        const second = ++this.#blocks === 2
        this.#found(at === 'block' && second && this.#clusters >= fragment, reader.position + Math.ceil(sizeBytes / 2))
      },
      tags: (position) => this.#found(at === 'end' && this.#clusters >= fragment, position + intoElementBytes),
    })
    return reader
  }

  #found(here: boolean, target: number): void {
    if (here) this.#target ??= target
  }
}
