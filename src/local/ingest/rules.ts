/** The rules that the media of one session must keep (PutMedia, "Requirements"); each breach is an AckFault. */

import { endOfFragmentName } from '../../core/mux/tags.ts'
import type { ReadTrack } from '../../core/mux/values.ts'
import { AckFault } from './errors.ts'
import type { Limits } from './limits.ts'

/** The only tags of a producer whose name may start with AWS. */
const reservedTags: ReadonlySet<string> = new Set([
  endOfFragmentName,
  'AWS_KINESISVIDEO_IMAGE_GENERATION',
  'AWS_KINESISVIDEO_IMAGE_PREFIX',
  'AWS_KINESISVIDEO_NOTIFICATION',
])

/** One declared track: what the current fragment holds of it, times in units of the scale from its Cluster's timecode. */
interface TrackState {
  readonly track: ReadTrack
  frames: number
  first: number
  last: number
  /** Between frames, as far as known; units of the scale. */
  interval: number
}

export class MediaRules {
  readonly #limits: Limits
  readonly #tracks = new Map<number, TrackState>()
  #scaleNs = 1_000_000
  #timecode = 0
  #tags = 0
  /** Earliest and latest frame of the current fragment, in units of the scale from its timecode. */
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY
  /** Of the fragment before: its timecode and its latest frame, in units of the scale. */
  #previousTimecode = Number.NEGATIVE_INFINITY
  #previousLatest = Number.NEGATIVE_INFINITY

  constructor(limits: Limits) {
    this.#limits = limits
  }

  get tracks(): readonly ReadTrack[] {
    return [...this.#tracks.values()].map(({ track }) => track)
  }

  timecodeScale(scaleNs: number): void {
    if (scaleNs <= 0) throw new AckFault(4006, 'the timecode scale is 0')
    this.#scaleNs = scaleNs
  }

  /** Milliseconds of `units` of the timecode scale. */
  milliseconds(units: number): number {
    return (units * this.#scaleNs) / 1_000_000
  }

  track(track: ReadTrack): void {
    if (this.#tracks.has(track.number)) throw new AckFault(4006, `track ${track.number} is declared twice`)
    if (this.#tracks.size >= this.#limits.tracks) {
      throw new AckFault(4005, `more than ${this.#limits.tracks} tracks are declared`)
    }
    const interval = track.defaultDurationNs / this.#scaleNs
    this.#tracks.set(track.number, { track, frames: 0, first: 0, last: 0, interval })
  }

  /** A fragment begins. Its timecode must be above the one of the fragment before. */
  timecode(timecode: number): void {
    this.#timecode = timecode
    if (timecode <= this.#previousTimecode) {
      throw new AckFault(4004, `timecode ${timecode} after a fragment of ${this.#previousTimecode}`)
    }
  }

  /** A frame, `relative` to the fragment's timecode. Frames may come in any order within a fragment. */
  frame(trackNumber: number, relative: number): void {
    const state = this.#tracks.get(trackNumber)
    if (state === undefined) throw new AckFault(4010, `a frame of track ${trackNumber}, which is not declared`)
    const time = this.#timecode + relative
    if (time <= this.#previousLatest) {
      throw new AckFault(4004, `a frame at ${time}, when the fragment before reached ${this.#previousLatest}`)
    }
    state.first = state.frames === 0 ? relative : Math.min(state.first, relative)
    state.last = state.frames === 0 ? relative : Math.max(state.last, relative)
    state.frames++
    this.#first = Math.min(this.#first, relative)
    this.#last = Math.max(this.#last, relative)
    if (this.milliseconds(this.#last - this.#first) > this.#limits.fragmentMs) {
      throw new AckFault(4002, `a fragment longer than ${this.#limits.fragmentMs} ms`)
    }
  }

  /**
   * A tag of the current fragment, or of the next one where none is open. Not for tags of a track: those are what muxers
   * count (mkvmerge: duration, bit rate and more of each) and write at the end, no metadata of a producer.
   */
  tag(name: string, value: string): void {
    if (reservedTags.has(name)) return
    const { tags, tagNameBytes, tagValueBytes } = this.#limits
    if (name === '') throw new AckFault(4009, 'a tag without a name')
    if (name.startsWith('AWS')) throw new AckFault(4009, `the tag name ${name.slice(0, 40)} is reserved`)
    if (Buffer.byteLength(name) > tagNameBytes) throw new AckFault(4009, 'the name of a tag is too long')
    if (Buffer.byteLength(value) > tagValueBytes) throw new AckFault(4009, 'the value of a tag is too long')
    if (++this.#tags > tags) throw new AckFault(4009, `more than ${tags} tags in a fragment`)
  }

  /** The fragment is complete; returns how long it lasts, its last frames included, in milliseconds. */
  endFragment(): number {
    let end = 0
    for (const { track, frames } of this.#tracks.values()) {
      if (frames === 0) throw new AckFault(4011, `no frame of track ${track.number}`)
    }
    this.#previousTimecode = this.#timecode
    this.#previousLatest = this.#timecode + this.#last
    for (const state of this.#tracks.values()) {
      const { track, frames, first, last } = state
      if (track.defaultDurationNs === 0 && frames > 1) state.interval = (last - first) / (frames - 1)
      end = Math.max(end, last + state.interval)
      state.frames = 0
    }
    this.#tags = 0
    this.#first = Number.POSITIVE_INFINITY
    this.#last = Number.NEGATIVE_INFINITY
    return Math.round(this.milliseconds(end))
  }
}
