/** Warns, once each, of rates that the service would not take. */

import type { Limits } from './limits.ts'

export class RateWatch {
  readonly #limits: Limits
  readonly #warn: (message: string) => void
  #secondBegan = Number.NEGATIVE_INFINITY
  #bytes = 0
  #fragments = 0
  #warnedOfBytes = false
  #warnedOfFragments = false

  constructor(limits: Limits, warn: (message: string) => void) {
    this.#limits = limits
    this.#warn = warn
  }

  bytes(count: number, monotonicMs: number): void {
    this.#advance(monotonicMs)
    this.#bytes += count
    if (this.#bytes <= this.#limits.bytesPerSecond || this.#warnedOfBytes) return
    this.#warnedOfBytes = true
    this.#warn(`more than ${this.#limits.bytesPerSecond} bytes in a second, which the service does not take`)
  }

  fragment(monotonicMs: number): void {
    this.#advance(monotonicMs)
    if (++this.#fragments <= this.#limits.fragmentsPerSecond || this.#warnedOfFragments) return
    this.#warnedOfFragments = true
    this.#warn(`more than ${this.#limits.fragmentsPerSecond} fragments in a second, which the service does not take`)
  }

  #advance(monotonicMs: number): void {
    if (monotonicMs - this.#secondBegan < 1000) return
    this.#secondBegan = monotonicMs
    this.#bytes = 0
    this.#fragments = 0
  }
}
