/** Appends fragments to one new file, each header before the first fragment that needs it. */

import { isSameHeader } from '../../frame/fragment.ts'
import type { WallMs } from '../../frame/time.ts'
import type { Storage } from '../../platform.ts'
import { encodeHead, fragmentKind, headerKind, type RecordHead } from './record.ts'
import { addAmount, type Segment } from './segment.ts'

/** A fragment to be kept. */
export interface FragmentToSpool {
  /** Cluster timecode, epoch milliseconds. */
  readonly timecodeMs: WallMs
  /** Frames that the caller put. */
  readonly frames: number
  /** Bytes of those frames as the caller put them. */
  readonly frameBytes: number
  /** EBML, Segment, Info and Tracks, as a session with it begins. */
  readonly header: Uint8Array
}

export class SegmentWriter {
  readonly segment: Segment
  readonly #crc32: Storage['crc32']
  #header: Uint8Array | null = null
  #headerAt = 0

  constructor(segment: Segment, { crc32 }: Storage) {
    this.segment = segment
    this.#crc32 = crc32
  }

  /** Appends the fragment, whose cluster is the parts in order, durably; where that fails nothing of it stays. */
  append({ timecodeMs, frames, frameBytes, header }: FragmentToSpool, parts: readonly Uint8Array[]): void {
    const { segment } = this
    const isKnown = this.#header !== null && isSameHeader(this.#header, header)
    const headerAt = isKnown ? this.#headerAt : segment.sizeBytes
    const number = segment.total
    const records = isKnown ? [] : this.#record({ kind: headerKind }, [header])
    records.push(...this.#record({ kind: fragmentKind, timecodeMs, frames, frameBytes, number, headerAt }, parts))
    segment.append(records)
    if (!isKnown) this.#header = header.slice()
    this.#headerAt = headerAt
    segment.total++
    addAmount(segment.waiting, { fragments: 1, frames, frameBytes, bytes: sumOf(parts) })
  }

  #record(head: Partial<RecordHead>, parts: readonly Uint8Array[]): Uint8Array[] {
    const contentCrc = parts.reduce((crc, part) => this.#crc32(part, crc), 0)
    return [encodeHead({ ...head, lengthBytes: sumOf(parts), contentCrc }, this.#crc32), ...parts]
  }
}

/** Bytes of all parts. */
export function sumOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}
