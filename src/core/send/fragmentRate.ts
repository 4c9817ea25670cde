/**
 * The service takes 5 fragments a second on a stream (developer guide, quotas); a backlog must not go out faster, nor take
 * more of the uplink than its share.
 */

import type { Fragment } from '../frame/fragment.ts'
import type { MonotonicMs } from '../frame/time.ts'

/** Longer than the second of the quota: the network may bring fragments together again that left apart. */
const windowMs = 1100

export class FragmentRate {
  readonly #perSecond: number
  readonly #spoolBytesPerMs: number
  readonly #bytesPut: () => number
  readonly #startsMs: MonotonicMs[] = []
  /** No fragment of the spool before that. */
  #spoolFromMs: MonotonicMs = Number.NEGATIVE_INFINITY
  /** When the first fragment began, and what had come in by then. */
  #first: { readonly atMs: MonotonicMs; readonly bytesPut: number } | undefined

  /**
   * @param perSecond fragments that may begin within a second; Infinity lifts the limit
   * @param spoolBytesPerSecond how much faster than new media comes in what was spooled may go out; Infinity: as the
   *   network takes it
   * @param bytesPut media that has come in so far
   */
  constructor(perSecond: number, spoolBytesPerSecond = Number.POSITIVE_INFINITY, bytesPut: () => number = () => 0) {
    this.#perSecond = perSecond
    this.#spoolBytesPerMs = spoolBytesPerSecond / 1000
    this.#bytesPut = bytesPut
  }

  /** How long the next fragment must wait; 0 where it may begin. */
  waitMs(nowMs: MonotonicMs, { spooled }: Pick<Fragment, 'spooled'>): number {
    const shareMs = spooled ? Math.max(0, this.#spoolFromMs - nowMs) : 0
    if (this.#startsMs.length < this.#perSecond) return shareMs
    return Math.max(shareMs, (this.#startsMs[0] ?? 0) + windowMs - nowMs)
  }

  /** A fragment begins now. */
  begin(nowMs: MonotonicMs, { spooled, lengthBytes }: Pick<Fragment, 'spooled' | 'lengthBytes'>): void {
    this.#first ??= { atMs: nowMs, bytesPut: this.#bytesPut() }
    if (spooled) this.#spoolFromMs = nowMs + lengthBytes / (this.#spoolBytesPerMs + this.#liveBytesPerMs(nowMs))
    if (this.#perSecond === Number.POSITIVE_INFINITY) return
    this.#startsMs.push(nowMs)
    if (this.#startsMs.length > this.#perSecond) this.#startsMs.shift()
  }

  /** What comes in waits behind what was spooled: if that went out no faster, it would never be caught up. */
  #liveBytesPerMs(nowMs: MonotonicMs): number {
    const { atMs, bytesPut } = this.#first ?? { atMs: nowMs, bytesPut: 0 }
    return nowMs > atMs ? (this.#bytesPut() - bytesPut) / (nowMs - atMs) : 0
  }
}
