/** The service takes 5 fragments a second on a stream (developer guide, quotas); a backlog must not go out faster. */

import type { MonotonicMs } from '../frame/time.ts'

/** Longer than the second of the quota: the network may bring fragments together again that left apart. */
const windowMs = 1100

export class FragmentRate {
  readonly #startsMs: MonotonicMs[] = []
  readonly #perSecond: number

  /** @param perSecond fragments that may begin within a second; Infinity lifts the limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** How long the next fragment must wait; 0 where it may begin. */
  waitMs(nowMs: MonotonicMs): number {
    if (this.#startsMs.length < this.#perSecond) return 0
    return Math.max(0, (this.#startsMs[0] ?? 0) + windowMs - nowMs)
  }

  /** A fragment begins now. */
  begin(nowMs: MonotonicMs): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return
    this.#startsMs.push(nowMs)
    if (this.#startsMs.length > this.#perSecond) this.#startsMs.shift()
  }
}
