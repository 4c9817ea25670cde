import { reactionTo } from '../aws/errors.ts'
import { KvsError } from '../errors.ts'
import type { MonotonicMs } from '../frame/time.ts'
import { backoffMs } from './backoff.ts'

/** From where on everything is done again after a failure. */
export type Resume = 'preparing' | 'locating' | 'idle'

/** What a failure leads to. */
export type Next =
  | { readonly kind: 'end'; readonly error: KvsError | null }
  | {
      readonly kind: 'retry'
      readonly delayMs: number
      readonly resume: Resume
      readonly freshEndpoint: boolean
      readonly freshCredentials: boolean
    }

/** So many fragments refused in a row mean that the media is at fault, and not one of them. */
const refusalsInARow = 3

/** A fragment whose sessions end with an error that names it, so often and for so long, is at fault itself. */
const blamesInARow = 10
const blamedForMs = 120_000

/** What works for so long without a failure is stable: the pauses between tries begin anew after it. */
const stableMs = 10_000

/** Failures in a row: how long to wait for the next try, and when to give up. */
export class Failures {
  readonly #giveUpAfterMs: number
  #count = 0
  #sinceMs: MonotonicMs = 0
  #latestMs: MonotonicMs = 0
  #refused = 0
  #last: KvsError | undefined
  /** The fragment that errors of the service have named since the last one was stored, how often, and since when. */
  #blamed = { number: 0, times: 0, sinceMs: 0 }

  /** @param giveUpAfterMs how long failures in a row are put up with; Infinity: for ever */
  constructor(giveUpAfterMs: number) {
    this.#giveUpAfterMs = giveUpAfterMs
  }

  /**
   * One more, of what is done from `resume` on.
   *
   * @param random 0 (inclusive) to 1 (exclusive)
   */
  add(error: KvsError, resume: Resume, nowMs: MonotonicMs, random: number): Next {
    const reaction = reactionTo(error)
    if (this.#last === undefined) this.#sinceMs = nowMs
    this.#latestMs = nowMs
    this.#count++
    this.#last = error
    const delayMs = backoffMs(this.#count, random)
    // Preparing creates the stream where that is allowed: not found then means that it is not.
    if (reaction === 'fatal' || (reaction === 'notFound' && resume === 'preparing')) return { kind: 'end', error }
    if (nowMs + delayMs - this.#sinceMs > this.#giveUpAfterMs) return { kind: 'end', error: this.asReason() }
    return {
      kind: 'retry',
      delayMs,
      resume: reaction === 'notFound' ? 'preparing' : resume,
      freshEndpoint: reaction === 'refreshEndpoint',
      freshCredentials: reaction === 'refreshCredentials',
    }
  }

  /** One more fragment refused; true where the next one would be refused as well. */
  refused(): boolean {
    this.#refused++
    return this.#refused >= refusalsInARow
  }

  /** An error of the service names this fragment; true where it is not to be sent again. */
  blamed(number: number, nowMs: MonotonicMs): boolean {
    if (this.#blamed.number !== number) this.#blamed = { number, times: 0, sinceMs: nowMs }
    this.#blamed.times++
    return this.#blamed.times >= blamesInARow && nowMs - this.#blamed.sinceMs >= blamedForMs
  }

  /** A fragment is stored: nothing to give up for, though the next failure may follow soon. */
  worked(nowMs: MonotonicMs): void {
    this.#refused = 0
    this.#last = undefined
    this.#blamed.number = 0
    if (nowMs - this.#latestMs >= stableMs) this.#count = 0
  }

  /** Whatever has failed is another story. */
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
