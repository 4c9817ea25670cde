/** Where a source's own times lie in the time of day. */

import { KvsError } from '../errors.ts'
import type { Clock } from '../platform.ts'
import type { Frame } from './frame.ts'
import type { WallMs } from './time.ts'

/** Pictures are not shown in the order of decoding, but further back than this it is the clock that has changed. */
const maxBackMs = 5000

/** Clocks that are right are slewed by less: no reason to move media that has its times already. */
const toleranceMs = 1000

export interface TimelineOptions {
  readonly clock: Clock
  /** The time of day as far as it is known. */
  readonly nowMs: () => WallMs
  /** Epoch milliseconds at which pts is 0; undefined: such that the first frame is now. */
  readonly originMs: WallMs | undefined
  /** The source's clock went back by so much: times go on from where they were. */
  readonly onBack: (backMs: number) => void
}

export class Timeline {
  readonly #options: TimelineOptions
  #originMs: WallMs | undefined
  /** What the time of day was ahead of the monotonic clock when the first frame was placed; undefined: never asked. */
  #aheadMs: number | undefined

  constructor(options: TimelineOptions) {
    this.#options = options
    this.#originMs = options.originMs
  }

  /**
   * Epoch milliseconds at which pts is 0: anchored once, and again where the source's clock goes back a long way behind
   * `latestMs`. Throws USAGE for times that are none.
   */
  originMs({ pts, dts }: Frame, latestMs: WallMs): WallMs {
    const { nowMs, onBack } = this.#options
    const originMs = this.#originMs ?? nowMs() - pts
    if (!isTime(Math.round(originMs + pts)) || !Number.isSafeInteger(Math.round(originMs + dts))) {
      throw new KvsError('USAGE', `a frame cannot have pts ${pts} and dts ${dts}`)
    }
    if (this.#originMs === undefined) this.#aheadMs = this.#aheadOfMonotonicMs()
    this.#originMs = originMs
    const backMs = latestMs - (originMs + pts)
    if (backMs <= maxBackMs) return originMs
    this.#originMs = originMs + backMs + 1
    onBack(backMs)
    return this.#originMs
  }

  /**
   * The time of day is known better than before. Moves what comes next, and returns by how many milliseconds what has
   * been placed already is to be moved; 0 where that was right, or an origin was given.
   */
  correct(): number {
    if (this.#aheadMs === undefined || this.#originMs === undefined) return 0
    const byMs = Math.round(this.#aheadOfMonotonicMs() - this.#aheadMs)
    if (Math.abs(byMs) < toleranceMs) return 0
    this.#aheadMs += byMs
    this.#originMs += byMs
    return byMs
  }

  #aheadOfMonotonicMs(): number {
    return this.#options.nowMs() - this.#options.clock.monotonicMs()
  }
}

/** What a cluster's timecode can be. */
function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= 0
}
