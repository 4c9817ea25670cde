/** H.265: NAL unit types (ITU-T H.265 table 7-1), the hvcC record (ISO/IEC 14496-15 section 8.3.3.1). */

import { KvsError } from '../../errors.ts'
import type { Search } from '../../platform.ts'
import type { Codec, Payload, TrackFormat } from '../frame.ts'
import { type H265Sps, readH265Sps, readVpsFrameRate } from './h265Sps.ts'
import { ParameterSets } from './parameterSets.ts'
import { readSetId } from './picture.ts'
import { type GivenPrivate, readPrivate, readUnits, sizedUnits } from './private.ts'
import { NalCodec, type NalGrammar, type NalRole } from './video.ts'

const firstIrap = 16
const lastIrap = 21
const lastPicture = 31
const vps = 32
const sps = 33
const pps = 34
const lastSpecified = 40

const picture: NalRole = { kind: 'picture', key: false, leading: false }
const keyPicture: NalRole = { kind: 'picture', key: true, leading: true }
const other: NalRole = { kind: 'other' }
const unspecified: NalRole = { kind: 'unspecified' }

/**
 * A track of H.265.
 *
 * @param codecPrivate  hvcC, or VPS, SPS and PPS in Annex B; without it the bitstream has to bring them
 * @throws KvsError MEDIA_INVALID where `codecPrivate` is neither
 */
export function h265Codec(search: Search, codecPrivate?: Uint8Array): Codec {
  const grammar = new H265Grammar()
  const given = codecPrivate === undefined ? null : readPrivate(codecPrivate, search, grammar.title, readHvcC)
  return new NalCodec(grammar, search, given)
}

class H265Grammar implements NalGrammar {
  readonly name = 'h265'
  readonly title = 'H.265'
  readonly looksLike = 'H.264'
  readonly #vps = new ParameterSets('H.265: VPS')
  readonly #sps = new ParameterSets('H.265: SPS')
  readonly #pps = new ParameterSets('H.265: PPS')
  readonly #vpsRole: NalRole = { kind: 'parameters', sets: this.#vps }
  readonly #spsRole: NalRole = { kind: 'parameters', sets: this.#sps }
  readonly #ppsRole: NalRole = { kind: 'parameters', sets: this.#pps }

  role(data: Uint8Array, from: number, to: number): NalRole {
    const header = data[from] ?? 0
    const next = to - from > 1 ? (data[from + 1] ?? 0) : 0
    if (header >= 0x80 || (next & 7) === 0) {
      const bytes = `0x${((header << 8) | next).toString(16).padStart(4, '0')}`
      const why = header >= 0x80 ? 'its forbidden bit is set' : 'its temporal id plus 1 is 0'
      throw new KvsError('MEDIA_INVALID', `H.265: a NAL unit header of ${bytes}: ${why}`)
    }
    const type = header >> 1
    if (type <= lastPicture) return type >= firstIrap && type <= lastIrap ? keyPicture : picture
    // Parameter sets of further layers belong to another decoder.
    if (type <= pps && ((header & 1) !== 0 || next > 7)) return other
    if (type === vps) return this.#vpsRole
    if (type === sps) return this.#spsRole
    if (type === pps) return this.#ppsRole
    return type <= lastSpecified ? other : unspecified
  }

  /** Slices, SPS and delimiters of H.264 have odd types: as H.265 they would be of layer 32 or above. */
  isForeign(data: Uint8Array, payload: Payload): boolean {
    for (let i = 0; i < payload.count; i++) {
      const header = data[payload.spans[2 * i] ?? 0] ?? 0
      const type = header & 31
      if (header < 0x80 && (type === 1 || type === 5 || type === 7 || type === 9)) return true
    }
    return false
  }

  /** H.265 has key pictures for every place where decoding can start. */
  isIntra(): boolean {
    return false
  }

  setId(sets: ParameterSets, data: Uint8Array, from: number, to: number): number {
    if (sets === this.#vps) return (data[from + 2] ?? 0) >> 4
    return sets === this.#sps ? readH265Sps(data.subarray(from, to)).id : readSetId(data, from, to, 2)
  }

  format(pictureSeen: boolean): TrackFormat | null {
    const first = this.#sps.first
    const complete = this.#vps.count > 0 && this.#pps.count > 0
    if (first === undefined || !(complete || pictureSeen)) return null
    const read = readH265Sps(first)
    const { width, height } = read
    const vpsInUse = this.#vps.first
    const rate = read.framesPerSecond || (vpsInUse === undefined ? 0 : readVpsFrameRate(vpsInUse))
    return {
      kind: 'video',
      codec: 'h265',
      codecId: 'V_MPEGH/ISO/HEVC',
      codecPrivate: this.#hvcC(read),
      width,
      height,
      ...(rate > 0 ? { framesPerSecond: rate } : {}),
    }
  }

  #hvcC(read: H265Sps): Uint8Array {
    const arrays = [
      { type: vps, units: this.#vps.list() },
      { type: sps, units: this.#sps.list() },
      { type: pps, units: this.#pps.list() },
    ].filter(({ units }) => units.length > 0)
    return new Uint8Array([
      1,
      ...read.profileTierLevel,
      // Spatial segmentation and parallelism unknown.
      ...[0xf0, 0, 0xfc],
      0xfc | read.chromaFormat,
      0xf8 | ((read.bitDepthLuma - 8) & 7),
      0xf8 | ((read.bitDepthChroma - 8) & 7),
      // Frame rate unknown; lengths of 4 bytes.
      ...[0, 0],
      (read.subLayers << 3) | (read.temporalIdNested ? 4 : 0) | 3,
      arrays.length,
      ...arrays.flatMap(({ type, units }) => [type, 0, units.length, ...sizedUnits(units)]),
    ])
  }
}

/** Reads hvcC; null where it is cut off. */
function readHvcC(bytes: Uint8Array): Omit<GivenPrivate, 'bytes'> | null {
  const units: Uint8Array[] = []
  let at = 23
  if (bytes.length < at) return null
  for (let array = bytes[22] ?? 0; array > 0; array--) {
    at = readUnits(bytes, at + 3, ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0), units)
    if (at < 0) return null
  }
  return { lengthBytes: ((bytes[21] ?? 0) & 3) + 1, units }
}
