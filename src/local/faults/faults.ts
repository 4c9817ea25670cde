import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { onResponseOver } from '../http/responseOver.ts'
import type { CallFault, Fault, OperationName, TimedFault } from './fault.ts'
import { FaultPlan } from './plan.ts'

/** The fault plan that is in force, and its timers. */
export class Faults {
  readonly #strike: (fault: TimedFault) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Ends each pause that is going on. */
  readonly #pauses = new Set<() => void>()
  #plan = new FaultPlan([], 0)

  /** @param strike called when a fault's moment has come */
  constructor(strike: (fault: TimedFault) => void) {
    this.#strike = strike
  }

  /** Begins another plan. What the one before has done to sessions that are open stays with them. */
  begin(faults: readonly Fault[]): void {
    this.#stopTimers()
    this.#plan = new FaultPlan(faults, performance.now())
    for (const fault of this.#plan.timed) this.#strikeLater(fault)
  }

  /** What strikes this call, which is counted. */
  call(operation: OperationName, stream: string | undefined): readonly CallFault[] {
    return this.#plan.call(operation, stream, performance.now())
  }

  /** Waits; false where nobody waits for the response any more. */
  async pause(response: ServerResponse, ms: number): Promise<boolean> {
    return await new Promise((resolve) => {
      const stop = () => {
        clearTimeout(timer)
        this.#pauses.delete(stop)
        resolve(false)
      }
      const timer = setTimeout(() => {
        this.#pauses.delete(stop)
        resolve(!response.destroyed)
      }, ms)
      this.#pauses.add(stop)
      onResponseOver(response, stop)
    })
  }

  /** Nothing strikes any more, and nothing waits. */
  end(): void {
    this.#plan = new FaultPlan([], 0)
    this.#stopTimers()
    for (const stop of this.#pauses) stop()
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #strikeLater(fault: TimedFault): void {
    const { atMs = 0 } = fault
    if (atMs === 0) {
      this.#strike(fault)
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#strike(fault)
    }, atMs)
    this.#timers.add(timer.unref())
  }
}
