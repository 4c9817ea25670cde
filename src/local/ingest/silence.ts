/** Answers silence: an IDLE ack every few seconds, and in the end a word that nobody is there any more. */

import type { Timer } from '../../core/platform.ts'

/** The part of the core's `Clock` that a session needs besides the time of day. */
export interface Timers {
  /** Milliseconds from any origin; never goes back. */
  monotonicMs(): number
  /** Runs `task` once, `delayMs` from now. */
  setTimer(delayMs: number, task: () => void): Timer
}

export interface SilenceHandlers {
  idle(): void
  /** Silent for `closeMs`; nothing follows. */
  gone(): void
}

export class Silence {
  readonly #timers: Timers
  readonly #idleMs: number
  readonly #closeMs: number
  readonly #handlers: SilenceHandlers
  #heardMs: number
  #idleDueMs: number
  #timer: Timer | null = null
  /** While true, silence is not the producer's: it has been asked to wait. */
  paused = false

  constructor(timers: Timers, idleMs: number, closeMs: number, handlers: SilenceHandlers) {
    this.#timers = timers
    this.#idleMs = idleMs
    this.#closeMs = closeMs
    this.#handlers = handlers
    this.#heardMs = timers.monotonicMs()
    this.#idleDueMs = this.#heardMs + idleMs
    this.#arm()
  }

  /** Something came. No timer is touched: this is called for every piece. */
  heard(): void {
    this.#heardMs = this.#timers.monotonicMs()
    this.#idleDueMs = this.#heardMs + this.#idleMs
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #arm(): void {
    const due = Math.min(this.#idleDueMs, this.#heardMs + this.#closeMs)
    this.#timer = this.#timers.setTimer(Math.max(0, due - this.#timers.monotonicMs()), () => this.#check())
  }

  #check(): void {
    const now = this.#timers.monotonicMs()
    if (this.paused) this.heard()
    if (now >= this.#heardMs + this.#closeMs) {
      this.#timer = null
      this.#handlers.gone()
      return
    }
    if (now >= this.#idleDueMs) {
      this.#idleDueMs = now + this.#idleMs
      this.#handlers.idle()
    }
    this.#arm()
  }
}
