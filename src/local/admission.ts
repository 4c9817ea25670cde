import { ServiceError } from './errors.ts'

/** How often an operation may be called on one stream, and how many calls may be going on. */
export interface AdmissionLimits {
  readonly callsPerSecond: number
  readonly concurrent: number
}

interface Calls {
  /** Moments of the latest calls, at most `callsPerSecond` of them, milliseconds on a monotonic clock. */
  recentMs: number[]
  open: number
}

/** The service's limits on calls of one operation, counted for each stream. `null` limits nothing. */
export class Admission {
  readonly #limits: AdmissionLimits | null
  readonly #calls = new Map<string, Calls>()

  constructor(limits: AdmissionLimits | null) {
    this.#limits = limits
  }

  /**
   * Lets one call in; the function returned tells that it is over. The newest is refused: ClientLimitExceededException
   * beyond the rate, ConnectionLimitExceededException beyond the number.
   */
  enter(streamKey: string, monotonicMs: number): () => void {
    const limits = this.#limits
    if (limits === null) return () => undefined
    this.#forgetIdle(monotonicMs)
    const calls = this.#calls.get(streamKey) ?? { recentMs: [], open: 0 }
    this.#calls.set(streamKey, calls)
    calls.recentMs = calls.recentMs.filter((ms) => ms > monotonicMs - 1000)
    if (calls.recentMs.length >= limits.callsPerSecond) {
      throw new ServiceError('ClientLimitExceededException', 400, `Rate exceeded: ${limits.callsPerSecond} calls/s.`)
    }
    calls.recentMs.push(monotonicMs)
    if (calls.open >= limits.concurrent) {
      const message = `Connection limit exceeded: ${limits.concurrent} for this stream.`
      throw new ServiceError('ConnectionLimitExceededException', 400, message)
    }
    calls.open++
    let entered = true
    return () => {
      if (entered) calls.open--
      entered = false
    }
  }

  /** Streams come and go: without this the map would remember them all. */
  #forgetIdle(monotonicMs: number): void {
    for (const [key, calls] of this.#calls) {
      const last = calls.recentMs.at(-1) ?? 0
      if (calls.open === 0 && last <= monotonicMs - 1000) this.#calls.delete(key)
    }
  }
}
