/**
 * A record of the spool: a head of fixed size with a checksum of its own, then the content, whose checksum the head has.
 * Numbers are big-endian.
 *
 *      0 magic and version      16 timecode (float, 64 bits)   36 offset of its header
 *      4 kind                   24 frames                      40 fragments in the file
 *      8 length of content      28 their bytes                 44 CRC-32 of all this
 *     12 CRC-32 of content      32 number of the fragment
 */

import { KvsError } from '../../errors.ts'
import type { Storage } from '../../platform.ts'

export const headBytes = 48

/** "KVS", then the version of the format. */
const magic = 0x4b565301

/** EBML, Segment, Info and Tracks, as the fragments behind need them. */
export const headerKind = 1
/** A cluster. */
export const fragmentKind = 2
/** The fragment of this number has been persisted or given up; no content. */
export const doneKind = 3

export interface RecordHead {
  readonly kind: number
  /** Of the content. */
  readonly lengthBytes: number
  readonly contentCrc: number
  /** These are a fragment's, else 0. */
  readonly timecodeMs: number
  readonly frames: number
  readonly frameBytes: number
  /** Counts the fragments of a file from 0. */
  readonly number: number
  /** Where in the file the record of its header begins. */
  readonly headerAt: number
  /** Of a mark: fragments that the file had then. */
  readonly total: number
}

/** What is not given is 0. */
export function encodeHead(head: Partial<RecordHead>, crc32: Storage['crc32']): Uint8Array {
  const bytes = new Uint8Array(headBytes)
  const view = new DataView(bytes.buffer)
  const { kind, lengthBytes, contentCrc, frames, frameBytes, number, headerAt, total } = head
  view.setFloat64(16, head.timecodeMs ?? 0)
  for (const [offset, value] of [
    [0, magic],
    [4, kind],
    [8, lengthBytes],
    [12, contentCrc],
    [24, frames],
    [28, frameBytes],
    [32, number],
    [36, headerAt],
    [40, total],
  ] as const) {
    view.setUint32(offset, value ?? 0)
  }
  view.setUint32(44, crc32(bytes.subarray(0, 44), 0))
  return bytes
}

/**
 * The head that `bytes` begin with; null where they do not. Throws CONFIGURATION where it is one of another version of the
 * format.
 */
export function decodeHead(bytes: Uint8Array, crc32: Storage['crc32']): RecordHead | null {
  if (bytes.length < headBytes) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, headBytes)
  const found = view.getUint32(0)
  if (found >>> 8 !== magic >>> 8 || view.getUint32(44) !== crc32(bytes.subarray(0, 44), 0)) return null
  if (found !== magic) throw new KvsError('CONFIGURATION', 'the spool was written by another version of this program')
  return {
    kind: view.getUint32(4),
    lengthBytes: view.getUint32(8),
    contentCrc: view.getUint32(12),
    timecodeMs: view.getFloat64(16),
    frames: view.getUint32(24),
    frameBytes: view.getUint32(28),
    number: view.getUint32(32),
    headerAt: view.getUint32(36),
    total: view.getUint32(40),
  }
}

/** Index at or after `from` where a head may begin, or the length. A magic number that is cut off is not looked for. */
export function findMagic(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0x4b, from); at >= 0; at = bytes.indexOf(0x4b, at + 1)) {
    if (bytes[at + 1] === 0x56 && bytes[at + 2] === 0x53 && bytes[at + 3] === 0x01) return at
  }
  return bytes.length
}
