/** A service that owes an ack, or does not read: a connection can be gone without a word. */

import type { Fragment } from '../frame/fragment.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { Clock, Timer } from '../platform.ts'

/** It is given up after this long (kvssink's connection staleness). */
export const staleMs = 60_000
const everyMs = 5000

export interface Watched {
  /** It has been given something to answer or to read. */
  readonly waiting: boolean
  /** The oldest fragment that it has not confirmed. */
  readonly oldest: Fragment | undefined
}

export class Watch {
  readonly #clock: Clock
  readonly #look: () => Watched
  readonly #onStale: () => void
  #timer: Timer | undefined
  /** When the service last took or said something, or owed nothing. */
  #lastSignMs: MonotonicMs = 0
  /** Number of the latest fragment that is stored. */
  #confirmed = 0

  constructor(clock: Clock, look: () => Watched, onStale: () => void) {
    this.#clock = clock
    this.#look = look
    this.#onStale = onStale
  }

  begin(): void {
    this.sign()
    this.#watch()
  }

  end(): void {
    this.#timer?.cancel()
  }

  /** The service has taken or said something. */
  sign(): void {
    this.#lastSignMs = this.#clock.monotonicMs()
  }

  confirmed({ number }: Fragment): void {
    this.#confirmed = Math.max(this.#confirmed, number)
  }

  #watch(): void {
    this.#timer = this.#clock.setTimer(everyMs, () => {
      if (this.#isStale(this.#clock.monotonicMs())) this.#onStale()
      else this.#watch()
    })
  }

  #isStale(nowMs: MonotonicMs): boolean {
    const { waiting, oldest } = this.#look()
    const unconfirmed = oldest?.state === 'sent' || oldest?.state === 'received'
    if (!waiting && !unconfirmed) this.#lastSignMs = nowMs
    if (nowMs - this.#lastSignMs >= staleMs) return true
    if (!unconfirmed) return false
    const sinceMs = nowMs - oldest.sentAtMs
    // Others have been confirmed that were sent later: this one has been forgotten. And whatever else the service says,
    // what is not stored after twice that time has not been, or is not meant to be.
    return sinceMs >= 2 * staleMs || (sinceMs >= staleMs && oldest.number < this.#confirmed)
  }
}
