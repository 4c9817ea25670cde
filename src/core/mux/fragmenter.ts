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
  /** Sound that has been without a picture for so long makes fragments of its own. */
  readonly maxAloneMs: number
}

export const serviceLimits: FragmentLimits = {
  minFragmentMs: 1000,
  maxFragmentMs: 19_000,
  maxFragmentBytes: 49_000_000,
  maxLeadMs: 5000,
  maxAloneMs: 10_000,
}

/** What to do with a frame. */
export type Placement =
  /** Begin a fragment with it. */
  | 'open'
  /** Add it to the open fragment. */
  | 'append'
  /** Leave it out: nothing can be decoded yet. */
  | 'discard'
  /** Leave it out: its time is so far from the open fragment that that cannot carry it, and no picture has come there. */
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
  /** The open fragment is of sound alone, though there is a track of pictures. */
  #alone = false
  /** Nothing is missing before the next picture: it need not be a key frame. */
  #continues = false
  /** Time of the first sound since the last border that was left out for want of a picture; -1: none was. */
  #waitsSinceMs: WallMs = -1
  /** Timecode of the fragment that the frame asked about last belongs to. */
  clusterMs: WallMs = 0
  /** That frame's time, moved where it had to be, and by how much. */
  timeMs: WallMs = 0
  movedMs = 0
  /** True where the fragment to open begins without a key frame. */
  split = false
  /** True where the fragment to open begins with sound because no pictures come any more. */
  alone = false

  /** @param hasVideo whether any of the tracks is video: then fragments begin with pictures, as long as there are any. */
  constructor(hasVideo: boolean, limits: FragmentLimits = serviceLimits) {
    this.#hasVideo = hasVideo
    this.#limits = limits
  }

  /**
   * Where a frame belongs. Asking changes nothing: the frame counts once `placed` is called.
   *
   * @param ptsMs     epoch milliseconds, rounded
   * @param dtsMs     the same; where it is below `ptsMs` for a key frame, pictures shown before it may follow (leading
   *                  pictures, H.265 section 3): the fragment's timecode leaves room for them
   * @param newFormat the header of the open fragment does not fit this frame: a key frame begins another in any case
   */
  place(
    video: boolean,
    keyFrame: boolean,
    ptsMs: WallMs,
    dtsMs: WallMs,
    sizeBytes: number,
    newFormat = false,
  ): Placement {
    const border = video || !this.#hasVideo
    this.split = !keyFrame
    this.alone = !border
    if (!this.#isOpen) {
      const begins = keyFrame && (border || this.#waitedMs(ptsMs) >= this.#limits.maxAloneMs)
      return begins ? this.#open(ptsMs, dtsMs) : 'discard'
    }
    const ageMs = ptsMs - this.#openedMs
    // Where pictures are far apart, sound until the next one must fit as well.
    const untilMs = border && ptsMs > this.#borderMs ? ageMs + ptsMs - this.#borderMs : ageMs
    const full = untilMs >= this.#limits.maxFragmentMs || this.#bytes + sizeBytes > this.#limits.maxFragmentBytes
    if (border) {
      if (this.#alone && video) return keyFrame || this.#continues ? this.#open(ptsMs, dtsMs) : 'discard'
      if (full || (keyFrame && (newFormat || this.#isDue(ptsMs, dtsMs)))) return this.#open(ptsMs, dtsMs)
    } else if (this.#soundBegins(ptsMs, full)) return this.#open(ptsMs, ptsMs)
    if (full) return 'no-video'
    this.clusterMs = this.#openedMs
    this.#setTime(ptsMs, this.#openedMs)
    return 'append'
  }

  /** The frame asked about last is in the buffer, with `bytes` of it. */
  placed(placement: 'open' | 'append', video: boolean, bytes: number): void {
    const border = video || !this.#hasVideo
    if (placement === 'open') {
      this.#continues = border || (this.#isOpen && this.#continues)
      this.#isOpen = true
      this.#alone = this.alone
      this.#waitsSinceMs = -1
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
    if (this.#waitsSinceMs >= 0) this.#waitsSinceMs += byMs
  }

  /** How far the latest frame lies behind the open fragment's timecode: where silence goes that fills it up. */
  get lastRelativeMs(): number {
    return this.#lastMs - this.#openedMs
  }

  /** Whether sound begins a fragment by itself where pictures should. */
  #soundBegins(ptsMs: WallMs, full: boolean): boolean {
    const { minFragmentMs, maxFragmentMs, maxAloneMs } = this.#limits
    const ageMs = ptsMs - this.#openedMs
    if (this.#alone) return full || ageMs >= minFragmentMs
    // Where the time has jumped, pictures may be about to do so, too.
    if (full) return this.#waitedMs(ptsMs) >= 2 * minFragmentMs
    // Just before the fragment is full, so that no sound is lost.
    return ageMs >= maxFragmentMs - minFragmentMs && ptsMs - this.#borderMs >= maxAloneMs
  }

  /** For how long sound has been left out now. */
  #waitedMs(ptsMs: WallMs): number {
    if (this.#waitsSinceMs < 0 || ptsMs < this.#waitsSinceMs) this.#waitsSinceMs = ptsMs
    return ptsMs - this.#waitsSinceMs
  }

  /** From timecode to timecode: measured to the picture itself, fragments would come closer by its lead. */
  #isDue(ptsMs: WallMs, dtsMs: WallMs): boolean {
    return this.#startMs(ptsMs, dtsMs) - this.#openedMs >= this.#limits.minFragmentMs
  }

  /** Timecode of the fragment that this frame would begin. */
  #startMs(ptsMs: WallMs, dtsMs: WallMs): WallMs {
    const leadMs = Math.min(Math.max(0, ptsMs - dtsMs), this.#limits.maxLeadMs)
    return Math.max(this.#lastMs + 1, ptsMs - leadMs)
  }

  #open(ptsMs: WallMs, dtsMs: WallMs): 'open' {
    this.#setTime(ptsMs, this.#lastMs + 1)
    this.clusterMs = this.#startMs(ptsMs, dtsMs)
    return 'open'
  }

  #setTime(ptsMs: WallMs, earliestMs: WallMs): void {
    this.timeMs = ptsMs > earliestMs ? ptsMs : earliestMs
    this.movedMs = this.timeMs - ptsMs
  }
}
