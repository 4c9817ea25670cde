/** Whoever waits for room in the buffer, and when to ask again. */

import type { Clock, Timer } from './platform.ts'

/** A host without memory is asked again after this long: nothing that happens here would tell that it has some again. */
const starvedMs = 200

export class Waiters {
  readonly #clock: Clock
  #tasks: (() => void)[] = []
  #timer: Timer | undefined
  /** A frame was not taken, and nothing has changed since. */
  #full = false
  /** The frame put last was not taken. */
  heldUp = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a frame was taken; `starved`: for want of the host's memory. */
  tried(full: boolean, starved: boolean): void {
    this.#full = full
    this.heldUp = full
    if (!full || !starved) return
    this.#timer ??= this.#clock.setTimer(starvedMs, () => {
      this.#timer = undefined
      this.wake()
    })
  }

  /** Calls `task` once, when there may be room again, or in a later turn where there may be now. */
  add(task: () => void): void {
    if (this.#full) this.#tasks.push(task)
    else this.#clock.setTimer(0, task)
  }

  wake(): void {
    this.#full = false
    const tasks = this.#tasks
    this.#tasks = []
    for (const task of tasks) task()
  }

  /** It is over: nobody waits any more. */
  end(): void {
    this.#timer?.cancel()
    this.wake()
  }
}
