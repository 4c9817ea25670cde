/** Room in the buffer for the next frame, and what gives way where there is none. */

import type { Backlog } from './buffer/backlog.ts'
import type { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import { type Overflow, oldestToDrop, tooLate } from './buffer/pressure.ts'
import { KvsError } from './errors.ts'
import type { Fragment } from './frame/fragment.ts'
import type { WallMs } from './frame/time.ts'
import { serviceLimits } from './mux/fragmenter.ts'
import type { Ledger } from './send/ledger.ts'
import type { Relay } from './send/relay.ts'
import type { LossReason } from './stats.ts'

export interface RoomOptions {
  readonly buffer: FragmentBuffer
  readonly blockBytes: number
  readonly overflow: Overflow
  /** Longest time that the buffer may span. */
  readonly bufferDurationMs: number
  /** What is still to be sent and further behind than this is left out. */
  readonly maxLatencyMs: number
  /** Keeps in files what memory has no room for. */
  readonly backlog: Pick<Backlog, 'moveOldest'> | undefined
  readonly relay: Pick<Relay, 'releaseSentHead' | 'isSending' | 'relieved'>
  readonly ledger: Pick<Ledger, 'lost'>
  /** Completes the open fragment as it is. */
  readonly seal: () => void
  readonly onWarning: (message: string) => void
}

/** Whether there is room for a frame. */
export type Verdict =
  | 'room'
  /** Not now: it may be put again. */
  | 'full'
  /** What it belonged to has given way: it has to be placed anew. */
  | 'moved'
  /** There is none for it, nor for what depends on it: it is lost. */
  | 'lost'

export class Room {
  readonly #options: RoomOptions
  readonly #isSending: (fragment: Fragment) => boolean
  #outgrown = false

  constructor(options: RoomOptions) {
    this.#options = options
    this.#isSending = (fragment) => options.relay.isSending(fragment)
  }

  /**
   * Makes sure of room for `bytes`, by giving up other media where the options say so, or what is sent of a fragment
   * larger than the buffer.
   *
   * @param beginsMs the time of the frame where it begins a fragment
   * @throws KvsError FRAME_TOO_LARGE where there can never be any
   */
  make(bytes: number, beginsMs: WallMs | undefined): Verdict {
    const { buffer } = this.#options
    this.#check(bytes)
    if (beginsMs !== undefined) {
      this.#skipAhead(beginsMs)
      if (this.#spansTooMuch(beginsMs)) return this.#giveWay(() => !this.#spansTooMuch(beginsMs)) ?? 'full'
    }
    if (buffer.reserve(bytes)) return 'room'
    return this.#giveWay(() => buffer.reserve(bytes)) ?? this.#shrink(bytes)
  }

  /** `enough` says whether what has been given up so far will do; undefined where nothing can be given up. */
  #giveWay(enough: () => boolean): Verdict | undefined {
    const { buffer, overflow, backlog } = this.#options
    while (backlog?.moveOldest(this.#isSending, overflow === 'drop-oldest')) if (enough()) return 'moved'
    if (overflow === 'drop-oldest') {
      const { open } = buffer
      for (;;) {
        const oldest = oldestToDrop(buffer.fragments, this.#isSending)
        if (oldest === undefined) break
        if (oldest.state === 'sent' || oldest.state === 'received') this.#giveUp(oldest)
        else this.#lose(oldest, 'overflow', 'the buffer is full')
        // Placed anew in any case: what `enough` has reserved is there the next time, too.
        if (enough() || oldest === open) return 'moved'
      }
    }
    return overflow === 'drop-newest' ? this.#dropNewest() : undefined
  }

  /** Gives up what is sent of a fragment larger than the buffer. */
  #shrink(bytes: number): Verdict {
    const { buffer, relay } = this.#options
    if (!relay.releaseSentHead(buffer)) return 'full'
    this.#warnOutgrown()
    return buffer.reserve(bytes) ? 'room' : 'full'
  }

  /** The open fragment gives way, or where some of it is sent already, ends here. */
  #dropNewest(): Verdict {
    const { buffer, seal } = this.#options
    const { open } = buffer
    if (open === undefined) return 'lost'
    if (this.#isSending(open)) seal()
    else this.#lose(open, 'overflow', 'the buffer is full')
    return 'lost'
  }

  #skipAhead(nowMs: WallMs): void {
    const { buffer, maxLatencyMs } = this.#options
    if (maxLatencyMs === Number.POSITIVE_INFINITY) return
    for (const fragment of tooLate(buffer.fragments, this.#isSending, nowMs, maxLatencyMs)) {
      this.#lose(fragment, 'too-late', 'it is further behind than --max-latency allows')
    }
  }

  #spansTooMuch(nowMs: WallMs): boolean {
    // What is on its way cannot give way: it will be confirmed, or its connection breaks.
    const oldest = this.#options.buffer.fragments.find((fragment) => !fragment.givenUp && !this.#isSending(fragment))
    // The open one ends here anyway, and is only confirmed once it has.
    return oldest !== undefined && oldest.state !== 'open' && nowMs - oldest.timecodeMs > this.#options.bufferDurationMs
  }

  #giveUp(fragment: Fragment): void {
    this.#options.buffer.giveUp(fragment)
    this.#options.relay.relieved()
  }

  #lose(fragment: Fragment, reason: LossReason, why: string): void {
    const cure = 'lower the bit rate, or give it a larger --size, or a --spool'
    const cause = 'the network takes less than the source gives'
    this.#options.ledger.lost(fragment, reason, new KvsError('DATA_LOST', why, { cause, cure }))
  }

  #check(bytes: number): void {
    const { buffer, blockBytes } = this.#options
    if (bytes > serviceLimits.maxFragmentBytes) {
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into a fragment`, {
        cause: 'the service takes fragments of 50 MB at most',
        cure: 'lower the bit rate',
      })
    }
    if (bytes > buffer.capacityBytes - blockBytes) {
      const kilobytes = ((Math.ceil(bytes / blockBytes) + 1) * blockBytes) / 1024
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into the buffer`, {
        cure: `use --size ${kilobytes} or more`,
      })
    }
  }

  #warnOutgrown(): void {
    if (this.#outgrown) return
    this.#outgrown = true
    const kilobytes = Math.ceil((2 * this.#options.buffer.capacityBytes) / 1024)
    this.#options.onWarning(
      `a fragment is larger than the buffer: if the connection breaks now, it is lost; use --size ${kilobytes} or a shorter key frame interval`,
    )
  }
}
