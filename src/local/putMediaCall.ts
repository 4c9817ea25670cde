import { performance } from 'node:perf_hooks'
import { type StreamRecord, storeKey } from './control/stream.ts'
import type { LocalKvsEvent } from './events.ts'
import type { BreakFault, CallFault, EndSessionFault, ErrorAckFault, Fault } from './faults/fault.ts'
import { FaultyAcks } from './faults/faultyAcks.ts'
import { FaultySession } from './faults/faultySession.ts'
import { isBreak } from './faults/plan.ts'
import { type Ack, ackLine } from './ingest/ack.ts'
import { AckFault } from './ingest/errors.ts'
import type { Limits } from './ingest/limits.ts'
import { type FaultMoment, PutMediaSession } from './ingest/putMedia.ts'
import { PutMediaExchange, type SessionOutput } from './putMediaExchange.ts'
import type { PutMediaRequest } from './putMediaRequest.ts'
import type { KnownCall } from './router.ts'
import type { SessionStore } from './store/sessionStore.ts'

export interface PutMediaCallOptions {
  readonly asked: PutMediaRequest
  readonly stream: StreamRecord
  /** Counts over all streams. */
  readonly session: number
  readonly limits: Limits
  readonly clock: { nowMs(): number }
  /** Of the stream, at the moment. */
  retentionHours(): number
  store(): Promise<SessionStore>
  /** The stream may have another request from now on. */
  leave(): void
  emit(event: LocalKvsEvent): void
}

/** One PutMedia request: its session, and what a fault plan has for it. */
export class PutMediaCall {
  readonly exchange: PutMediaExchange
  readonly accessKeyId: string
  readonly streamKey: string
  readonly streamName: string
  readonly #options: PutMediaCallOptions
  readonly #faults: readonly CallFault[]
  readonly #acks: FaultyAcks
  readonly #expiry: NodeJS.Timeout | undefined
  #session: FaultySession | null = null
  #over = false

  /** Answers 200 at once. */
  constructor({ request, response, requestId, credentials, faults }: KnownCall, options: PutMediaCallOptions) {
    this.#options = options
    this.#faults = faults
    this.accessKeyId = credentials.accessKeyId
    this.streamKey = storeKey(options.stream)
    this.streamName = options.stream.name
    this.#acks = new FaultyAcks(faults, this.#tell)
    const expiresMs = credentials.expiration?.getTime()
    if (expiresMs !== undefined)
      this.#expiry = setTimeout(() => this.expire(), timerMs(expiresMs - options.clock.nowMs()))
    this.exchange = PutMediaExchange.start(request, response, requestId, (output) => this.#open(output))
  }

  /** The credentials that it was signed with are of no more use. */
  expire(): void {
    this.exchange.fail(4003, 'the credentials have expired')
  }

  /** Lets a fault strike now. */
  strike(fault: BreakFault | EndSessionFault): void {
    if (isBreak(fault)) this.#session?.break(fault)
    else this.exchange.fail(4003, 'fault plan')
  }

  /** The request is over. */
  over(): void {
    this.#over = true
    clearTimeout(this.#expiry)
    this.#acks.over()
    this.#session?.over()
  }

  async #open(output: SessionOutput): Promise<FaultySession> {
    const store = await this.#options.store()
    const session = new FaultySession(this.#mediaSession(store, output), this.#faults, {
      cut: (how) => this.exchange.cut(how),
      tell: this.#tell,
    })
    this.#session = session
    if (this.#over) session.over()
    return session
  }

  #mediaSession(store: SessionStore, output: SessionOutput): PutMediaSession {
    const { asked, limits, clock, emit, retentionHours } = this.#options
    return new PutMediaSession({
      timecodeType: asked.timecodeType,
      startTimestampMs: asked.startTimestampMs,
      get retentionHours() {
        return retentionHours()
      },
      limits,
      clock,
      timers,
      store,
      send: (ack) => this.#send(ack, output),
      close: () => this.#acks.whenDue(() => output.close()),
      warn: (message) => emit({ type: 'warning', message: `${this.streamName}: ${message}` }),
      faultOf: (fragment, when) => this.#faultOf(fragment, when),
    })
  }

  #send(ack: Ack, output: SessionOutput): void {
    if (!this.#acks.passes(ack)) return
    const { asked, session, emit } = this.#options
    this.#acks.whenDue(() => {
      emit({ type: 'ack', stream: this.streamName, session, ack })
      if (asked.acknowledge || ack.type === 'ERROR') output.send(ackLine(ack))
    })
  }

  #faultOf(fragment: number, when: FaultMoment): AckFault | null {
    const fault = this.#faults.find((each): each is ErrorAckFault => {
      return each.fault === 'errorAck' && (each.fragment ?? 1) === fragment && (each.when ?? 'begin') === when
    })
    if (fault === undefined) return null
    this.#tell(fault)
    return new AckFault(fault.id, 'fault plan', fault.timecode === false)
  }

  readonly #tell = (fault: Fault): void => {
    const { stream, session, emit, leave } = this.#options
    // A client that has heard nothing for long comes again: the service has then forgotten its old connection.
    if (fault.fault === 'stall' || fault.fault === 'halfOpen') leave()
    emit({ type: 'fault', fault, operation: 'putMedia', stream: stream.name, session })
  }
}

/** What a timer takes: beyond 24 days it would strike at once. */
function timerMs(ms: number): number {
  return Math.min(ms, 2 ** 31 - 1)
}

const timers = {
  monotonicMs: () => performance.now(),
  setTimer(delayMs: number, task: () => void) {
    const timer = setTimeout(task, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
