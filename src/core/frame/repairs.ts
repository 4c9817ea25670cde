/** Times that were moved so that the service takes them: counted by kind, and each kind told once. */

/** What was wrong with a frame's time. */
export type RepairKind =
  /** It had none. */
  | 'missing'
  /** The source's clock went back. */
  | 'backward'
  /** A live source's clock went forward by more than the time that had passed. */
  | 'forward'
  /** A track had come to lag behind another. */
  | 'drift'
  /** A packet of sound was a little earlier than the one before. */
  | 'order'
  /** It lay before its fragment, or on the last millisecond of the one before. */
  | 'border'

/** Where repairs are counted. */
export interface RepairCounts {
  /** All of them. */
  timesRepaired: number
  repairs: Partial<Record<RepairKind, number>>
}

export class Repairs {
  readonly #counts: RepairCounts
  readonly #onWarning: (message: string) => void
  readonly #told = new Set<RepairKind>()

  constructor(counts: RepairCounts, onWarning: (message: string) => void) {
    this.#counts = counts
    this.#onWarning = onWarning
  }

  /** @param byMs how far off it was, in milliseconds */
  count(kind: RepairKind, byMs: number): void {
    const counts = this.#counts
    counts.timesRepaired++
    counts.repairs[kind] = (counts.repairs[kind] ?? 0) + 1
    // A single millisecond is rounding, and nobody's fault.
    if (this.#told.has(kind) || (kind === 'border' && byMs <= 1)) return
    this.#told.add(kind)
    this.#onWarning(repairText(kind, byMs))
  }
}

function repairText(kind: RepairKind, byMs: number): string {
  const by = byMs < 1000 ? `${Math.round(byMs)} ms` : `${(byMs / 1000).toFixed(1)} s`
  switch (kind) {
    case 'missing':
      return 'the source gives frames without times: they are timed after the frames before'
    case 'backward':
      return `the source's clock went back by ${by}: its times go on from where they were`
    case 'forward':
      return `the source's clock went forward by ${by} at once: its times go on from where they were`
    case 'drift':
      return `a track lags ${by} further behind the others than in the beginning: it is moved`
    case 'order':
      return `sound goes back in time by ${by}: it is held until the source has caught up`
    case 'border':
      return `frames lie up to ${by} before the fragment that they come in: they are moved to its begin`
  }
}
