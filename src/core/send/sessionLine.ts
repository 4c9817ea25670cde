/**
 * The line of PutMedia sessions of one stream: prepares the stream, opens a session when there is media, hands over to
 * the next one in time, opens another when it breaks, and lets go of fragments as the service confirms them.
 */

import { asKvsError, KvsError } from '../errors.ts'
import type { Ack, Fault } from '../frame/ack.ts'
import type { Fragment } from '../frame/fragment.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { Timer } from '../platform.ts'
import { ackError } from './ackError.ts'
import { minCallIntervalMs } from './backoff.ts'
import { Failures, type Resume } from './failures.ts'
import { Ledger } from './ledger.ts'
import type { LineHandlers, LineOptions } from './line.ts'
import { Relay } from './relay.ts'
import { Rotation } from './rotation.ts'
import { Session } from './session.ts'
import { type LineState, mayFollow } from './states.ts'

/** After the last PERSISTED the service's end of the response is waited for this long. */
const farewellMs = 1000

export class SessionLine {
  readonly #options: LineOptions
  readonly #handlers: LineHandlers
  #state: LineState = 'preparing'
  /** Its sessions, for those who only look. */
  readonly relay = new Relay()
  #timer: Timer | undefined
  #retained = true
  #finishing = false
  readonly #failures: Failures
  /** The books on its fragments. */
  readonly ledger: Ledger
  readonly #rotation: Rotation
  #lastCallMs: MonotonicMs = Number.NEGATIVE_INFINITY
  /** True once the service has accepted a session. */
  everStreamed = false

  constructor(options: LineOptions, handlers: LineHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#failures = new Failures(options.giveUpAfterMs)
    this.ledger = new Ledger(options, handlers)
    this.#rotation = new Rotation(options, {
      onOpen: () => this.#openSuccessor(),
      onLeave: () => this.relay.session?.leave(),
      onRetry: (error, delayMs) => handlers.onRetry(error, delayMs),
    })
  }

  get state(): LineState {
    return this.#state
  }

  /** Begins; called once. */
  start(): void {
    this.#handlers.onState(this.#state)
    this.#prepare(false)
  }

  /** The queue has grown, or a fragment has been sealed. */
  pump(): void {
    if (this.relay.session !== undefined) this.relay.session.pump()
    else if (this.#state === 'idle') this.#proceed()
  }

  /** The source has fallen silent: the session ends in order, and the next one begins with the next fragment. */
  rest(): void {
    if (this.#state !== 'streaming') return
    this.#dropSuccessor()
    this.relay.session?.rest()
  }

  /** Nothing will be added any more: ends when all is confirmed. */
  finish(): void {
    this.#finishing = true
    this.#dropSuccessor()
    this.relay.session?.finish()
    if (!this.ledger.isEmpty) this.pump()
    else if (!this.relay.isEmpty) this.#awaitFarewell()
    // Nothing is owed; but a service that was never reached has not been served either.
    else this.#end(this.everStreamed ? null : this.#failures.asReason())
  }

  /** Ends now, whatever is left in the buffer; an error only where the line was failing. */
  abort(): void {
    this.#end(this.#failures.asReason())
  }

  #move(to: LineState): void {
    if (!mayFollow(this.#state, to)) throw new KvsError('INTERNAL', `the line cannot go from ${this.#state} to ${to}`)
    this.#state = to
    this.#handlers.onState(to)
  }

  /** @param freshEndpoint whether the data endpoint is to be asked for anew after that */
  #prepare(freshEndpoint: boolean): void {
    const prepared = this.#options.service.prepare().then(({ retained }) => {
      this.#retained = retained
    })
    this.#attempt('preparing', prepared, () => {
      this.#move('locating')
      this.#locate(freshEndpoint)
    })
  }

  #locate(fresh: boolean): void {
    this.#attempt('locating', this.#options.service.locate(fresh), () => this.#idle())
  }

  #attempt(state: 'preparing' | 'locating', work: Promise<void>, next: () => void): void {
    work.then(
      () => {
        if (this.#state === state) next()
      },
      (error: unknown) => this.#failed(state, asKvsError(error)),
    )
  }

  #idle(): void {
    this.#move('idle')
    this.#proceed()
  }

  /** From idle: opens a session where there is something to send. */
  #proceed(): void {
    const { clock, queue } = this.#options
    if (this.#state !== 'idle' || (this.relay.leaving !== undefined && this.#rotation.oneAtATime)) return
    if (queue.after(this.relay.last) === undefined) {
      if (this.#finishing && this.ledger.isEmpty) this.#end(null)
      // Until there is media nothing can fail: what failed before is another story.
      else if (this.relay.leaving === undefined) this.#failures.forget()
      return
    }
    const waitMs = this.#lastCallMs + minCallIntervalMs - clock.monotonicMs()
    if (waitMs > 0) {
      this.#timer ??= clock.setTimer(waitMs, () => {
        this.#timer = undefined
        this.#proceed()
      })
      return
    }
    this.#move('connecting')
    // Whoever is told of a state may have ended it.
    if (this.state !== 'connecting') return
    this.relay.session = this.#dial()
    this.relay.session.sendAfter(this.relay.last)
  }

  #openSuccessor(): void {
    if (this.relay.session === undefined || this.#state !== 'streaming') return
    // One at a time hands over: the one before has to be through.
    if (this.relay.leaving !== undefined) this.#rotation.plan(this.#options.clock.monotonicMs() + minCallIntervalMs)
    else this.relay.successor ??= this.#dial()
  }

  #dropSuccessor(): void {
    this.#rotation.cancel()
    this.relay.dropSuccessor()
  }

  /** Opens a session that waits for its turn. */
  #dial(): Session {
    const { service, clock, stats, dump } = this.#options
    this.#lastCallMs = clock.monotonicMs()
    stats.sessions++
    const session = new Session(
      { ...this.#options, dump: dump?.() },
      {
        onReady: () => this.#onWilling(session),
        onAccepted: () => this.#onAccepted(session),
        onAck: (ack) => this.#onAck(session, ack),
        onTaken: () => this.#handlers.onRoom(),
        onLeft: () => this.#onLeft(session),
        onEnd: (error) => this.#onSessionEnd(session, error),
      },
    )
    service.dial(session.exchangeHandlers).then(
      (dialled) => {
        if (this.relay.has(session)) session.begin(dialled)
        else dialled.exchange.destroy()
      },
      (error: unknown) => this.#onSessionEnd(session, asKvsError(error)),
    )
    return session
  }

  #onAccepted(session: Session): void {
    this.everStreamed = true
    if (session === this.relay.session) this.#streams(session)
    else this.#onWilling(session)
  }

  /** The service takes media of the one that is to take over. */
  #onWilling(session: Session): void {
    if (session === this.relay.successor) this.relay.session?.leave()
  }

  #streams(session: Session): void {
    if (this.#state !== 'streaming') this.#move('streaming')
    if (this.relay.session !== session) return
    if (this.#finishing) session.finish()
    else this.#rotation.plan(session.renewAtMs)
  }

  /** The session has its last fragment: the next one goes on behind it. */
  #onLeft(session: Session): void {
    // The one before has to be through: then it is asked for again.
    if (session !== this.relay.session || this.relay.leaving !== undefined) return
    const successor = this.relay.handOver()
    this.#rotation.cancel()
    if (successor === undefined) this.#idle()
    else this.#promote(successor)
  }

  #promote(successor: Session): void {
    if (!successor.accepted) this.#move('connecting')
    else this.#streams(successor)
    if (this.relay.session === successor) successor.sendAfter(this.relay.last)
  }

  #onAck(session: Session, ack: Ack): void {
    if (session !== this.relay.session && session !== this.relay.leaving) return
    this.#handlers.onAck(ack)
    const settlement = this.ledger.acknowledge(session, ack, this.#retained)
    if (settlement.kind === 'persisted') this.#onPersisted(session, settlement.fragment)
    else if (settlement.kind === 'failed') this.#onErrorAck(session, ack, settlement.fault, settlement.fragment)
  }

  #onPersisted(session: Session, fragment: Fragment): void {
    this.#failures.worked(this.#options.clock.monotonicMs())
    if (this.ledger.isEmpty && this.#finishing) this.#awaitFarewell()
    this.#handlers.onRoom()
    session.confirmed(fragment)
  }

  /** All is confirmed: a service that does not end the response is not waited for. */
  #awaitFarewell(): void {
    this.#timer ??= this.#options.clock.setTimer(farewellMs, () => this.#end(null))
  }

  #onErrorAck(session: Session, ack: Ack, fault: Fault, fragment: Fragment | undefined): void {
    const error = ackError(ack, fault)
    // Before anything else: nothing may be sent of what is dropped.
    session.destroy()
    const refused = fault === 'fragment' && fragment !== undefined
    const poisoned = fragment !== undefined && this.#failures.blamed(fragment.number, this.#options.clock.monotonicMs())
    if (refused || poisoned) this.ledger.lost(fragment, 'refused', error)
    if ((refused && this.#failures.refused()) || fault === 'configuration') this.#end(error)
    else this.#broke(session, error)
  }

  #onSessionEnd(session: Session, error: KvsError | null): void {
    if (this.#state === 'ended' || !this.relay.has(session)) return
    const lost = error ?? new KvsError('CONNECTION_LOST', 'the service ended the session')
    if (session === this.relay.successor) {
      this.relay.remove(session)
      this.#options.stats.sessionsFailed++
      this.#rotation.failed(lost)
      return
    }
    const { queue } = this.#options
    const inOrder = error === null && !this.ledger.owes(session)
    if (this.ledger.isEmpty && this.#finishing) this.#through(session)
    else if (inOrder && session === this.relay.leaving) this.#through(session)
    // All was confirmed: the next session opens when there is media.
    else if (inOrder && session.accepted && queue.after(session.last) === undefined) this.#through(session)
    else this.#broke(session, lost)
  }

  /** The session is over, and all that it has sent is confirmed. */
  #through(session: Session): void {
    this.ledger.sessionEnded(session)
    const sent = session === this.relay.session
    this.relay.remove(session)
    if (sent) {
      this.#dropSuccessor()
      if (this.#state !== 'connecting') this.#move('idle')
    }
    if (!sent && this.relay.session?.left) this.#onLeft(this.relay.session)
    if (this.#finishing && this.ledger.isEmpty && this.relay.isEmpty) this.#end(null)
    else this.#proceed()
  }

  /** The session is over, and what it has not brought home goes out again in the next one. */
  #broke(session: Session, error: KvsError): void {
    this.#options.stats.sessionsFailed++
    const { sessions, heir, silent } = this.relay.broke(session)
    if (heir === undefined) this.#rotation.cancel()
    for (const each of sessions) this.ledger.sessionBroke(each, error)
    if (heir !== undefined) {
      this.#handlers.onRetry(error, 0)
      this.#promote(heir)
    } else if (silent || this.#state === 'idle') {
      if (this.relay.leaving !== undefined) this.#rotation.learn(error)
      // A stream that confirms nothing may have changed: whether it retains anything is asked anew.
      this.#failed(error.code === 'TIMED_OUT' ? 'preparing' : 'idle', error)
    }
    this.#handlers.onRoom()
  }

  /** What is done from `resume` on has failed: it is tried again, or this is the end. */
  #failed(resume: Resume, error: KvsError): void {
    if (this.#state === 'ended') return
    const { clock, random, service } = this.#options
    const next = this.#failures.add(error, resume, clock.monotonicMs(), random())
    if (next.kind === 'end') {
      this.#end(next.error)
      return
    }
    if (next.freshCredentials) service.refreshCredentials(error)
    this.#timer?.cancel()
    this.#timer = clock.setTimer(next.delayMs, () => {
      this.#timer = undefined
      this.#resume(next.resume, next.freshEndpoint)
    })
    this.#move('waiting')
    // Whoever is told of a state may have ended the line.
    if (this.#state === 'waiting') this.#handlers.onRetry(error, next.delayMs)
  }

  #resume(at: Resume, freshEndpoint: boolean): void {
    if (at === 'preparing') {
      this.#move('preparing')
      this.#prepare(freshEndpoint)
    } else if (at === 'locating' || freshEndpoint) {
      this.#move('locating')
      this.#locate(freshEndpoint)
    } else this.#idle()
  }

  #end(error: KvsError | null): void {
    if (this.#state === 'ended') return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#rotation.cancel()
    this.relay.destroy()
    this.#move('ended')
    this.#handlers.onEnd(error)
  }
}
