/**
 * Where fragments begin and which time each frame gets: decisions only, no bytes. What it lets through the service takes:
 * timecodes strictly increase, no frame lies before the fragment before, no fragment outlasts the limit.
 */

import type { WallMs } from '../frame/time.ts'

/** Limits of the service (developer guide, quotas: fragment duration 1–20 s, 50 MB), kept with a margin. */
export interface FragmentLimits {
  /** A key frame opens a new fragment only when the present one is at least this old. */
  readonly minFragmentMs: number
  /** A fragment that would outlast this is split, key frame or not. */
  readonly maxFragmentMs: number
  readonly maxFragmentBytes: number
  /** How far before a key frame the pictures may be shown that follow it in decoding order. */
  readonly maxLeadMs: number
}

export const serviceLimits: FragmentLimits = {
  minFragmentMs: 1000,
  maxFragmentMs: 19_000,
  maxFragmentBytes: 49_000_000,
  maxLeadMs: 5000,
}

/** What to do with a frame. */
export type Placement =
  /** Begin a fragment with it. */
  | 'open'
  /** Add it to the open fragment. */
  | 'append'
  /** Leave it out: nothing can be decoded yet. */
  | 'discard'
  /** Leave it out: no picture has come for so long that no fragment can carry it. */
  | 'no-video'

export class Fragmenter {
  readonly #limits: FragmentLimits
  readonly #hasVideo: boolean
  #isOpen = false
  #openedMs: WallMs = 0
  #lastMs: WallMs = -1
  #bytes = 0
  /** Time of the latest frame at which a fragment could have begun. */
  #borderMs: WallMs = 0
  /** Timecode of the fragment that the frame asked about last belongs to. */
  clusterMs: WallMs = 0
  /** That frame's time, moved where it had to be. */
  timeMs: WallMs = 0
  /** True where `timeMs` is not what was asked for. */
  repaired = false
  /** True where the fragment to open begins without a key frame. */
  split = false

  /** @param hasVideo whether any of the tracks is video: then fragments begin with pictures only. */
  constructor(hasVideo: boolean, limits: FragmentLimits = serviceLimits) {
    this.#hasVideo = hasVideo
    this.#limits = limits
  }

  /**
   * Where a frame belongs. Asking changes nothing: the frame counts once `placed` is called.
   *
   * @param ptsMs  epoch milliseconds, rounded
   * @param dtsMs  the same; where it is below `ptsMs` for a key frame, pictures shown before it may follow (leading
   *               pictures, H.265 §3): the fragment's timecode leaves room for them
   */
  place(video: boolean, keyFrame: boolean, ptsMs: WallMs, dtsMs: WallMs, sizeBytes: number): Placement {
    this.split = false
    const border = video || !this.#hasVideo
    const startMs = this.#startMs(ptsMs, dtsMs)
    if (!this.#isOpen) {
      if (!border || !keyFrame) return 'discard'
      this.#open(ptsMs, startMs)
      return 'open'
    }
    const ageMs = ptsMs - this.#openedMs
    // Where pictures are far apart, sound until the next one must fit as well.
    const untilMs = border ? ageMs + Math.max(0, ptsMs - this.#borderMs) : ageMs
    const full = untilMs >= this.#limits.maxFragmentMs || this.#bytes + sizeBytes > this.#limits.maxFragmentBytes
    // From timecode to timecode: measured to the picture itself, fragments would come closer by its lead.
    const due = keyFrame && startMs - this.#openedMs >= this.#limits.minFragmentMs
    if (border && (full || due)) {
      this.split = !keyFrame
      this.#open(ptsMs, startMs)
      return 'open'
    }
    if (full) return 'no-video'
    this.clusterMs = this.#openedMs
    this.#setTime(ptsMs, this.#openedMs)
    return 'append'
  }

  /** The frame asked about last is in the buffer, with `bytes` of it. */
  placed(placement: 'open' | 'append', video: boolean, bytes: number): void {
    const border = video || !this.#hasVideo
    if (placement === 'open') {
      this.#isOpen = true
      this.#openedMs = this.clusterMs
      this.#bytes = 0
    }
    this.#bytes += bytes
    if (border) this.#borderMs = this.timeMs
    if (this.timeMs > this.#lastMs) this.#lastMs = this.timeMs
  }

  /** The open fragment is over: what follows waits for a key frame. */
  close(): void {
    this.#isOpen = false
  }

  /** All that has been placed lies `byMs` later; nothing may have been sent of it. */
  shift(byMs: number): void {
    this.#openedMs += byMs
    this.#borderMs += byMs
    if (this.#lastMs >= 0) this.#lastMs += byMs
  }

  /** Time of the latest frame so far, -1 before the first. */
  get lastMs(): WallMs {
    return this.#lastMs
  }

  /** How far the latest frame lies behind the open fragment's timecode: where silence goes that fills it up. */
  get lastRelativeMs(): number {
    return this.#lastMs - this.#openedMs
  }

  /** Timecode of the fragment that this frame would begin. */
  #startMs(ptsMs: WallMs, dtsMs: WallMs): WallMs {
    const leadMs = Math.min(Math.max(0, ptsMs - dtsMs), this.#limits.maxLeadMs)
    return Math.max(this.#lastMs + 1, ptsMs - leadMs)
  }

  #open(ptsMs: WallMs, startMs: WallMs): void {
    this.#setTime(ptsMs, this.#lastMs + 1)
    this.clusterMs = startMs
  }

  #setTime(ptsMs: WallMs, earliestMs: WallMs): void {
    this.timeMs = Math.max(ptsMs, earliestMs)
    this.repaired = this.timeMs !== ptsMs
  }
}
