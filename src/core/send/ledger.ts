/** What becomes of the fragments that a line sends: confirmed, lost, or to be sent again; and the books on it. */

import type { KvsError } from '../errors.ts'
import type { Fragment } from '../frame/fragment.ts'
import { countLoss, type LossReason } from '../stats.ts'
import type { LineHandlers, LineOptions } from './line.ts'

export class Ledger {
  readonly #options: Pick<LineOptions, 'buffer' | 'clock' | 'stats'>
  readonly #handlers: Pick<LineHandlers, 'onLost'>

  constructor(options: Pick<LineOptions, 'buffer' | 'clock' | 'stats'>, handlers: Pick<LineHandlers, 'onLost'>) {
    this.#options = options
    this.#handlers = handlers
  }

  get isEmpty(): boolean {
    return this.#options.buffer.fragments.length === 0
  }

  persisted(fragment: Fragment): void {
    const { stats, clock, buffer } = this.#options
    fragment.state = 'persisted'
    stats.fragmentsPersisted++
    stats.framesPersisted += fragment.frames
    stats.bytesPersisted += fragment.frameBytes
    stats.ackLatencyMs.add(clock.monotonicMs() - fragment.sentAtMs)
    buffer.release(fragment)
  }

  lost(fragment: Fragment, reason: LossReason, error: KvsError): void {
    const { buffer, stats } = this.#options
    countLoss(stats, reason, 1, fragment.frames, fragment.frameBytes)
    buffer.release(fragment)
    this.#handlers.onLost(fragment, reason, error)
  }

  /** What a session that broke has not brought home goes out again, where all of it is still there. */
  sessionBroke(error: KvsError): void {
    for (const fragment of this.#options.buffer.fragments.slice()) {
      if (fragment.headGone) this.lost(fragment, 'larger-than-buffer', error)
      else if (fragment.state === 'sent' || fragment.state === 'received') fragment.state = 'sealed'
    }
  }
}
