/** A clock that stands still until told to go on, so that hours pass in milliseconds and every fault has its instant. */

import type { Clock, Timer } from '../platform.ts'

/** Not of the language, but of every host that runs tests: a turn after all promises. */
declare function setImmediate(task: () => void): void

interface Waiting {
  readonly atMs: number
  readonly number: number
  readonly task: () => void
  /** The task leaves no promise behind that could go on. */
  readonly plain: boolean
}

export class FakeClock implements Clock {
  /** What the wall shows at monotonic 0; a test may move it. */
  wallOriginMs = Date.UTC(2026, 10, 22, 8, 0, 0)
  #nowMs = 0
  /** More timers than this have no end. */
  mostFired = Number.POSITIVE_INFINITY
  #fired = 0
  #number = 0
  /** By due time, and in the order of setting where that is equal. */
  readonly #waiting: Waiting[] = []

  wallMs(): number {
    return this.wallOriginMs + Math.floor(this.#nowMs)
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#waiting.length
  }

  setTimer(delayMs: number, task: () => void): Timer {
    return this.#set(delayMs, task, false)
  }

  /** For a task that settles no promise: the next timer need not wait for any, which is most of what a run costs. */
  setPlainTimer(delayMs: number, task: () => void): Timer {
    return this.#set(delayMs, task, true)
  }

  #set(delayMs: number, task: () => void, plain: boolean): Timer {
    if (!(delayMs >= 0)) throw new Error(`a timer of ${delayMs} ms`)
    const waiting = { atMs: this.#nowMs + delayMs, number: this.#number++, task, plain }
    let at = this.#waiting.length
    while (at > 0 && (this.#waiting[at - 1]?.atMs ?? 0) > waiting.atMs) at--
    this.#waiting.splice(at, 0, waiting)
    return { cancel: () => this.#cancel(waiting) }
  }

  /** Lets `ms` pass; promises settle before each timer. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settled()
    for (let fired = this.#fireNext(untilMs); fired !== undefined; fired = this.#fireNext(untilMs)) {
      if (!fired.plain) await settled()
    }
    this.#nowMs = untilMs
  }

  /** Lets time pass, `limitMs` at most, until `done`. */
  async until(done: () => boolean, limitMs = 600_000): Promise<void> {
    const untilMs = this.#nowMs + limitMs
    await settled()
    while (!done()) {
      const fired = this.#fireNext(untilMs)
      if (fired === undefined) throw new Error(`it has not come true within ${limitMs} ms`)
      if (!fired.plain) await settled()
    }
  }

  /** Lets `ms` pass for code that uses no promises. */
  advanceNow(ms: number): void {
    const untilMs = this.#nowMs + ms
    while (this.#fireNext(untilMs) !== undefined);
    this.#nowMs = untilMs
  }

  #fireNext(untilMs: number): Waiting | undefined {
    const next = this.#waiting[0]
    if (next === undefined || next.atMs > untilMs) return undefined
    this.#waiting.shift()
    this.#nowMs = next.atMs
    if (++this.#fired > this.mostFired) throw new Error(`${this.#fired} timers have fired, and there is no end`)
    next.task()
    return next
  }

  #cancel(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    if (at >= 0) this.#waiting.splice(at, 1)
  }
}

/** Runs `task` before the next timer, but not before the caller has returned. */
export function soon(task: () => void): void {
  void Promise.resolve().then(task)
}

/** All promises that can go on have gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
