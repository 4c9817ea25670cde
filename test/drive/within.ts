/** Waiting for something that must come: with a bound that no healthy run gets near. */

/** Generous: it is there to end a test that hangs, never to judge speed. */
export const boundMs = 60_000

/** The promise's value; rejects with `what` (asked for only then) when it has not come after `ms`. */
export async function within<T>(promise: Promise<T>, what: () => string, ms = boundMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not after ${ms} ms: ${what()}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A list that grows, and those who wait for something in it. */
export class Watched<T> {
  readonly items: T[] = []
  #waiters: (() => void)[] = []
  #ended = false

  add(item: T): void {
    this.items.push(item)
    this.#wake()
  }

  /** Nothing more comes: those who wait for it are told. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }

  /** The first item, present or to come, for which `matches` holds. */
  async find(matches: (item: T) => boolean, what: () => string): Promise<T> {
    for (;;) {
      const found = this.items.find(matches)
      if (found !== undefined) return found
      if (this.#ended) throw new Error(`it ended without ${what()}`)
      await within(new Promise<void>((resolve) => this.#waiters.push(resolve)), what)
    }
  }
}
