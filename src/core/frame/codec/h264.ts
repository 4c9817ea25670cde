/** H.264: NAL unit types (ITU-T H.264 table 7-1), the avcC record (ISO/IEC 14496-15 section 5.3.3.1). */

import { KvsError } from '../../errors.ts'
import type { Search } from '../../platform.ts'
import type { Codec, Payload, TrackFormat } from '../frame.ts'
import { BitReader } from './bits.ts'
import { isRecoveryPoint } from './h264Sei.ts'
import { readH264Sps } from './h264Sps.ts'
import { ParameterSets } from './parameterSets.ts'
import { readSetId } from './picture.ts'
import { type GivenPrivate, readPrivate, readUnits, sizedUnits } from './private.ts'
import { NalCodec, type NalGrammar, type NalRole } from './video.ts'

/** Slices and their partitions. */
const lastPicture = 5
const idr = 5
const sei = 6
const sps = 7
const pps = 8
const lastSpecified = 23

// Key only where a recovery point says so: pictures shown before that one may follow it.
const picture: NalRole = { kind: 'picture', key: false, leading: true }
const keyPicture: NalRole = { kind: 'picture', key: true, leading: false }
const recovery: NalRole = { kind: 'recovery' }
const other: NalRole = { kind: 'other' }
const unspecified: NalRole = { kind: 'unspecified' }

/**
 * A track of H.264.
 *
 * @param codecPrivate  avcC, or SPS and PPS in Annex B; without it the bitstream has to bring them
 * @throws KvsError MEDIA_INVALID where `codecPrivate` is neither
 */
export function h264Codec(search: Search, codecPrivate?: Uint8Array): Codec {
  const grammar = new H264Grammar()
  const given = codecPrivate === undefined ? null : readPrivate(codecPrivate, search, grammar.title, readAvcC)
  return new NalCodec(grammar, search, given)
}

class H264Grammar implements NalGrammar {
  readonly name = 'h264'
  readonly title = 'H.264'
  readonly looksLike = 'H.265'
  readonly #sps = new ParameterSets('H.264: SPS')
  readonly #pps = new ParameterSets('H.264: PPS')
  readonly #spsRole: NalRole = { kind: 'parameters', sets: this.#sps }
  readonly #ppsRole: NalRole = { kind: 'parameters', sets: this.#pps }

  role(data: Uint8Array, from: number, to: number): NalRole {
    const header = data[from] ?? 0
    if (header >= 0x80) {
      throw new KvsError(
        'MEDIA_INVALID',
        `H.264: a NAL unit header of 0x${header.toString(16)}: its forbidden bit is set`,
      )
    }
    const type = header & 31
    if (type === idr) return keyPicture
    if (type === sps) return this.#spsRole
    if (type === pps) return this.#ppsRole
    if (type === sei) return isRecoveryPoint(data, from, to) ? recovery : other
    if (type === 0 || type > lastSpecified) return unspecified
    return type <= lastPicture ? picture : other
  }

  isForeign(data: Uint8Array, payload: Payload): boolean {
    let suspect = false
    for (let i = 0; i < payload.count; i++) {
      const at = payload.spans[2 * i] ?? 0
      const header = data[at] ?? 0
      // The low bit is the high bit of H.265's layer id, which is 0; slices and SPS of H.264 have odd types.
      if ((header & 1) === 1) return false
      const more = (payload.spans[2 * i + 1] ?? 0) - at > 1
      if (more && isH265Header(header, data[at + 1] ?? 0)) suspect = true
    }
    return suspect
  }

  /** slice_type of the slice header (section 7.4.3): 2 and 7 are I, 4 and 9 SI. */
  isIntra(data: Uint8Array, from: number, to: number): boolean {
    const bits = new BitReader(data, from + 1, to, true)
    bits.exp()
    const type = bits.exp() % 5
    return type === 2 || type === 4
  }

  setId(sets: ParameterSets, data: Uint8Array, from: number, to: number): number {
    return readSetId(data, from, to, sets === this.#sps ? 4 : 1)
  }

  format(): TrackFormat | null {
    const first = this.#sps.first
    if (first === undefined || this.#pps.count === 0) return null
    const { width, height, framesPerSecond } = readH264Sps(first)
    return {
      kind: 'video',
      codec: 'h264',
      codecId: 'V_MPEG4/ISO/AVC',
      codecPrivate: avcC(first, this.#sps.list(), this.#pps.list()),
      width,
      height,
      ...(framesPerSecond > 0 ? { framesPerSecond } : {}),
    }
  }
}

/**
 * True for the two header bytes of an H.265 NAL unit of the base layer that H.264 would not write: types 0, 2 and 4
 * (partitions, which no encoder makes), or a reference where none can be (H.264 section 7.4.1).
 */
function isH265Header(header: number, next: number): boolean {
  if (header >= 0x80 || next === 0 || next > 7) return false
  const type = header & 31
  const referenced = header > 31
  if (type === 0 || type === 2 || type === 4 || type > lastSpecified) return true
  return type === pps || (referenced && (type === 6 || type === 10 || type === 12))
}

function avcC(first: Uint8Array, spsList: readonly Uint8Array[], ppsList: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array([
    1,
    first[1] ?? 0,
    first[2] ?? 0,
    first[3] ?? 0,
    // Lengths of 4 bytes.
    0xff,
    0xe0 | spsList.length,
    ...sizedUnits(spsList),
    ppsList.length,
    ...sizedUnits(ppsList),
  ])
}

/** Reads avcC; null where it is cut off. */
function readAvcC(bytes: Uint8Array): Omit<GivenPrivate, 'bytes'> | null {
  const units: Uint8Array[] = []
  const spsEnd = readUnits(bytes, 6, (bytes[5] ?? 0) & 31, units)
  const end = spsEnd < 0 ? -1 : readUnits(bytes, spsEnd + 1, bytes[spsEnd] ?? 0, units)
  return end < 0 ? null : { lengthBytes: ((bytes[4] ?? 0) & 3) + 1, units }
}
