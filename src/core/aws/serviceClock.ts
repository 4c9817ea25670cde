/** The time of day as the service sees it: the host's clock, unless the service's answers show that it is wrong. */

import type { MonotonicMs, WallMs } from '../frame/time.ts'
import type { Clock } from '../platform.ts'

/** Clocks that are set by a network agree better than this, and an answer on a slow connection is not much later. */
const toleranceMs = 5000

/** A Date header has whole seconds: the moment lies anywhere in that second. */
const dateStepMs = 1000

const [secondMs, minuteMs, hourMs, dayMs] = [1000, 60_000, 3_600_000, 86_400_000]

export class ServiceClock {
  readonly #clock: Clock
  readonly #onWrong: (offsetMs: number) => void
  /** What the time of day minus that of the monotonic clock was when the service said it last; undefined: it never did. */
  #aheadOfMonotonicMs: number | undefined
  /** The wall clock was wrong then. */
  #wrong = false

  /** `onWrong` is told how far the service is ahead of the host's clock whenever that turns out to be wrong. */
  constructor(clock: Clock, onWrong: (offsetMs: number) => void = () => undefined) {
    this.#clock = clock
    this.#onWrong = onWrong
  }

  nowMs(): WallMs {
    const { wallMs, monotonicMs } = this.#now()
    if (this.#aheadOfMonotonicMs === undefined) return wallMs
    const goesOnMs = Math.floor(monotonicMs + this.#aheadOfMonotonicMs)
    // A wall clock that is wrong is not looked at, since it may be set right at any moment, nor one that has jumped.
    return this.#wrong || Math.abs(goesOnMs - wallMs) > toleranceMs ? goesOnMs : wallMs
  }

  /** The same, undefined until the service has said what time it is: for decisions that the host's word is not enough for. */
  confirmedMs(): WallMs | undefined {
    return this.#aheadOfMonotonicMs === undefined ? undefined : this.nowMs()
  }

  /**
   * The service has said what time it is, in the answer to a request that was made at `askedMs`.
   *
   * @returns true where `nowMs` is another time than before
   */
  learn(dateMs: WallMs, askedMs: MonotonicMs): boolean {
    const { wallMs, monotonicMs } = this.#now()
    const believedMs = this.nowMs()
    // Written after the request and before now, whatever the way took: nobody's clock is blamed for a slow network.
    const leastMs = dateMs - wallMs
    const mostMs = dateMs + dateStepMs - (wallMs - (monotonicMs - askedMs))
    const wrong = leastMs > toleranceMs || mostMs < -toleranceMs
    const serviceMs = dateMs + dateStepMs / 2
    const wasWrong = this.#wrong
    this.#wrong = wrong
    this.#aheadOfMonotonicMs = (wrong ? serviceMs : wallMs) - monotonicMs
    if (wrong && !wasWrong) this.#onWrong(serviceMs - wallMs)
    return Math.abs(this.nowMs() - believedMs) > toleranceMs
  }

  #now() {
    return { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() }
  }
}

/** What to tell people of a host whose clock the service is `offsetMs` ahead of. */
export function wrongClockText(offsetMs: number): string {
  const side = offsetMs > 0 ? 'behind' : 'ahead of'
  return `the clock of this machine is ${durationText(Math.abs(offsetMs))} ${side} the service's: corrected for this run; set the clock`
}

function durationText(ms: number): string {
  if (ms < 100 * secondMs) return `${Math.round(ms / secondMs)} s`
  if (ms < 100 * minuteMs) return `${Math.round(ms / minuteMs)} min`
  return ms < 100 * hourMs ? `${Math.round(ms / hourMs)} h` : `${Math.round(ms / dayMs)} days`
}
