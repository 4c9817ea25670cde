/**
 * The line of PutMedia sessions of one stream: prepares the stream, opens a session when there is media, opens the next
 * one when it breaks, and lets go of fragments as the service confirms them.
 */

import { reactionTo } from '../aws/errors.ts'
import { asKvsError, KvsError } from '../errors.ts'
import type { Ack, Fault } from '../frame/ack.ts'
import type { Fragment } from '../frame/fragment.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { Timer } from '../platform.ts'
import { ackError } from './ackError.ts'
import { minCallIntervalMs } from './backoff.ts'
import { Failures } from './failures.ts'
import { Ledger } from './ledger.ts'
import type { LineHandlers, LineOptions } from './line.ts'
import { Session } from './session.ts'
import { type LineState, mayFollow } from './states.ts'

/** After the last PERSISTED the service's end of the response is waited for this long. */
const farewellMs = 1000

/** So many fragments refused in a row mean that the next would be refused as well. */
const refusalsInARow = 3

export class SessionLine {
  readonly #options: LineOptions
  readonly #handlers: LineHandlers
  #state: LineState = 'preparing'
  #session: Session | undefined
  #timer: Timer | undefined
  #retained = true
  #finishing = false
  readonly #failures: Failures
  readonly #ledger: Ledger
  #lastCallMs: MonotonicMs = Number.NEGATIVE_INFINITY
  /** True once the service has accepted a session. */
  everStreamed = false

  constructor(options: LineOptions, handlers: LineHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#failures = new Failures(options.giveUpAfterMs)
    this.#ledger = new Ledger(options, handlers)
  }

  get state(): LineState {
    return this.#state
  }

  /** Begins; called once. */
  start(): void {
    this.#handlers.onState(this.#state)
    this.#prepare()
  }

  /** The buffer has grown, or a fragment has been sealed. */
  pump(): void {
    if (this.#session !== undefined) this.#session.pump()
    else if (this.#state === 'idle') this.#proceed()
  }

  /** Nothing will be added any more: ends when all is confirmed. */
  finish(): void {
    this.#finishing = true
    if (this.#session !== undefined) {
      this.#session.finish()
      if (this.#ledger.isEmpty) this.#awaitFarewell()
    } else if (this.#ledger.isEmpty) {
      // Nothing is owed; but a service that was never reached has not been served either.
      this.#end(this.everStreamed ? null : this.#failures.asReason())
    } else this.pump()
  }

  /** Ends now, whatever is left in the buffer; an error only where the line was failing. */
  abort(): void {
    this.#end(this.#failures.asReason())
  }

  /** The part of the open fragment that is sent may be given up, so that a fragment can outgrow the buffer. */
  releaseSentHead(): boolean {
    const { buffer } = this.#options
    const open = buffer.open
    if (open === undefined || open !== buffer.fragments[0] || this.#session?.sending !== open) return false
    return buffer.releaseHead(this.#session.takenPosition)
  }

  #move(to: LineState): void {
    if (!mayFollow(this.#state, to)) throw new KvsError('INTERNAL', `the line cannot go from ${this.#state} to ${to}`)
    this.#state = to
    this.#handlers.onState(to)
  }

  #prepare(): void {
    this.#options.service.prepare().then(
      (stream) => {
        if (this.#state !== 'preparing') return
        this.#retained = stream.retained
        this.#move('locating')
        this.#locate(false)
      },
      (error: unknown) => this.#failed('preparing', asKvsError(error)),
    )
  }

  #locate(fresh: boolean): void {
    this.#options.service.locate(fresh).then(
      () => {
        if (this.#state !== 'locating') return
        this.#move('idle')
        this.#proceed()
      },
      (error: unknown) => this.#failed('locating', asKvsError(error)),
    )
  }

  /** From idle: opens a session where there is something to send. */
  #proceed(): void {
    const { clock } = this.#options
    if (this.#state !== 'idle') return
    if (this.#ledger.isEmpty) {
      if (this.#finishing) this.#end(null)
      // Until there is media nothing can fail: what failed before is another story.
      else this.#failures.forget()
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
    this.#connect()
  }

  #connect(): void {
    const { service, clock, stats } = this.#options
    this.#move('connecting')
    this.#lastCallMs = clock.monotonicMs()
    stats.sessions++
    const session = new Session(this.#sessionOptions(), {
      onStreaming: () => this.#onStreaming(),
      onAck: (ack) => this.#onAck(session, ack),
      onTaken: () => this.#handlers.onRoom(),
      onEnd: (error) => this.#onSessionEnd(session, error),
    })
    this.#session = session
    service.dial(session.exchangeHandlers).then(
      (exchange) => {
        if (this.#session === session) session.begin(exchange)
        else exchange.destroy()
      },
      (error: unknown) => {
        if (this.#session === session) this.#onSessionEnd(session, asKvsError(error))
      },
    )
  }

  #sessionOptions() {
    const { header, dump, ...rest } = this.#options
    return { ...rest, header: header(), dump: dump?.() }
  }

  #onStreaming(): void {
    this.everStreamed = true
    this.#move('streaming')
    if (this.#finishing) this.#session?.finish()
  }

  #onAck(session: Session, ack: Ack): void {
    if (this.#session !== session) return
    this.#options.stats.acks[ack.type]++
    this.#handlers.onAck(ack)
    const { buffer, settle } = this.#options
    const settlement = settle(ack, buffer.fragments, this.#retained)
    if (settlement.kind === 'received') settlement.fragment.state = 'received'
    else if (settlement.kind === 'persisted') this.#persisted(settlement.fragment)
    else if (settlement.kind === 'failed') this.#onErrorAck(ack, settlement.fault, settlement.fragment)
  }

  #persisted(fragment: Fragment): void {
    this.#ledger.persisted(fragment)
    this.#failures.forget()
    if (this.#ledger.isEmpty && this.#finishing) this.#awaitFarewell()
    this.#handlers.onRoom()
    this.#session?.pump()
  }

  /** All is confirmed and the end of the request on its way: a service that does not answer it is not waited for. */
  #awaitFarewell(): void {
    this.#timer ??= this.#options.clock.setTimer(farewellMs, () => this.#end(null))
  }

  #onErrorAck(ack: Ack, fault: Fault, fragment: Fragment | undefined): void {
    const error = ackError(ack, fault)
    // Before anything else: nothing may be sent of what is dropped.
    this.#session?.destroy()
    if (fragment !== undefined) this.#ledger.lost(fragment, 'refused', error)
    if (fragment !== undefined && this.#failures.refused() >= refusalsInARow) this.#end(error)
    else if (fault === 'configuration') this.#end(error)
    else this.#breakOff(error)
  }

  #onSessionEnd(session: Session, error: KvsError | null): void {
    if (this.#session !== session || this.#state === 'ended') return
    if (this.#ledger.isEmpty && this.#finishing) this.#end(null)
    else if (this.#ledger.isEmpty && error === null && this.#state === 'streaming') this.#rest()
    else this.#breakOff(error ?? new KvsError('CONNECTION_LOST', 'the service ended the session'))
  }

  /** The service has closed a session in which all was confirmed: the next one opens when there is media. */
  #rest(): void {
    this.#session = undefined
    this.#move('idle')
  }

  /** Leaves the session; what it has not brought home goes out again in the next one. */
  #breakOff(error: KvsError): void {
    this.#session?.destroy()
    this.#session = undefined
    this.#options.stats.sessionsFailed++
    this.#ledger.sessionBroke(error)
    this.#failed('idle', error)
    this.#handlers.onRoom()
  }

  /** Decides what a failure leads to: another try from `resume` on, or the end. */
  #failed(resume: 'preparing' | 'locating' | 'idle', error: KvsError): void {
    if (this.#state === 'ended') return
    const { clock, random, service } = this.#options
    const reaction = reactionTo(error)
    const delayMs = this.#failures.add(error, clock.monotonicMs(), random())
    if (reaction === 'refreshCredentials') service.refreshCredentials()
    // Preparing creates the stream where that is allowed: not found then means that it is not.
    if (reaction === 'fatal' || (reaction === 'notFound' && resume === 'preparing')) this.#end(error)
    else if (delayMs === null) this.#end(this.#failures.asReason())
    else this.#retry(error, delayMs, reaction === 'notFound' ? 'preparing' : resume, reaction === 'refreshEndpoint')
  }

  #retry(error: KvsError, delayMs: number, resume: 'preparing' | 'locating' | 'idle', freshEndpoint: boolean): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timer = undefined
      this.#resume(resume, freshEndpoint)
    })
    this.#move('waiting')
    // Whoever is told of a state may have ended the line.
    if (this.#state === 'waiting') this.#handlers.onRetry(error, delayMs)
  }

  #resume(at: 'preparing' | 'locating' | 'idle', freshEndpoint: boolean): void {
    if (at === 'preparing') {
      this.#move('preparing')
      this.#prepare()
    } else if (at === 'locating' || freshEndpoint) {
      this.#move('locating')
      this.#locate(freshEndpoint)
    } else {
      this.#move('idle')
      this.#proceed()
    }
  }

  #end(error: KvsError | null): void {
    if (this.#state === 'ended') return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#session?.destroy()
    this.#session = undefined
    this.#move('ended')
    this.#handlers.onEnd(error)
  }
}
