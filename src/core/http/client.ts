/** A plain HTTP/1.1 client for one origin: one request after the other over one connection that is kept. */

import { asKvsError, KvsError } from '../errors.ts'
import type { WallMs } from '../frame/time.ts'
import type { ClientCertificate, Clock, Connect, Socket, Timer } from '../platform.ts'
import { connectTimeoutMs } from './exchange.ts'
import type { ResponseHead } from './head.ts'
import { hostHeader, type Origin } from './origin.ts'
import { type HeaderLines, requestHead } from './request.ts'
import { ResponseParser } from './response.ts'

/** From the request to the last byte of its response, connecting included. */
export const completionTimeoutMs = 10_000

/** Most bytes of a response body. */
export const bodyLimitBytes = 1024 * 1024

export interface HttpRequest {
  readonly method: string
  /** Path and query as they go into the request line; an origin's own path is the caller's to put before. */
  readonly path: string
  /** `host` is added where missing, `content-length` always. */
  readonly headers: HeaderLines
  readonly body?: Uint8Array
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
  /** What the Date header says. */
  readonly dateMs?: WallMs
}

export interface ClientPlatform {
  readonly clock: Clock
  readonly connect: Connect
}

export interface ClientTimeouts {
  readonly connectMs: number
  readonly completionMs: number
}

const usualTimeouts: ClientTimeouts = { connectMs: connectTimeoutMs, completionMs: completionTimeoutMs }

/** A request and what has come back of it. */
interface Job {
  readonly head: Uint8Array
  readonly request: HttpRequest
  readonly resolve: (response: HttpResponse) => void
  readonly reject: (error: KvsError) => void
  readonly pieces: Uint8Array[]
  bodyBytes: number
  answered: boolean
  response: ResponseHead | undefined
}

export class HttpClient {
  readonly #platform: ClientPlatform
  readonly #origin: Origin
  readonly #timeouts: ClientTimeouts
  readonly #certificate: ClientCertificate | undefined
  readonly #waiting: Job[] = []
  #job: Job | undefined
  #timer: Timer | undefined
  #socket: Socket | undefined
  #parser: ResponseParser | undefined
  /** True where the connection has served a request before the one under way. */
  #reused = false
  /** The socket still borrows the request. */
  #sending = false
  #closed = false

  /** @param certificate shown to a server that asks for one */
  constructor(
    platform: ClientPlatform,
    origin: Origin,
    timeouts: ClientTimeouts = usualTimeouts,
    certificate?: ClientCertificate,
  ) {
    this.#platform = platform
    this.#origin = origin
    this.#timeouts = timeouts
    this.#certificate = certificate
  }

  /**
   * Sends a request, after those before it. Resolves with whatever the service answers; rejects with a KvsError where
   * no whole answer came: CONNECT_FAILED and its kin, CONNECTION_LOST, TIMED_OUT, HTTP_INVALID, STOPPED after `close`.
   */
  request(request: HttpRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new KvsError('STOPPED', 'the connection has been closed')
      const head = requestHead(request.method, request.path, this.#headers(request))
      const job = { head, request, resolve, reject, pieces: [], bodyBytes: 0, answered: false, response: undefined }
      this.#waiting.push(job)
      this.#next()
    })
  }

  /** Drops the connection; requests under way and waiting are rejected with STOPPED. */
  close(): void {
    this.#closed = true
    const stopped = new KvsError('STOPPED', 'the connection has been closed')
    this.#hangUp()
    for (const job of this.#waiting.splice(0)) job.reject(stopped)
    this.#settle()?.reject(stopped)
  }

  #headers(request: HttpRequest): HeaderLines {
    const named = request.headers.some(([name]) => name.toLowerCase() === 'host')
    const host: HeaderLines = named ? [] : [['host', hostHeader(this.#origin)]]
    const length = request.body?.length ?? 0
    const withLength: HeaderLines = length > 0 || request.method !== 'GET' ? [['content-length', String(length)]] : []
    return [...host, ...request.headers, ...withLength]
  }

  #next(): void {
    if (this.#job !== undefined) return
    const job = this.#waiting.shift()
    if (job === undefined) return
    this.#job = job
    const { clock } = this.#platform
    const { completionMs } = this.#timeouts
    this.#timer = clock.setTimer(completionMs, () => {
      this.#fail(new KvsError('TIMED_OUT', `${this.#origin.host} has not answered within ${completionMs / 1000} s`))
    })
    this.#reused = this.#socket !== undefined
    if (this.#socket === undefined) this.#dial()
    else this.#send(job, this.#socket)
  }

  #dial(): void {
    this.#reused = false
    const { host, port, tls } = this.#origin
    const socket: Socket = this.#platform.connect(
      {
        host,
        port,
        tls,
        timeoutMs: this.#timeouts.connectMs,
        ...(this.#certificate !== undefined && { clientCertificate: this.#certificate }),
      },
      {
        onOpen: () => {
          if (this.#socket === socket && this.#job !== undefined) this.#send(this.#job, socket)
        },
        onData: (bytes) => {
          if (this.#socket === socket) this.#onData(bytes)
        },
        onDrain: () => {
          this.#sending = false
        },
        onClose: (error) => {
          if (this.#socket === socket) this.#onClose(error)
        },
      },
    )
    this.#socket = socket
  }

  #send(job: Job, socket: Socket): void {
    this.#parser = new ResponseParser(job.request.method, {
      onContinue: () => undefined,
      onHead: (head) => {
        job.response = head
      },
      onBody: (bytes) => collect(job, bytes),
      onEnd: () => undefined,
    })
    const { body } = job.request
    this.#sending = !socket.write(body === undefined || body.length === 0 ? [job.head] : [job.head, body])
  }

  #onData(bytes: Uint8Array): void {
    const job = this.#job
    if (job === undefined || this.#parser === undefined) {
      // Nobody has asked for anything: such a connection is out of step.
      this.#hangUp()
      return
    }
    job.answered = true
    try {
      const taken = this.#parser.push(bytes)
      if (!this.#parser.done) return
      this.#complete(job, taken === bytes.length && job.response?.keepAlive === true)
    } catch (thrown) {
      this.#fail(asKvsError(thrown))
    }
  }

  #onClose(error: KvsError | null): void {
    const job = this.#job
    const parser = this.#parser
    this.#socket = undefined
    this.#parser = undefined
    if (job === undefined) return
    if (this.#reused && !job.answered) {
      // The service ended an idle connection while the request was on its way: it has not seen it.
      this.#dial()
      return
    }
    try {
      if (error !== null) throw error
      if (parser === undefined) throw new KvsError('CONNECTION_LOST', `${this.#origin.host} closed the connection`)
      parser.end()
      this.#complete(job, false)
    } catch (thrown) {
      this.#fail(asKvsError(thrown))
    }
  }

  #complete(job: Job, keep: boolean): void {
    this.#parser = undefined
    if (!keep || this.#sending) this.#hangUp()
    const { response } = job
    this.#settle()
    if (response === undefined) {
      job.reject(new KvsError('INTERNAL', 'an HTTP response without a head'))
    } else {
      const { status, headers, dateMs } = response
      job.resolve({ status, headers, body: join(job), ...(dateMs === undefined ? {} : { dateMs }) })
    }
    this.#next()
  }

  #fail(error: KvsError): void {
    this.#hangUp()
    this.#settle()?.reject(error)
    this.#next()
  }

  /** Ends the request under way and returns it. */
  #settle(): Job | undefined {
    const job = this.#job
    this.#job = undefined
    this.#timer?.cancel()
    this.#timer = undefined
    return job
  }

  #hangUp(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#parser = undefined
    socket?.destroy()
  }
}

function collect(job: Job, bytes: Uint8Array): void {
  job.bodyBytes += bytes.length
  if (job.bodyBytes > bodyLimitBytes) {
    throw new KvsError('HTTP_INVALID', `the peer's answer has more than ${bodyLimitBytes} bytes`)
  }
  job.pieces.push(new Uint8Array(bytes))
}

function join(job: Job): Uint8Array {
  const body = new Uint8Array(job.bodyBytes)
  let at = 0
  for (const piece of job.pieces) {
    body.set(piece, at)
    at += piece.length
  }
  return body
}
