/** NAL units of a frame: out of an Annex B byte stream, or out of length-prefixed data as MP4 and Matroska hold it. */

import { KvsError } from '../../errors.ts'
import type { Search } from '../../platform.ts'
import type { Payload } from '../frame.ts'

type Form = 'unknown' | 'annexB' | 'lengths'

/** Splits the frames of one track. It remembers their form, since some first bytes could be either. */
export class NalSplitter {
  readonly #search: Search
  readonly #codec: string
  /** Width of the length before each NAL unit in data that has them: 1, 2 or 4. */
  readonly #lengthBytes: number
  #form: Form

  /**
   * @param codec        name for messages
   * @param lengthBytes  width of the lengths that the codec private data tells; null where there is none
   */
  constructor(search: Search, codec: string, lengthBytes: number | null) {
    this.#search = search
    this.#codec = codec
    this.#lengthBytes = lengthBytes ?? 4
    this.#form = lengthBytes === null ? 'unknown' : 'lengths'
  }

  /**
   * Fills the payload's spans with the NAL units, one span each, none of them empty; each is to be stored with a length
   * before it. Throws MEDIA_INVALID where there is none.
   */
  split(data: Uint8Array, payload: Payload): void {
    if (data.length === 0) throw new KvsError('MEDIA_INVALID', 'the frame is empty')
    payload.prefixed = true
    // A length of 256 to 511 begins like a start code, and a start code may by chance be such a length: what the track
    // has had before decides.
    const coded = startsWithCode(data)
    if ((this.#form !== 'annexB' || !coded) && this.#splitLengths(data, payload)) {
      if (!coded) this.#form = 'lengths'
      return
    }
    if (!coded) throw this.#noUnits(data)
    this.#splitAnnexB(data, payload)
    if (payload.count === 0) throw new KvsError('MEDIA_INVALID', `${this.#codec}: a start code without a NAL unit`)
    this.#form = 'annexB'
  }

  /** Length-prefixed data as it is: one range instead of many, where the lengths are 4 bytes wide already. */
  join(data: Uint8Array, payload: Payload): void {
    if (this.#form !== 'lengths' || this.#lengthBytes !== 4) return
    payload.spans[0] = 0
    payload.spans[1] = data.length
    payload.count = 1
    payload.prefixed = false
  }

  #splitAnnexB(data: Uint8Array, payload: Payload): void {
    let size = 0
    let count = 0
    let code = this.#search.startCode(data, 0)
    while (code >= 0) {
      const from = code + 3
      code = this.#search.startCode(data, from)
      let to = code < 0 ? data.length : code
      // Trailing zeros and the first zero of a 4-byte start code belong to no NAL unit (H.264 section B.1).
      while (to > from && data[to - 1] === 0) to--
      if (to === from) continue
      payload.spans[2 * count] = from
      payload.spans[2 * count + 1] = to
      count++
      size += 4 + to - from
    }
    payload.count = count
    payload.sizeBytes = size
  }

  /** False where the lengths do not add up to the data exactly. */
  #splitLengths(data: Uint8Array, payload: Payload): boolean {
    const width = this.#lengthBytes
    let count = 0
    let at = 0
    while (at + width < data.length) {
      let length = 0
      for (let i = 0; i < width; i++) length = length * 256 + (data[at + i] ?? 0)
      at += width
      if (length === 0 || length > data.length - at) return false
      payload.spans[2 * count] = at
      payload.spans[2 * count + 1] = at + length
      count++
      at += length
    }
    payload.count = count
    payload.sizeBytes = data.length + (4 - width) * count
    return at === data.length
  }

  #noUnits(data: Uint8Array): KvsError {
    const seen = Array.from(data.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const what = `${this.#codec}: no NAL units: neither start codes nor lengths; the data begins with ${seen}`
    return new KvsError('MEDIA_INVALID', what)
  }
}

/** True for zeros, two at least, and a one: what an Annex B byte stream begins with. */
export function startsWithCode(data: Uint8Array): boolean {
  let zeros = 0
  while (data[zeros] === 0) zeros++
  return zeros >= 2 && data[zeros] === 1
}
