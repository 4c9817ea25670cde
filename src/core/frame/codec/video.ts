/** What H.264 and H.265 have in common: a frame of NAL units, parameter sets in band, the form in which it is stored. */

import { KvsError } from '../../errors.ts'
import type { Search } from '../../platform.ts'
import type { Codec, CodecName, Payload, TrackFormat } from '../frame.ts'
import { NalSplitter } from './nal.ts'
import type { ParameterSets } from './parameterSets.ts'
import type { GivenPrivate } from './private.ts'

/** What a NAL unit is to the packager. */
export type NalRole =
  | { readonly kind: 'picture'; readonly key: boolean; readonly leading: boolean }
  | { readonly kind: 'parameters'; readonly sets: ParameterSets }
  /** Supplemental information that says that decoding can start with the next picture. */
  | { readonly kind: 'recovery' }
  /** Supplemental information, delimiters and the like. */
  | { readonly kind: 'other' }
  /** Outside of what the codec's specification uses. */
  | { readonly kind: 'unspecified' }

/** What sets a codec of NAL units apart from another. */
export interface NalGrammar {
  readonly name: CodecName
  /** As people write it. */
  readonly title: string
  /** The role of the NAL unit `data[from, to)`; throws MEDIA_INVALID where its header cannot be. */
  role(data: Uint8Array, from: number, to: number): NalRole
  /** True where the NAL units of a frame can only be those of another codec; `looksLike` is its name. */
  isForeign(data: Uint8Array, payload: Payload): boolean
  readonly looksLike: string
  /** Whether the slice `data[from, to)` refers to no other picture. */
  isIntra(data: Uint8Array, from: number, to: number): boolean
  /** The id in the parameter set `data[from, to)`. */
  setId(sets: ParameterSets, data: Uint8Array, from: number, to: number): number
  /** The format out of the sets in use, null where one is missing. */
  format(pictureSeen: boolean): TrackFormat | null
}

export class NalCodec implements Codec {
  readonly name: CodecName
  format: TrackFormat | null = null
  readonly #grammar: NalGrammar
  readonly #splitter: NalSplitter
  #pictureSeen = false
  /** Number of the frame with parameter sets being looked at; 0 is the codec private data given. */
  #frame = 0

  constructor(grammar: NalGrammar, search: Search, given: GivenPrivate | null) {
    this.name = grammar.name
    this.#grammar = grammar
    this.#splitter = new NalSplitter(search, grammar.title, given?.lengthBytes ?? null)
    if (given === null) return
    for (const unit of given.units) {
      const role = grammar.role(unit, 0, unit.length)
      if (role.kind === 'parameters') this.#learn(role.sets, unit, 0, unit.length, true)
    }
    const format = grammar.format(true)
    if (format === null)
      throw new KvsError('MEDIA_INVALID', `${grammar.title}: codec private data without an SPS or a PPS`)
    // As given while it holds: it may carry extensions. Other lengths than 4 bytes are rewritten.
    this.format = given.lengthBytes === 4 ? { ...format, codecPrivate: given.bytes } : format
  }

  inspect(data: Uint8Array, payload: Payload): void {
    this.#splitter.split(data, payload)
    payload.keyFrame = false
    payload.leading = false
    payload.media = false
    if (this.#grammar.isForeign(data, payload)) throw this.#invalid(`this looks like ${this.#grammar.looksLike}`)
    let parameters = false
    let known = false
    let recovery = false
    for (let i = 0; i < payload.count; i++) {
      const at = payload.spans[2 * i] ?? 0
      const to = payload.spans[2 * i + 1] ?? 0
      const role = this.#grammar.role(data, at, to)
      if (role.kind !== 'unspecified') known = true
      if (role.kind === 'parameters') parameters = true
      if (role.kind === 'recovery') recovery = true
      if (role.kind !== 'picture') continue
      // An intra picture begins what its message promised; what comes after other pictures cannot.
      const key = role.key || (recovery && !payload.media && this.#grammar.isIntra(data, at, to))
      payload.media = true
      if (!key) continue
      payload.keyFrame = true
      payload.leading = role.leading
    }
    if (!known) throw this.#invalid('NAL units of unspecified types only')
    const first = payload.media && !this.#pictureSeen
    if (payload.media) this.#pictureSeen = true
    const changed = parameters && this.#learnAll(data, payload)
    if (changed || (first && this.format === null)) this.format = this.#grammar.format(this.#pictureSeen)
    this.#splitter.join(data, payload)
  }

  silence(): null {
    return null
  }

  /** True where the sets have changed. */
  #learnAll(data: Uint8Array, payload: Payload): boolean {
    let changed = false
    this.#frame++
    for (let i = 0; i < payload.count; i++) {
      const from = payload.spans[2 * i] ?? 0
      const to = payload.spans[2 * i + 1] ?? 0
      const role = this.#grammar.role(data, from, to)
      if (role.kind === 'parameters' && this.#learn(role.sets, data, from, to, payload.media)) changed = true
    }
    return changed
  }

  /** Of several in one frame the first is in use; what comes apart from a picture is in use when it is new. */
  #learn(sets: ParameterSets, data: Uint8Array, from: number, to: number, withPicture: boolean): boolean {
    const first = sets.lastFrame !== this.#frame
    sets.lastFrame = this.#frame
    const index = sets.indexOf(data, from, to)
    if (index === 0 || (index > 0 && !(withPicture && first))) return false
    if (index > 0) sets.use(index)
    else sets.add(this.#grammar.setId(sets, data, from, to), data, from, to, first)
    return true
  }

  #invalid(what: string): KvsError {
    return new KvsError('MEDIA_INVALID', `${this.#grammar.title}: ${what}`)
  }
}
