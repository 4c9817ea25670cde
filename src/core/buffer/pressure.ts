/** What gives way when the buffer is full, and how to tell that it is about to be: decisions only. */

import type { Fragment } from '../frame/fragment.ts'
import type { MonotonicMs, WallMs } from '../frame/time.ts'

/** What happens to media that the buffer has no room for. */
export type Overflow =
  /** The source waits. */
  | 'block'
  /** The oldest fragments give way: what is live goes on. */
  | 'drop-oldest'
  /** The newest fragment gives way: what is there already goes out. */
  | 'drop-newest'

/**
 * The fragment to give up, whole, for newer ones: the oldest that is still to be sent; else the oldest that waits for its
 * ack; else the open one. Never one that is on its way.
 */
export function oldestToDrop(
  fragments: readonly Fragment[],
  isSending: (fragment: Fragment) => boolean,
): Fragment | undefined {
  let waiting: Fragment | undefined
  for (const fragment of fragments) {
    if (isSending(fragment)) continue
    if (fragment.state === 'sealed') return fragment
    if (fragment.state !== 'open' && !fragment.givenUp) waiting ??= fragment
  }
  if (waiting !== undefined) return waiting
  const last = fragments[fragments.length - 1]
  return last?.state === 'open' && !isSending(last) ? last : undefined
}

/** What is still to be sent although it lies more than `maxLatencyMs` behind `nowMs`, the latest time put. */
export function tooLate(
  fragments: readonly Fragment[],
  isSending: (fragment: Fragment) => boolean,
  nowMs: WallMs,
  maxLatencyMs: number,
): readonly Fragment[] {
  const unsent = fragments.filter((fragment) => fragment.state === 'sealed' && !isSending(fragment))
  const oldest = unsent[0]
  // Far behind, all of it is left out: skipping one at a time would keep it at the limit for ever.
  return oldest !== undefined && nowMs - oldest.timecodeMs > maxLatencyMs ? unsent : []
}

/** What is known of a stream at one moment; the bytes and frames are counted from its start. */
export interface Load {
  readonly nowMs: MonotonicMs
  readonly bytesPut: number
  readonly bytesSent: number
  readonly framesLost: number
  readonly heldBytes: number
  readonly capacityBytes: number
  /** What there is no room for goes to files. */
  readonly spools: boolean
}

/** Something to tell people. */
export interface PressureReport {
  /** `filling`: the network takes less than the source gives. `overflowing`: media has been given up. `over`: it is caught up. */
  readonly kind: 'filling' | 'overflowing' | 'over'
  readonly uplinkBitsPerSecond: number
  readonly streamBitsPerSecond: number
  /** Milliseconds until the buffer is full if it goes on so; 0 where it is. */
  readonly fullInMs: number
  /** Since the pressure began. */
  readonly framesLost: number
  /** What there is no room for goes to files. */
  readonly spools: boolean
}

/** Rates are of the last seconds, and only worth telling over some of them. */
const windowMs = 10_000
const leastWindowMs = 4000
const leastIntervalMs = 900
/** While media is given up it is told this often. */
const repeatMs = 60_000

export class Pressure {
  readonly #loads: Load[] = []
  #kind: PressureReport['kind'] = 'over'
  #lostBefore = 0
  #toldMs: MonotonicMs = 0
  #toldLost = 0

  /** Looks at the load, at most every second or so; returns what is new, if anything is. */
  look(load: Load): PressureReport | undefined {
    const loads = this.#loads
    if (load.nowMs - (loads[loads.length - 1]?.nowMs ?? Number.NEGATIVE_INFINITY) < leastIntervalMs) return undefined
    loads.push(load)
    while (load.nowMs - (loads[1]?.nowMs ?? load.nowMs) >= windowMs) loads.shift()
    const kind = this.#judge(load)
    const more = load.framesLost > this.#toldLost
    const again = kind === 'overflowing' && more && load.nowMs - this.#toldMs >= repeatMs
    if (kind === this.#kind && !again) return undefined
    if (this.#kind === 'over') this.#lostBefore = this.#lostAtStart(load)
    this.#kind = kind
    this.#toldMs = load.nowMs
    this.#toldLost = load.framesLost
    return this.#report(load)
  }

  #judge(load: Load): PressureReport['kind'] {
    const first = this.#loads[0] ?? load
    const lost = load.framesLost > first.framesLost
    if (lost || (this.#kind === 'overflowing' && load.heldBytes > load.capacityBytes / 4)) return 'overflowing'
    if (this.#kind !== 'over') return load.heldBytes > load.capacityBytes / 4 ? this.#kind : 'over'
    const { uplinkBitsPerSecond, streamBitsPerSecond } = this.#rates(load)
    const slow = load.nowMs - first.nowMs >= leastWindowMs && uplinkBitsPerSecond < 0.9 * streamBitsPerSecond
    return slow && load.heldBytes > (3 * load.capacityBytes) / 4 ? 'filling' : 'over'
  }

  #lostAtStart(load: Load): number {
    return (this.#loads[0] ?? load).framesLost
  }

  #rates(load: Load): { uplinkBitsPerSecond: number; streamBitsPerSecond: number } {
    const first = this.#loads[0] ?? load
    const seconds = Math.max(1, load.nowMs - first.nowMs) / 1000
    return {
      uplinkBitsPerSecond: (8 * (load.bytesSent - first.bytesSent)) / seconds,
      streamBitsPerSecond: (8 * (load.bytesPut - first.bytesPut)) / seconds,
    }
  }

  #report(load: Load): PressureReport {
    const rates = this.#rates(load)
    const growth = (rates.streamBitsPerSecond - rates.uplinkBitsPerSecond) / 8000
    const room = Math.max(0, load.capacityBytes - load.heldBytes)
    const fullInMs = this.#kind === 'filling' && growth > 0 ? room / growth : 0
    return { kind: this.#kind, ...rates, fullInMs, framesLost: load.framesLost - this.#lostBefore, spools: load.spools }
  }
}
