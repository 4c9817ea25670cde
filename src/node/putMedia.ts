/** PutMedia by itself: one request, Matroska in, acks out. The AWS SDK for JavaScript has no such call. */

import { setImmediate } from 'node:timers/promises'
import { AckParser } from '../core/ack/parser.ts'
import { ControlPlane } from '../core/aws/controlPlane.ts'
import { CredentialCache, type Credentials } from '../core/aws/credentials/credentials.ts'
import { parseEndpoint } from '../core/aws/endpoints.ts'
import { acceptedOnly, putMediaHead } from '../core/aws/putMedia.ts'
import { ServiceClock } from '../core/aws/serviceClock.ts'
import { KvsError } from '../core/errors.ts'
import type { Ack } from '../core/frame/ack.ts'
import { type ExchangeOptions, HttpExchange } from '../core/http/exchange.ts'
import type { Origin } from '../core/http/origin.ts'
import type { Platform } from '../core/platform.ts'
import { type ServiceOptions, type ServiceSettings, serviceSettings } from './settings.ts'

/** What the call is told. */
export interface PutMediaOptions extends ServiceOptions {
  readonly streamName: string
  /** Where the stream takes media; default: asked for with GetDataEndpoint. */
  readonly dataEndpoint?: string | undefined
  /** ABSOLUTE (default): cluster timecodes are epoch milliseconds. RELATIVE: they count from `startTimestampMs`. */
  readonly timecodeType?: 'ABSOLUTE' | 'RELATIVE' | undefined
  /** Producer start timestamp, epoch milliseconds; default now. */
  readonly startTimestampMs?: number | undefined
  /** Aborting it drops the connection. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens a PutMedia request.
 *
 * @returns once the service has accepted it and wants the media
 * @throws KvsError as the service or the network says
 */
export async function putMedia(options: PutMediaOptions): Promise<PutMediaSession> {
  const { signal } = options
  signal?.throwIfAborted()
  if (signal === undefined) return await open(options)
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([open(options), aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function open(options: PutMediaOptions): Promise<PutMediaSession> {
  const settings = serviceSettings(options)
  const time = new ServiceClock(settings.platform.clock)
  const credentials = await new CredentialCache(settings.credentials, () => time.confirmedMs()).get()
  const origin =
    options.dataEndpoint === undefined
      ? await locate(options.streamName, settings, credentials, time)
      : parseEndpoint(options.dataEndpoint)
  options.signal?.throwIfAborted()
  return await PutMediaSession.open(options, settings, credentials, origin, time.nowMs())
}

async function locate(
  streamName: string,
  settings: ServiceSettings,
  credentials: Credentials,
  time: ServiceClock,
): Promise<Origin> {
  const { platform, endpoint, region, userAgent } = settings
  const provider = () => Promise.resolve(credentials)
  const controlPlane = new ControlPlane(platform, { origin: endpoint, region, userAgent, credentials: provider, time })
  try {
    return await controlPlane.getDataEndpoint(streamName, 'PUT_MEDIA')
  } finally {
    controlPlane.close()
  }
}

/** A PutMedia request under way. */
export class PutMediaSession implements AsyncDisposable {
  readonly #acks: Ack[] = []
  readonly #parser = new AckParser((ack) => this.#onAck(ack))
  #exchange: HttpExchange | undefined
  #error: KvsError | null = null
  #over = false
  /** The network has not taken the last write yet. */
  #blocked = false
  #wake: (() => void)[] = []
  readonly #signal: AbortSignal | undefined
  readonly #abort = () => this.destroy()

  private constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** @internal */
  static async open(
    options: PutMediaOptions,
    settings: ServiceSettings,
    credentials: Credentials,
    origin: Origin,
    wallMs: number,
  ): Promise<PutMediaSession> {
    const { platform, region, userAgent } = settings
    const request = {
      origin,
      streamName: options.streamName,
      region,
      credentials,
      wallMs,
      startTimestampMs: options.startTimestampMs,
      timecodeType: options.timecodeType ?? 'ABSOLUTE',
      userAgent,
      expectContinue: true,
    } as const
    const session = new PutMediaSession(options.signal)
    await session.#dial(platform, credentials, {
      origin,
      head: putMediaHead(request, platform.crypto),
      expectContinue: true,
    })
    return session
  }

  /** Resolves when the service wants the media. */
  #dial(platform: Platform, credentials: Credentials, options: ExchangeOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      let accepted = false
      let wanted = false
      const handlers = {
        onReady: () => {
          wanted = true
          if (accepted) resolve()
        },
        onHead: () => {
          accepted = true
          if (wanted) resolve()
        },
        onBody: (bytes: Uint8Array) => this.#parser.push(bytes),
        onDrain: () => {
          this.#blocked = false
          this.#notify()
        },
        onEnd: () => undefined,
        onClose: (error: KvsError | null) => {
          this.#close(error)
          reject(error ?? new KvsError('CONNECTION_LOST', 'the service ended the request before it took any media'))
        },
      }
      this.#exchange = HttpExchange.open(platform, options, acceptedOnly(handlers, credentials))
      // Called off before the service has answered: the exchange stays silent then.
      this.#wake.push(() => this.#over && reject(this.#error))
    })
  }

  /** Sends Matroska bytes, cut anywhere; resolves when the network has taken them. Rejects once the request is over. */
  async write(bytes: Uint8Array): Promise<void> {
    while (this.#blocked && !this.#over) await this.#change()
    this.#throwIfOver()
    if (bytes.length === 0) return
    this.#blocked = this.#exchange?.writeChunk([bytes], bytes.length) === false
    // A network that takes everything at once must not keep a loop of writes from seeing the acks.
    if (!this.#blocked) await setImmediate()
    while (this.#blocked && !this.#over) await this.#change()
    this.#throwIfOver()
  }

  /**
   * The service's acks as they come; ends with the request, with its error if there was one. Acks that nobody takes are
   * kept, three for a fragment.
   */
  async *acks(): AsyncGenerator<Ack, void, void> {
    for (;;) {
      const ack = this.#acks.shift()
      if (ack !== undefined) yield ack
      else if (!this.#over) await this.#change()
      else if (this.#error === null) return
      else throw this.#error
    }
  }

  /** Ends the body and waits until the service has ended its response. Acks not read yet can still be read. */
  async end(): Promise<void> {
    this.#exchange?.endBody()
    while (!this.#over) await this.#change()
    if (this.#error !== null) throw this.#error
  }

  /** Drops the connection. */
  destroy(): void {
    this.#exchange?.destroy()
    this.#close(new KvsError('STOPPED', 'the request was called off'))
  }

  /** Drops the connection unless it has ended. */
  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.destroy()
    return Promise.resolve()
  }

  #throwIfOver(): void {
    if (this.#over) throw this.#error ?? new KvsError('STOPPED', 'the request has ended')
  }

  #onAck(ack: Ack): void {
    this.#acks.push(ack)
    this.#notify()
  }

  #close(error: KvsError | null): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#notify()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}
