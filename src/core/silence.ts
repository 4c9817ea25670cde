/** Notices that a source has fallen silent, at no cost per frame. */

import type { Clock, Timer } from './platform.ts'

/** The service ends a session after 30 s without media: a fragment is completed before, or it would never be stored. */
export const silenceMs = 20_000

export interface SilenceOptions {
  readonly clock: Clock
  /** A number that rises with every frame. */
  readonly framesPut: () => number
  /** True while it is we who hold the source up. */
  readonly heldUp: () => boolean
  /** Nothing has come for `silenceMs` or longer. */
  readonly onSilent: () => void
}

/** Looked at so often within that time, so that it is noticed soon after. */
const looks = 5

export class SilenceWatch {
  readonly #options: SilenceOptions
  #timer: Timer | undefined

  constructor(options: SilenceOptions) {
    this.#options = options
  }

  /** Media flows: watches until it no longer does. */
  begin(): void {
    if (this.#timer === undefined) this.#watch(0)
  }

  end(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** @param quiet how often in a row nothing had come */
  #watch(quiet: number): void {
    const { clock, framesPut, heldUp, onSilent } = this.#options
    const before = framesPut()
    this.#timer = clock.setTimer(silenceMs / looks, () => {
      this.#timer = undefined
      if (heldUp() || framesPut() > before) this.#watch(0)
      else if (quiet + 1 < looks) this.#watch(quiet + 1)
      else {
        onSilent()
        // Told again and again: a session that begins meanwhile has to end, too.
        this.#watch(0)
      }
    })
  }
}
