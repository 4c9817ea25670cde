import type { MediaSession } from '../putMediaExchange.ts'
import { BodyPlace } from './bodyPlace.ts'
import type { BreakFault, CallFault } from './fault.ts'
import { isBreak } from './plan.ts'

export interface FaultySessionActions {
  /** Ends the connection as the fault has it. */
  cut(how: 'close' | 'fin' | 'reset'): void
  /** A fault strikes. */
  tell(fault: CallFault): void
}

/** A PutMedia session on whose way to the endpoint something goes wrong: it stands between HTTP and the session. */
export class FaultySession implements MediaSession {
  readonly #inner: MediaSession
  readonly #actions: FaultySessionActions
  readonly #breaks: readonly { readonly fault: BreakFault; readonly place: BodyPlace }[]
  readonly #bytesPerSecond: number
  readonly #timers = new Set<NodeJS.Timeout>()
  #broken = false
  #stalled = false

  constructor(inner: MediaSession, faults: readonly CallFault[], actions: FaultySessionActions) {
    this.#inner = inner
    this.#actions = actions
    const breaks = faults.filter(isBreak)
    this.#breaks = breaks.map((fault) => ({ fault, place: new BodyPlace(fault) }))
    let rate = Number.POSITIVE_INFINITY
    for (const fault of faults) {
      if (fault.fault === 'endSession') this.#later(fault.sessionMs ?? 0, () => this.#endSession(fault))
      if (fault.fault !== 'throttle') continue
      rate = Math.min(rate, fault.bytesPerSecond)
      actions.tell(fault)
    }
    for (const fault of breaks) {
      if (fault.sessionMs !== undefined) this.#later(fault.sessionMs, () => this.break(fault))
    }
    this.#bytesPerSecond = rate
  }

  push(bytes: Uint8Array): Promise<void> | null {
    if (this.#broken) return this.#silence()
    const first = this.#firstPlace(bytes)
    if (first === null) return this.#pass(bytes)
    // Nobody waits for the disk any more; the promise never rejects.
    void this.#inner.push(bytes.subarray(0, first.offset))
    this.break(first.fault)
    return this.#silence()
  }

  endOfBody(): void {
    if (this.#broken) return
    const last = this.#breaks.find(({ place }) => place.isEnd)
    if (last !== undefined) this.break(last.fault)
    else this.#inner.endOfBody()
  }

  aborted(): void {
    this.over()
    this.#inner.aborted()
  }

  streamDeleted(): void {
    if (!this.#broken) this.#inner.streamDeleted()
  }

  fail(id: number, reason: string): void {
    if (!this.#broken) this.#inner.fail(id, reason)
  }

  /** The request is over: nothing strikes any more. */
  over(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  /** From now on the client hears nothing more; what has come completely is kept. What is stalled can still be cut. */
  break(fault: BreakFault): void {
    if (this.#broken && fault.fault !== 'cut') return
    this.#actions.tell(fault)
    if (!this.#broken) {
      this.#broken = true
      this.#stalled = fault.fault === 'stall'
      this.#inner.aborted()
    }
    if (fault.fault === 'cut') this.#actions.cut(fault.how ?? 'close')
  }

  /** Stalled, what comes next is never taken; half-open, it is taken and forgotten. */
  #silence(): Promise<void> | null {
    return this.#stalled ? new Promise(() => undefined) : null
  }

  #firstPlace(bytes: Uint8Array): { readonly fault: BreakFault; readonly offset: number } | null {
    let first: { readonly fault: BreakFault; readonly offset: number } | null = null
    for (const { fault, place } of this.#breaks) {
      const offset = place.find(bytes)
      if (offset !== null && (first === null || offset < first.offset)) first = { fault, offset }
    }
    return first
  }

  #pass(bytes: Uint8Array): Promise<void> | null {
    const ready = this.#inner.push(bytes)
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return ready
    const slow = new Promise<void>((resolve) => this.#later((1000 * bytes.length) / this.#bytesPerSecond, resolve))
    return Promise.all([ready, slow]).then(() => undefined)
  }

  #endSession(fault: CallFault): void {
    if (this.#broken) return
    this.#actions.tell(fault)
    this.#inner.fail(4003, 'fault plan')
  }

  #later(ms: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      task()
    }, ms)
    this.#timers.add(timer)
  }
}
