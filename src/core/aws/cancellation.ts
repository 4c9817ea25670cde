/** Calling off what waits: the part of AbortController that the core needs and its platforms lack. */

/** How a caller calls it off; an AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Signal and controller in one: whoever has it may call `abort`. */
export class Cancellation implements CancelSignal {
  readonly #listeners = new Set<() => void>()
  #aborted = false

  get aborted(): boolean {
    return this.#aborted
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  abort(): void {
    this.#aborted = true
    for (const listener of [...this.#listeners]) listener()
  }
}
