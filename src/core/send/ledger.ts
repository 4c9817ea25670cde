/** What becomes of the fragments that a line sends: confirmed, lost, or to be sent again; and the books on it. */

import { KvsError } from '../errors.ts'
import type { Ack, Settlement } from '../frame/ack.ts'
import type { Fragment } from '../frame/fragment.ts'
import { countLoss, type LossReason } from '../stats.ts'
import type { LineHandlers, LineOptions } from './line.ts'
import type { Session } from './session.ts'

export class Ledger {
  readonly #options: Pick<LineOptions, 'queue' | 'clock' | 'stats' | 'settle'>
  readonly #handlers: Pick<LineHandlers, 'onLost'>

  constructor(
    options: Pick<LineOptions, 'queue' | 'clock' | 'stats' | 'settle'>,
    handlers: Pick<LineHandlers, 'onLost'>,
  ) {
    this.#options = options
    this.#handlers = handlers
  }

  get isEmpty(): boolean {
    return this.#options.queue.after(0) === undefined
  }

  /** Whether some of what the session has begun to send is not confirmed, and could be sent again. */
  owes(session: Pick<Session, 'carries'>): boolean {
    return this.#options.queue.fragments.some((fragment) => session.carries(fragment) && !fragment.givenUp)
  }

  /** Books what the service says of the fragments that a session carries; what remains to be decided is returned. */
  acknowledge(session: Pick<Session, 'carries'>, ack: Ack, retained: boolean): Settlement {
    const { queue, settle, stats } = this.#options
    stats.acks[ack.type]++
    const carried = queue.fragments.filter((fragment) => session.carries(fragment))
    const settlement = settle(ack, carried, retained)
    if (settlement.kind === 'received') settlement.fragment.state = 'received'
    else if (settlement.kind === 'persisted') this.#persisted(settlement.fragment)
    return settlement
  }

  #persisted(fragment: Fragment): void {
    const { stats, clock, queue } = this.#options
    fragment.state = 'persisted'
    stats.fragmentsPersisted++
    stats.framesPersisted += fragment.frames
    stats.bytesPersisted += fragment.frameBytes
    stats.ackLatencyMs.add(clock.monotonicMs() - fragment.sentAtMs)
    queue.release(fragment)
  }

  lost(fragment: Fragment, reason: LossReason, error: KvsError): void {
    const { queue, stats } = this.#options
    countLoss(stats, reason, 1, fragment.frames, fragment.frameBytes)
    queue.release(fragment)
    this.#handlers.onLost(fragment, reason, error)
  }

  /** The session has ended in order: what was given up, and has not been confirmed by it, is lost. */
  sessionEnded(session: Pick<Session, 'carries'>): void {
    const why = new KvsError('DATA_LOST', 'the buffer is full, and the service has not confirmed it')
    for (const fragment of this.#options.queue.fragments.filter((each) => each.givenUp && session.carries(each))) {
      this.lost(fragment, 'overflow', why)
    }
  }

  /** What a session that broke has not brought home goes out again, where all of it is still there. */
  sessionBroke(session: Pick<Session, 'carries'>, error: KvsError): void {
    for (const fragment of this.#options.queue.fragments.filter((each) => session.carries(each))) {
      if (fragment.givenUp) this.lost(fragment, 'overflow', error)
      else if (fragment.headGone) this.lost(fragment, fragment.spooled ? 'spool-damaged' : 'larger-than-buffer', error)
      else if (fragment.state === 'sent' || fragment.state === 'received') fragment.state = 'sealed'
    }
  }
}
