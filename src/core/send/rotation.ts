/** When the next session is to take over from one that streams, and whether the service lets two be open at once. */

import { isNamed, reactionTo } from '../aws/errors.ts'
import { asKvsError, type KvsError } from '../errors.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { Clock, Timer } from '../platform.ts'
import { backoffMs, minCallIntervalMs } from './backoff.ts'
import type { Service } from './line.ts'

export interface RotationOptions {
  readonly service: Service
  readonly clock: Clock
  readonly random: () => number
}

export interface RotationHandlers {
  /** Open a session beside the one that streams: once it is accepted, it takes over. */
  onOpen(): void
  /** The service takes one session at a time: let the one that streams leave first. */
  onLeave(): void
  /** It has failed, and is tried again after `delayMs`; what streams goes on. */
  onRetry(error: KvsError, delayMs: number): void
}

export class Rotation {
  readonly #options: RotationOptions
  readonly #handlers: RotationHandlers
  #timer: Timer | undefined
  #failures = 0
  #freshEndpoint = false
  /** Rises with every plan, so that what is asked for an earlier one is not heard. */
  #plan = 0
  /** The service has refused a second session. */
  oneAtATime = false

  constructor(options: RotationOptions, handlers: RotationHandlers) {
    this.#options = options
    this.#handlers = handlers
  }

  /** A session streams that is to be replaced at `atMs`. */
  plan(atMs: MonotonicMs): void {
    this.cancel()
    this.#failures = 0
    const { clock } = this.#options
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#setTimer(Math.max(minCallIntervalMs, atMs - clock.monotonicMs()))
  }

  /** There is nothing to replace. */
  cancel(): void {
    this.#plan++
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** A session beside another one has failed. */
  learn(error: KvsError): void {
    if (isNamed(error, 'ConnectionLimitExceeded')) this.oneAtATime = true
  }

  /** The session that was to take over has not come about. */
  failed(error: KvsError): void {
    this.learn(error)
    if (this.oneAtATime) {
      this.#handlers.onLeave()
      return
    }
    const reaction = reactionTo(error)
    if (reaction === 'refreshCredentials') this.#options.service.refreshCredentials(error)
    this.#freshEndpoint = reaction === 'refreshEndpoint'
    this.#failures++
    // Never at once: what streams has some time left.
    const delayMs = minCallIntervalMs + backoffMs(this.#failures, this.#options.random())
    this.#setTimer(delayMs)
    this.#handlers.onRetry(error, delayMs)
  }

  #setTimer(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timer = undefined
      this.#begin()
    })
  }

  #begin(): void {
    const plan = this.#plan
    this.#ready().then(
      (laterMs) => {
        if (plan !== this.#plan) return
        if (laterMs !== null) this.plan(laterMs)
        else if (this.oneAtATime) this.#handlers.onLeave()
        else this.#handlers.onOpen()
      },
      (error: unknown) => {
        if (plan === this.#plan) this.failed(asKvsError(error))
      },
    )
  }

  /** Null: another session can be opened. Else when that is worth being asked again. */
  async #ready(): Promise<MonotonicMs | null> {
    const { service } = this.#options
    const laterMs = await service.renew()
    if (laterMs !== null) return laterMs
    await service.locate(this.#freshEndpoint)
    this.#freshEndpoint = false
    return null
  }
}
