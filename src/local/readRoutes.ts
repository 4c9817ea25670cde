import { performance } from 'node:perf_hooks'
import { Admission, type AdmissionLimits } from './admission.ts'
import { findActiveStream } from './control/context.ts'
import type { JsonObject } from './control/fields.ts'
import type { StreamRegistry } from './control/registry.ts'
import { type StreamRecord, storeKey } from './control/stream.ts'
import { sendJson } from './http/reply.ts'
import { sendStream } from './http/sendStream.ts'
import type { LocalKvsSettings } from './options.ts'
import { mediaContentType } from './play/chunks.ts'
import { getMedia } from './play/getMedia.ts'
import { getMediaForFragmentList } from './play/getMediaForFragmentList.ts'
import { listFragments } from './play/listFragments.ts'
import type { Call, JsonRoute } from './router.ts'
import type { FragmentStore } from './store/fragmentStore.ts'

/** Quotas of the service; for GetMediaForFragmentList it names no rate. */
const getMediaLimits: AdmissionLimits = { callsPerSecond: 5, concurrent: 3 }
const fragmentListLimits: AdmissionLimits = { callsPerSecond: Number.POSITIVE_INFINITY, concurrent: 5 }

export interface ReadRoutesOptions {
  readonly settings: LocalKvsSettings
  readonly registry: StreamRegistry
  readonly store: FragmentStore
}

/** The operations that give media back. */
export class ReadRoutes {
  readonly routes: ReadonlyMap<string, JsonRoute>
  readonly #options: ReadRoutesOptions
  readonly #getMedia: Admission
  readonly #fragmentList: Admission
  readonly #stop = new AbortController()

  constructor(options: ReadRoutesOptions) {
    this.#options = options
    const limited = options.settings.limits === 'on'
    this.#getMedia = new Admission(limited ? getMediaLimits : null)
    this.#fragmentList = new Admission(limited ? fragmentListLimits : null)
    this.routes = new Map<string, JsonRoute>([
      ['/getMedia', (input, call) => this.#serveGetMedia(input, call)],
      ['/getMediaForFragmentList', (input, call) => this.#serveFragmentList(input, call)],
      ['/listFragments', (input, call) => this.#serveListFragments(input, call)],
    ])
  }

  /** Ends everything that streams. */
  end(): void {
    this.#stop.abort()
  }

  async #serveListFragments(input: JsonObject, { response, requestId }: Call): Promise<void> {
    const { stream, media } = await this.#find(input)
    sendJson(response, 200, listFragments(input, media, stream.retentionHours), requestId)
  }

  async #serveGetMedia(input: JsonObject, call: Call): Promise<void> {
    const { stream, media } = await this.#find(input)
    await this.#stream(call, this.#getMedia, stream, getMedia(input, media))
  }

  async #serveFragmentList(input: JsonObject, call: Call): Promise<void> {
    const { stream, media } = await this.#find(input)
    await this.#stream(call, this.#fragmentList, stream, getMediaForFragmentList(input, media, stream.retentionHours))
  }

  async #stream(
    { response, requestId }: Call,
    admission: Admission,
    stream: StreamRecord,
    pieces: (gone: AbortSignal) => AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const leave = admission.enter(storeKey(stream), performance.now())
    try {
      const headers = { 'Content-Type': mediaContentType, 'x-amzn-RequestId': requestId }
      await sendStream(response, headers, this.#stop.signal, pieces)
    } finally {
      leave()
    }
  }

  async #find(input: JsonObject) {
    const { registry, settings } = this.#options
    const stream = findActiveStream(input, registry, settings.nowMs())
    return { stream, media: await this.#options.store.stream(storeKey(stream)) }
  }
}
