/** When a frame of recorded media is due: media time laid against a monotonic clock, once. */

import type { MediaMs, MonotonicMs } from './time.ts'

/**
 * Due times are computed from the start and never from the frame before, so that nothing adds up: no drift over hours.
 * After a stall the frames behind are due at once; how fast they may leave is the sender's business.
 */
export class Pacer {
  readonly #startMs: MonotonicMs

  /** Media time 0 is due at `startMs`. */
  constructor(startMs: MonotonicMs) {
    this.#startMs = startMs
  }

  /** How long until media time `mediaMs` is due; 0 where it is due or late. */
  waitMs(mediaMs: MediaMs, nowMs: MonotonicMs): number {
    return Math.max(0, this.#startMs + mediaMs - nowMs)
  }
}
