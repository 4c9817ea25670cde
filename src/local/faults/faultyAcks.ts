import type { Ack } from '../ingest/ack.ts'
import type { AckType, CallFault } from './fault.ts'

/** The acks of one PutMedia session as a fault plan lets them through: some not at all, some late. */
export class FaultyAcks {
  readonly #kept = new Set<AckType>()
  readonly #delayMs: number
  readonly #timers = new Set<NodeJS.Timeout>()

  /** @param tell a fault strikes; told once for the session */
  constructor(faults: readonly CallFault[], tell: (fault: CallFault) => void) {
    let delayMs = 0
    for (const fault of faults) {
      if (fault.fault === 'noAcks') {
        for (const type of fault.types ?? (['BUFFERING', 'RECEIVED', 'PERSISTED', 'IDLE', 'ERROR'] as const)) {
          this.#kept.add(type)
        }
        tell(fault)
      } else if (fault.fault === 'delay' && fault.before === 'acks') {
        delayMs += fault.ms
        tell(fault)
      }
    }
    this.#delayMs = delayMs
  }

  /** False for an ack that the client never gets. */
  passes(ack: Ack): boolean {
    return !this.#kept.has(ack.type)
  }

  /** Does what a session says, its end as well, when it is due; in the order of the calls. */
  whenDue(task: () => void): void {
    if (this.#delayMs === 0) {
      task()
      return
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      task()
    }, this.#delayMs)
    this.#timers.add(timer)
  }

  /** The request is over: nothing more is said. */
  over(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }
}
