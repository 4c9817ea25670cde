/**
 * From the parser's events to what matters to a session: where its header ends, where fragments begin and end, and
 * what breaks a rule. All events come out of `push` and `end` of the reader, and so do the faults.
 */

import type { ReaderEvents } from '../../core/mux/events.ts'
import { MatroskaReader } from '../../core/mux/reader.ts'
import { endOfFragmentName } from '../../core/mux/tags.ts'
import { AckFault } from './errors.ts'
import type { Limits } from './limits.ts'
import type { MediaRules } from './rules.ts'

/** Told in the order of the bytes; positions are absolute. */
export interface MediaHandlers {
  /** A Cluster starts at `position`; the fragment before it, if one was open, has ended there. */
  fragmentStart(position: number): void
  /** Its timecode, not yet judged. */
  fragmentTimecode(timecode: number): void
  /** It is whole: what precedes `position` belongs to it. `lengthMs` is how long it plays. */
  fragmentEnd(position: number, lengthMs: number): void
}

export class MediaEvents {
  readonly #rules: MediaRules
  readonly #limits: Limits
  readonly #handlers: MediaHandlers
  readonly #reader: MatroskaReader
  #segments = 0
  #tracksElements = 0
  #clusters = 0
  /** Where the open fragment starts; -1 while none is open. */
  #fragmentAt = -1
  #timed = false
  #endAfterTags = false

  constructor(rules: MediaRules, limits: Limits, handlers: MediaHandlers) {
    this.#rules = rules
    this.#limits = limits
    this.#handlers = handlers
    this.#reader = new MatroskaReader(this.#events())
  }

  /** True once a Cluster has started: what came before it is the session's header. */
  get headerEnded(): boolean {
    return this.#clusters > 0
  }

  /** Throws AckFault, or MatroskaError for what is not Matroska. After that nothing may be pushed. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes)
    this.#checkSize(this.#reader.position)
  }

  /** Nothing more comes. Throws as `push`. */
  end(): void {
    this.#reader.end()
    if (this.#fragmentAt >= 0) this.#endFragment(this.#reader.position)
  }

  #events(): Partial<ReaderEvents> {
    const rules = this.#rules
    return {
      ebml: (position) => {
        if (position > 0) throw new AckFault(4006, 'a second EBML header')
      },
      segment: () => {
        if (++this.#segments > 1) throw new AckFault(4006, 'a second Segment')
      },
      info: (scaleNs) => {
        if (this.#clusters === 0) rules.timecodeScale(scaleNs)
      },
      tracks: () => {
        if (++this.#tracksElements > 1) throw new AckFault(4006, 'a second Tracks element')
        if (this.#clusters > 0) throw new AckFault(4006, 'Tracks after a Cluster')
      },
      track: (track) => rules.track(track),
      cluster: (position) => this.#cluster(position),
      timecode: (timecode) => this.#timecode(timecode),
      block: (track, relative, _flags, sizeBytes) => {
        if (!this.#timed) throw new AckFault(4006, 'a frame before the timecode of its Cluster')
        this.#checkSize(this.#reader.position + sizeBytes)
        rules.frame(track, relative)
      },
      tag: (name, value, ofTrack) => {
        // Tags in the header are the session's, not a fragment's.
        if (this.#clusters === 0) return
        if (!ofTrack) rules.tag(name, value)
        if (name === endOfFragmentName) this.#endAfterTags = true
      },
      tagsEnd: (position) => {
        if (this.#endAfterTags && this.#fragmentAt >= 0) this.#endFragment(position)
        this.#endAfterTags = false
      },
    }
  }

  #cluster(position: number): void {
    if (this.#rules.tracks.length === 0) throw new AckFault(4006, 'a Cluster before any track is declared')
    if (this.#fragmentAt >= 0) this.#endFragment(position)
    this.#handlers.fragmentStart(position)
    this.#clusters++
    this.#fragmentAt = position
    this.#timed = false
  }

  #timecode(timecode: number): void {
    if (this.#timed || this.#fragmentAt < 0) throw new AckFault(4006, 'a second timecode in a Cluster')
    this.#timed = true
    this.#handlers.fragmentTimecode(timecode)
    this.#rules.timecode(timecode)
  }

  #endFragment(position: number): void {
    this.#checkSize(position)
    if (!this.#timed) throw new AckFault(4006, 'a Cluster without a timecode')
    const lengthMs = this.#rules.endFragment()
    this.#handlers.fragmentEnd(position, lengthMs)
    this.#fragmentAt = -1
    this.#timed = false
  }

  #checkSize(position: number): void {
    if (this.#fragmentAt >= 0 && position - this.#fragmentAt > this.#limits.fragmentBytes) {
      throw new AckFault(4001, `a fragment larger than ${this.#limits.fragmentBytes} bytes`)
    }
  }
}
