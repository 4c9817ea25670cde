/** What the Matroska reader tells. */

import { KvsError } from '../errors.ts'
import type { ReadTrack } from './values.ts'

/** All positions are absolute byte offsets in what was pushed. */
export interface ReaderEvents {
  /** An EBML header starts here. */
  ebml(position: number): void
  /** A Segment starts here; offset and width in bytes of its size field, and the size, null where unknown. */
  segment(position: number, sizeOffset: number, sizeBytes: number, size: number | null): void
  /** At the end of Info. */
  info(timecodeScaleNs: number): void
  /** A Tracks element starts here. */
  tracks(position: number): void
  /** At the end of each TrackEntry. */
  track(track: ReadTrack): void
  /** The ID of a Cluster starts here. Sent as soon as ID and size have been read. */
  cluster(position: number): void
  /** The Cluster's Timestamp, in units of the timecode scale. */
  timecode(timecode: number): void
  /**
   * The head of a SimpleBlock or Block; `sizeBytes` of data follow, lacing untouched. A Block in a BlockGroup has the
   * key bit (0x80) in `flags` where no ReferenceBlock stands before it.
   */
  block(track: number, relative: number, flags: number, sizeBytes: number): void
  /** A piece of the block's data, borrowed until the call returns. */
  blockData(bytes: Uint8Array): void
  blockEnd(): void
  /** A Tags element starts here. */
  tags(position: number): void
  /** A SimpleTag; those nested in it come first. `ofTrack`: the Targets before it name a track (TagTrackUID, RFC 9559). */
  tag(name: string, value: string, ofTrack: boolean): void
  /** First byte after Tags. */
  tagsEnd(position: number): void
  /** First byte after the Cluster. */
  clusterEnd(position: number): void
}

/** The bytes are not Matroska; a KvsError MEDIA_INVALID with the place. */
export class MatroskaError extends KvsError {
  /** Absolute offset of the element at fault. */
  readonly position: number

  constructor(what: string, position: number) {
    super('MEDIA_INVALID', `${what}, at byte ${position} of the Matroska data`)
    this.position = position
  }
}
