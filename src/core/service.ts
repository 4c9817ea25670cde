/** One stream of Kinesis Video Streams as the line of sessions needs it: prepared, located, dialled. */

import { Cancellation } from './aws/cancellation.ts'
import { ControlPlane } from './aws/controlPlane.ts'
import { CredentialCache, type Credentials } from './aws/credentials/credentials.ts'
import { type PreparedStream, prepareStream } from './aws/prepare.ts'
import { acceptedOnly, putMediaHead } from './aws/putMedia.ts'
import { ServiceClock, wrongClockText } from './aws/serviceClock.ts'
import { SigningKeys } from './aws/sigv4.ts'
import { KvsError } from './errors.ts'
import { mediaTypeOf } from './frame/frame.ts'
import type { MonotonicMs, WallMs } from './frame/time.ts'
import { type ExchangeHandlers, HttpExchange } from './http/exchange.ts'
import type { Origin } from './http/origin.ts'
import type { ProducerOptions } from './options.ts'
import type { Clock, Platform } from './platform.ts'
import type { Dialled, Service } from './send/line.ts'

/** The service ends a session after 45 minutes (developer guide, quotas); its own producers never reach that. */
const longestSessionMs = 40 * 60_000

/** A data endpoint is asked for again after this long, as the C producer does. */
const endpointLifeMs = 40 * 60_000

/** A provider of credentials that has not answered by then is told of as failing; it may still answer later. */
const providerTimeoutMs = 60_000

export interface ServiceHandlers {
  /** The stream is there. */
  onStream(stream: PreparedStream): void
  onWarning(message: string): void
}

export class StreamService implements Service {
  readonly #platform: Platform
  readonly #options: ProducerOptions
  readonly #handlers: ServiceHandlers
  readonly #time: ServiceClock
  readonly #credentials: CredentialCache
  readonly #controlPlane: ControlPlane
  readonly #keys: SigningKeys
  readonly #end = new Cancellation()
  #endpoint: Origin | undefined
  #endpointMs: MonotonicMs = 0
  #used: Credentials | undefined
  /** Those of the latest session, and when they are due to be replaced. */
  #dialledWith: Credentials | undefined
  #dueMs: WallMs = Number.POSITIVE_INFINITY
  #rejected: Credentials | undefined
  /** What the service said of them. */
  #rejection: KvsError | undefined

  constructor(platform: Platform, options: ProducerOptions, handlers: ServiceHandlers) {
    this.#platform = platform
    this.#options = options
    this.#handlers = handlers
    this.#time = new ServiceClock(platform.clock, (offsetMs) => handlers.onWarning(wrongClockText(offsetMs)))
    this.#credentials = new CredentialCache(
      options.credentials,
      () => this.#time.confirmedMs(),
      () => this.#random(),
      (error) => handlers.onWarning(`credentials could not be renewed: ${error.message}`),
    )
    this.#keys = new SigningKeys(platform.crypto)
    this.#controlPlane = new ControlPlane(platform, {
      origin: options.endpoint,
      region: options.region,
      credentials: () => this.#identity(),
      time: this.#time,
      userAgent: options.userAgent,
    })
  }

  /** The service's time, as far as it is known. */
  nowMs(): WallMs {
    return this.#time.nowMs()
  }

  async prepare(): Promise<{ retained: boolean }> {
    const { streamName, create, retentionHours, mediaType, kmsKeyId, tags } = this.#options
    const { clock } = this.#platform
    const defaults = { retentionHours: 2, mediaType: mediaTypeOf(this.#options.tracks) }
    const wanted = {
      name: streamName,
      create,
      retentionHours,
      mediaType,
      defaults,
      kmsKeyId,
      tags,
      clock,
      cancel: this.#end,
    }
    const stream = await prepareStream(this.#controlPlane, wanted)
    this.#handlers.onStream(stream)
    return { retained: stream.retentionHours > 0 }
  }

  async locate(fresh: boolean): Promise<void> {
    const nowMs = this.#platform.clock.monotonicMs()
    if (!fresh && this.#endpoint !== undefined && nowMs - this.#endpointMs < endpointLifeMs) return
    const name = this.#options.streamName
    this.#endpoint = await this.#controlPlane.getDataEndpoint(name, 'PUT_MEDIA')
    this.#endpointMs = nowMs
  }

  /** Null: another session may be opened now. Else the credentials expire soon, and newer ones may be there by then. */
  async renew(): Promise<MonotonicMs | null> {
    const credentials = await this.#identity()
    const { clock } = this.#platform
    if (credentials !== this.#dialledWith || this.nowMs() < this.#dueMs) return null
    return clock.monotonicMs() + Math.ceil(this.#renewAtMs(credentials) - this.nowMs())
  }

  async dial(handlers: ExchangeHandlers): Promise<Dialled> {
    const { streamName, region, userAgent } = this.#options
    await this.locate(false)
    const origin = this.#endpoint
    if (origin === undefined) throw new KvsError('INTERNAL', 'no data endpoint is known')
    const credentials = await this.#identity()
    const request = {
      origin,
      streamName,
      region,
      credentials,
      wallMs: this.nowMs(),
      timecodeType: 'ABSOLUTE' as const,
      userAgent,
      expectContinue: true,
    }
    const head = putMediaHead(request, this.#platform.crypto, this.#keys)
    const exchange = HttpExchange.open(
      this.#platform,
      { origin, head, expectContinue: true },
      acceptedOnly(handlers, credentials),
    )
    this.#dialledWith = credentials
    this.#dueMs = this.#renewAtMs(credentials)
    // Not all producers that were started together do it at the same moment.
    const lifeMs = (this.#options.rotateAfterMs ?? longestSessionMs) * (1 - this.#random() / 20)
    const renewAtMs = this.#platform.clock.monotonicMs() + Math.min(lifeMs, Math.ceil(this.#dueMs - this.nowMs()))
    return { exchange, renewAtMs }
  }

  #renewAtMs(credentials: Credentials): WallMs {
    return this.#credentials.renewAtMs(credentials) ?? Number.POSITIVE_INFINITY
  }

  /** The service has refused the credentials as too old: others are needed for the next try. */
  refreshCredentials(error: KvsError): void {
    this.#rejected = this.#used
    this.#rejection = error
    this.#credentials.invalidate()
  }

  /** Ends the connection to the control plane, and whatever waits for it. */
  close(): void {
    this.#end.abort()
    this.#controlPlane.close()
    this.#credentials.close()
  }

  /** 0 (inclusive) to 1 (exclusive). */
  #random(): number {
    const bytes = new Uint8Array(4)
    this.#platform.random(bytes)
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32
  }

  async #identity(): Promise<Credentials> {
    const credentials = await within(this.#credentials.get(), this.#platform.clock, providerTimeoutMs, this.#end)
    const { accessKeyId, sessionToken, expiration } = credentials
    const rejected = this.#rejected
    // A source that knows of no end, such as the environment, will not come up with others.
    const same = rejected?.accessKeyId === accessKeyId && rejected.sessionToken === sessionToken
    if (same && expiration === undefined && this.#rejection !== undefined) {
      const { code, message, likelyCause, cure, aws, httpStatus } = this.#rejection
      const details = { cause: likelyCause, cure, retry: false, ...(aws !== undefined && { aws }) }
      throw new KvsError(code, message, { ...details, ...(httpStatus !== undefined && { httpStatus }) })
    }
    this.#used = credentials
    return credentials
  }
}

/** The same promise, rejected with TIMED_OUT where it takes longer, with STOPPED where it is called off. */
function within<T>(promise: Promise<T>, clock: Clock, timeoutMs: number, cancel: Cancellation): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = () => {
      timer.cancel()
      cancel.removeEventListener('abort', stop)
    }
    const stop = () => {
      over()
      reject(new KvsError('STOPPED', 'the producer has been stopped'))
    }
    const timer = clock.setTimer(timeoutMs, () => {
      over()
      reject(new KvsError('TIMED_OUT', `no credentials have come in ${timeoutMs / 1000} s`))
    })
    cancel.addEventListener('abort', stop)
    promise.then(resolve, reject).finally(over)
  })
}
