import { KvsError } from '../errors.ts'
import type { MonotonicMs } from '../frame/time.ts'
import { backoffMs } from './backoff.ts'

/** Failures in a row: how long to wait for the next try, and when to give up. */
export class Failures {
  readonly #giveUpAfterMs: number
  #count = 0
  #sinceMs: MonotonicMs = 0
  #refused = 0
  #last: KvsError | undefined

  /** @param giveUpAfterMs how long failures in a row are put up with; Infinity: for ever */
  constructor(giveUpAfterMs: number) {
    this.#giveUpAfterMs = giveUpAfterMs
  }

  /**
   * One more.
   *
   * @param random 0 (inclusive) to 1 (exclusive)
   * @returns how long to wait before the next try, null where it has been going on for too long
   */
  add(error: KvsError, nowMs: MonotonicMs, random: number): number | null {
    if (this.#count === 0) this.#sinceMs = nowMs
    this.#count++
    this.#last = error
    const delayMs = backoffMs(this.#count, random)
    return nowMs + delayMs - this.#sinceMs > this.#giveUpAfterMs ? null : delayMs
  }

  /** One more fragment refused; returns how many in a row. */
  refused(): number {
    this.#refused++
    return this.#refused
  }

  /** Something has worked. */
  forget(): void {
    this.#count = 0
    this.#refused = 0
    this.#last = undefined
  }

  /** Why it ends if it ends now: GAVE_UP with the last failure, null where nothing is failing. */
  asReason(): KvsError | null {
    const last = this.#last
    if (last === undefined) return null
    // Not the network's fault: who starts it again changes nothing.
    if (last.code === 'OUT_OF_MEMORY') return last
    return new KvsError('GAVE_UP', `gave up: ${last.message}`, { cause: last.likelyCause, cure: last.cure })
  }
}
