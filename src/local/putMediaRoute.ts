import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { Admission, type AdmissionLimits } from './admission.ts'
import { findActiveStream } from './control/context.ts'
import type { JsonObject } from './control/fields.ts'
import type { StreamRegistry } from './control/registry.ts'
import { type StreamRecord, storeKey } from './control/stream.ts'
import { ServiceError } from './errors.ts'
import type { LocalKvsEvent } from './events.ts'
import type { BreakFault, EndSessionFault } from './faults/fault.ts'
import type { Faults } from './faults/faults.ts'
import { onResponseOver } from './http/responseOver.ts'
import { type Limits, noLimits, serviceLimits } from './ingest/limits.ts'
import type { LocalKvsSettings } from './options.ts'
import { PutMediaCall } from './putMediaCall.ts'
import { type PutMediaRequest, parsePutMediaRequest } from './putMediaRequest.ts'
import { isContinueExpected, type KnownCall, type StreamingRoute } from './router.ts'
import type { FragmentStore } from './store/fragmentStore.ts'

export interface PutMediaRouteOptions {
  readonly settings: LocalKvsSettings
  readonly registry: StreamRegistry
  readonly store: FragmentStore
  readonly faults: Faults
  /** Throws where PutMedia is not served under this name. */
  checkHost(host: string | undefined): void
  emit(event: LocalKvsEvent): void
}

/** PutMedia: who may send, and what is going on. */
export class PutMediaRoute {
  readonly #options: PutMediaRouteOptions
  readonly #limits: Limits
  readonly #admission: Admission
  /** PutMedia requests that are going on. */
  readonly #calls = new Set<PutMediaCall>()
  #sessions = 0
  #ended = false

  constructor(options: PutMediaRouteOptions) {
    const { settings } = options
    this.#options = options
    this.#limits = limitsOf(settings)
    this.#admission = new Admission(limited(settings, { callsPerSecond: 5, concurrent: settings.concurrentPutMedia }))
  }

  /** Ends every PutMedia request of a stream with the error for a stream that is gone. */
  streamDeleted(key: string): void {
    for (const call of this.#calls) if (call.streamKey === key) call.exchange.streamDeleted()
  }

  /** Ends every PutMedia request that was signed with a key, or all of them, as the service does with old credentials. */
  expire(accessKeyId: string | undefined): void {
    for (const call of this.#calls) {
      if (accessKeyId === undefined || call.accessKeyId === accessKeyId) call.expire()
    }
  }

  /** Lets a fault strike every request that is open, of one stream where it names one. */
  strike(fault: BreakFault | EndSessionFault): void {
    for (const call of this.#calls) if ((fault.stream ?? call.streamName) === call.streamName) call.strike(fault)
  }

  /** Ends everything that streams, in order and without another word. */
  shutDown(): void {
    for (const call of this.#calls) call.exchange.shutDown()
  }

  /** The same, for good. */
  end(): void {
    this.#ended = true
    this.shutDown()
  }

  readonly serve: StreamingRoute = async (call) => {
    const { request, response } = call
    if (request.httpVersion === '1.0') throw tooOld()
    this.#options.checkHost(request.headers.host)
    const asked = parsePutMediaRequest(request.headers)
    if (!(await this.#waitBeforeOk(call))) return
    const { registry, settings } = this.#options
    const stream = findActiveStream(streamOf(asked), registry, settings.nowMs())
    const leave = this.#admission.enter(storeKey(stream), performance.now())
    if (isContinueExpected(request)) response.writeContinue()
    this.#open(call, asked, stream, leave)
  }

  #open(call: KnownCall, asked: PutMediaRequest, stream: StreamRecord, leave: () => void): void {
    const { store, registry, settings, emit } = this.#options
    const session = ++this.#sessions
    const { accessKeyId } = call.credentials
    emit({ type: 'opened', stream: stream.name, session, accessKeyId })
    const open = new PutMediaCall(call, {
      asked,
      stream,
      session,
      limits: this.#limits,
      clock: settings,
      retentionHours: () => registry.get(stream.name)?.retentionHours ?? 0,
      store: async () => (await store.stream(storeKey(stream))).beginSession(),
      leave,
      emit,
    })
    this.#calls.add(open)
    onResponseOver(call.response, () => {
      leave()
      this.#calls.delete(open)
      open.over()
      emit({ type: 'closed', stream: stream.name, session, bodyBytes: open.exchange.bodyBytes })
    })
    if (this.#ended) open.exchange.shutDown()
  }

  /** A fault plan may keep `100 Continue` and 200 apart. False where nobody waits any more. */
  async #waitBeforeOk({ request, response, faults }: KnownCall): Promise<boolean> {
    for (const fault of faults) {
      if (fault.fault !== 'delay' || fault.before !== 'ok') continue
      continueOnce(request, response)
      this.#options.emit({ type: 'fault', fault, operation: 'putMedia' })
      if (!(await this.#options.faults.pause(response, fault.ms))) return false
    }
    return true
  }
}

/** Only where it has not been said: what follows it is the answer. */
function continueOnce(request: IncomingMessage, response: ServerResponse): void {
  if (!isContinueExpected(request)) return
  response.writeContinue()
  delete request.headers.expect
}

function limitsOf(settings: LocalKvsSettings): Limits {
  const base = settings.limits === 'off' ? noLimits : serviceLimits
  return {
    ...base,
    idleCloseMs: settings.idleCloseMs ?? base.idleCloseMs,
    connectionMs: settings.connectionMaxMs ?? base.connectionMs,
  }
}

function limited(settings: LocalKvsSettings, limits: AdmissionLimits): AdmissionLimits | null {
  return settings.limits === 'off' ? null : limits
}

/** Without chunks there is no body without an end, and no ack could be told from the next. */
function tooOld(): ServiceError {
  return new ServiceError('HttpVersionNotSupportedException', 505, 'PutMedia needs HTTP/1.1: its acks come in chunks.')
}

function streamOf(asked: PutMediaRequest): JsonObject {
  return asked.streamName === undefined ? { StreamARN: asked.streamArn } : { StreamName: asked.streamName }
}
