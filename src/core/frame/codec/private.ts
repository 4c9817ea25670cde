/** Codec private data of H.264 and H.265 as callers give it: avcC or hvcC, or parameter sets in Annex B. */

import { KvsError } from '../../errors.ts'
import type { Search } from '../../platform.ts'
import { newPayload } from '../frame.ts'
import { NalSplitter, startsWithCode } from './nal.ts'

/** What codec private data holds. */
export interface GivenPrivate {
  /** A copy of the data. */
  readonly bytes: Uint8Array
  /** Width of the lengths before NAL units: 1, 2 or 4; null where it is Annex B. */
  readonly lengthBytes: number | null
  /** Its parameter sets. */
  readonly units: readonly Uint8Array[]
}

/**
 * Reads codec private data in either form.
 *
 * @param title   name of the codec for messages
 * @param record  reads the parameter sets of the codec's own record and the width of its lengths; null where it is none
 * @throws KvsError MEDIA_INVALID
 */
export function readPrivate(
  given: Uint8Array,
  search: Search,
  title: string,
  record: (bytes: Uint8Array) => Omit<GivenPrivate, 'bytes'> | null,
): GivenPrivate {
  const bytes = new Uint8Array(given)
  if (startsWithCode(bytes)) return { bytes, lengthBytes: null, units: annexBUnits(bytes, search, title) }
  const read = bytes[0] === 1 ? record(bytes) : null
  const width = read?.lengthBytes
  if (read === null || (width !== 1 && width !== 2 && width !== 4)) {
    throw new KvsError('MEDIA_INVALID', `${title}: the codec private data is neither a whole record nor Annex B`)
  }
  return { bytes, ...read }
}

function annexBUnits(bytes: Uint8Array, search: Search, title: string): Uint8Array[] {
  const payload = newPayload()
  new NalSplitter(search, title, null).split(bytes, payload)
  const units: Uint8Array[] = []
  for (let i = 0; i < payload.count; i++) units.push(bytes.subarray(payload.spans[2 * i], payload.spans[2 * i + 1]))
  return units
}

/** Reads `count` NAL units, each after its 16-bit length, into `units`. Returns the offset after them, -1 if cut off. */
export function readUnits(bytes: Uint8Array, at: number, count: number, units: Uint8Array[]): number {
  let end = at
  for (let i = 0; i < count; i++) {
    const from = end + 2
    end = from + (((bytes[from - 2] ?? 0) << 8) | (bytes[from - 1] ?? 0))
    if (end === from || end > bytes.length) return -1
    units.push(bytes.subarray(from, end))
  }
  return end
}

/** NAL units, each after its 16-bit length. */
export function sizedUnits(units: readonly Uint8Array[]): number[] {
  return units.flatMap((unit) => [unit.length >> 8, unit.length & 255, ...unit])
}
