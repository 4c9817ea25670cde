import { performance } from 'node:perf_hooks'
import { Admission, type AdmissionLimits } from './admission.ts'
import { findActiveStream } from './control/context.ts'
import type { JsonObject } from './control/fields.ts'
import type { StreamRegistry } from './control/registry.ts'
import { type StreamRecord, storeKey } from './control/stream.ts'
import { ServiceError } from './errors.ts'
import type { LocalKvsEvent } from './events.ts'
import { onResponseOver } from './http/responseOver.ts'
import { ackLine } from './ingest/ack.ts'
import { type Limits, noLimits, serviceLimits } from './ingest/limits.ts'
import { PutMediaSession } from './ingest/putMedia.ts'
import type { LocalKvsSettings } from './options.ts'
import { type MediaSession, PutMediaExchange, type SessionOutput } from './putMediaExchange.ts'
import { type PutMediaRequest, parsePutMediaRequest } from './putMediaRequest.ts'
import { isContinueExpected, type StreamingRoute } from './router.ts'
import type { FragmentStore } from './store/fragmentStore.ts'

export interface PutMediaRouteOptions {
  readonly settings: LocalKvsSettings
  readonly registry: StreamRegistry
  readonly store: FragmentStore
  emit(event: LocalKvsEvent): void
}

/** PutMedia: who may send, and what is going on. */
export class PutMediaRoute {
  readonly #options: PutMediaRouteOptions
  readonly #limits: Limits
  readonly #admission: Admission
  /** PutMedia requests that are going on, by the key of their stream. */
  readonly #exchanges = new Map<string, Set<PutMediaExchange>>()
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
    for (const exchange of this.#exchanges.get(key) ?? []) exchange.streamDeleted()
  }

  /** Ends everything that streams. */
  end(): void {
    this.#ended = true
    for (const exchanges of this.#exchanges.values()) for (const exchange of exchanges) exchange.shutDown()
  }

  readonly serve: StreamingRoute = (call) => {
    const { request, response, requestId } = call
    if (request.httpVersion === '1.0') throw tooOld()
    const asked = parsePutMediaRequest(request.headers)
    const { registry, settings, emit } = this.#options
    const stream = findActiveStream(streamOf(asked), registry, settings.nowMs())
    const key = storeKey(stream)
    const leave = this.#admission.enter(key, performance.now())
    if (isContinueExpected(request)) response.writeContinue()
    const session = ++this.#sessions
    emit({ type: 'opened', stream: stream.name, session })
    const exchange = PutMediaExchange.start(request, response, requestId, (output) =>
      this.#openSession(asked, stream, session, output),
    )
    const exchanges = this.#exchanges.get(key) ?? new Set()
    this.#exchanges.set(key, exchanges.add(exchange))
    onResponseOver(response, () => {
      leave()
      exchanges.delete(exchange)
      if (exchanges.size === 0) this.#exchanges.delete(key)
      emit({ type: 'closed', stream: stream.name, session, bodyBytes: exchange.bodyBytes })
    })
    if (this.#ended) exchange.shutDown()
  }

  async #openSession(
    asked: PutMediaRequest,
    stream: StreamRecord,
    session: number,
    output: SessionOutput,
  ): Promise<MediaSession> {
    const { store, registry, settings, emit } = this.#options
    const media = await store.stream(storeKey(stream))
    return new PutMediaSession({
      timecodeType: asked.timecodeType,
      startTimestampMs: asked.startTimestampMs,
      get retentionHours() {
        return registry.get(stream.name)?.retentionHours ?? 0
      },
      limits: this.#limits,
      clock: settings,
      timers,
      store: media.beginSession(),
      send: (ack) => {
        emit({ type: 'ack', stream: stream.name, session, ack })
        if (asked.acknowledge || ack.type === 'ERROR') output.send(ackLine(ack))
      },
      close: () => output.close(),
      warn: (message) => emit({ type: 'warning', message: `${stream.name}: ${message}` }),
    })
  }
}

const timers = {
  monotonicMs: () => performance.now(),
  setTimer(delayMs: number, task: () => void) {
    const timer = setTimeout(task, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
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
