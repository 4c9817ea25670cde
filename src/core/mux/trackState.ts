/** The tracks of a stream: which of them a fragment declares, and since when there is nothing of one. */

import { makeCodec } from '../frame/codec/codec.ts'
import type { SessionHeader } from '../frame/fragment.ts'
import {
  type Codec,
  kindOf,
  newPayload,
  type Payload,
  type Track,
  type TrackFormat,
  type TrackOptions,
} from '../frame/frame.ts'
import type { WallMs } from '../frame/time.ts'
import type { Search } from '../platform.ts'

/** A track without a frame for so long is no longer declared: nobody wants to hear silence for ever. */
const silentMs = 10_000

/** The others wait for so long for a track whose format only its frames can tell. */
const formatWaitMs = 5000

export interface TrackState {
  readonly codec: Codec
  readonly payload: Payload
  readonly name: string
  readonly video: boolean
  /** Size of the block of the frame inspected last. */
  blockBytes: number
  /** Whether the open fragment has a frame of this track. */
  present: boolean
  /** As which the fragment declares it; undefined: it does not. */
  declared: TrackFormat | undefined
  /** Timecode of the first fragment in a row without a frame of it; -1: the latest has one. */
  absentSinceMs: WallMs
}

/** Makes what a session with these tracks begins with. */
export type MakeHeader = (tracks: readonly Track[]) => Uint8Array

export class TrackStates {
  readonly all: readonly TrackState[]
  readonly #makeHeader: MakeHeader
  readonly #onWarning: (message: string) => void
  #header: SessionHeader | undefined
  /** Time of the first frame that waited for another track's format; -1: none did. */
  #waitsSinceMs: WallMs = -1
  #ready = false

  constructor(
    tracks: readonly TrackOptions[],
    search: Search,
    makeHeader: MakeHeader,
    onWarning: (message: string) => void,
  ) {
    this.#makeHeader = makeHeader
    this.#onWarning = onWarning
    this.all = tracks.map((track) => ({
      codec: makeCodec(track.codec, search, track),
      payload: newPayload(),
      name: track.name ?? kindOf(track.codec),
      video: kindOf(track.codec) === 'video',
      blockBytes: 0,
      present: false,
      declared: undefined,
      absentSinceMs: -1,
    }))
  }

  /** Whether fragments can begin at `ptsMs`: every format is known, or has been waited for long enough. */
  isReady(ptsMs: WallMs): boolean {
    if (this.#ready) return true
    const missing = this.all.filter(({ codec }) => codec.format === null)
    if (this.#waitsSinceMs < 0 || ptsMs < this.#waitsSinceMs) this.#waitsSinceMs = ptsMs
    this.#ready = missing.length === 0 || ptsMs - this.#waitsSinceMs >= formatWaitMs
    if (this.#ready)
      for (const { name } of missing) this.#onWarning(`${name} has not come: the stream begins without it`)
    return this.#ready
  }

  /**
   * What sessions of a fragment that begins now begin with: the same object as long as the same tracks are declared.
   *
   * @param first the track of its first frame
   * @param alone without pictures
   */
  declare(first: TrackState, timecodeMs: WallMs, alone: boolean): SessionHeader {
    let changed = this.#header === undefined
    for (const track of this.all) {
      const left = track !== first && (track.video ? alone : isSilent(track, timecodeMs))
      const format = left ? undefined : (track.codec.format ?? undefined)
      if (format === track.declared) continue
      if (format === undefined)
        this.#onWarning(`nothing comes of ${track.name}: the stream goes on without it until it does`)
      track.declared = format
      changed = true
    }
    if (changed || this.#header === undefined) this.#header = { bytes: this.#makeHeader(this.#declared()) }
    return this.#header
  }

  /** The fragment that began at `timecodeMs` is complete, or gone. */
  close(timecodeMs: WallMs): void {
    for (const track of this.all) {
      if (track.present) track.absentSinceMs = -1
      else if (track.absentSinceMs < 0) track.absentSinceMs = timecodeMs
      track.present = false
    }
  }

  #declared(): Track[] {
    const tracks: Track[] = []
    for (const [index, { name, declared }] of this.all.entries()) {
      if (declared !== undefined) tracks.push({ number: index + 1, name, format: declared })
    }
    return tracks
  }
}

/** Where there is no silence to fill it up, one fragment without it is enough: the service refuses that. */
function isSilent({ codec, absentSinceMs }: TrackState, nowMs: WallMs): boolean {
  return absentSinceMs >= 0 && (nowMs - absentSinceMs >= silentMs || codec.silence() === null)
}
