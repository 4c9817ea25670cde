/** One HTTP/1.1 request whose body is written while its response is read: what PutMedia is made of. */

import { asKvsError, KvsError } from '../errors.ts'
import type { Clock, Connect, Socket, Timer } from '../platform.ts'
import type { ResponseHead } from './head.ts'
import type { Origin } from './origin.ts'
import { chunkHead, chunkHeadBytes, crlf, lastChunk } from './request.ts'
import { ResponseParser } from './response.ts'

/** How long the connection may take to stand (PROTOCOL "service call connection"). */
export const connectTimeoutMs = 5000

/** RFC 9110 section 10.1.1 lets a client send its body although no 100 has come; curl waits as long. */
export const continueTimeoutMs = 1000

/** Most bytes that are read of the body of a refusal, and how long its end may take. */
export const refusalLimitBytes = 64 * 1024
export const refusalTimeoutMs = 5000

/** After a complete response the peer has this long to close the connection. */
const lingerMs = 1000

/** `onClose` comes last and exactly once, unless the exchange was destroyed: then nothing comes any more. */
export interface ExchangeHandlers {
  /** The body may be written: the peer wants it, or has kept silent too long. Not called after a refusal. */
  onReady(): void
  /** The final response's head. A status other than 2xx is a refusal: nothing more is written. */
  onHead(head: ResponseHead): void
  /** Response body, borrowed until the call returns; of a refusal at most `refusalLimitBytes`. */
  onBody(bytes: Uint8Array): void
  /** The last chunk is taken, the next may be written. */
  onDrain(): void
  /** The response is complete, whether or not the request's body has ended. */
  onEnd(): void
  /** The connection is gone: null after a complete response, else why it is not complete. */
  onClose(error: KvsError | null): void
}

export interface ExchangeOptions {
  readonly origin: Origin
  /** Request line and headers as `requestHead` makes them, with `transfer-encoding: chunked`. */
  readonly head: Uint8Array
  /** True where the head says `expect: 100-continue`: the body then waits for the answer, at most a second. */
  readonly expectContinue: boolean
}

export interface ExchangePlatform {
  readonly clock: Clock
  readonly connect: Connect
}

/** The service answers before it needs any media; who keeps silent for so long is not the service. */
const answerTimeoutMs = 15_000

type Body = 'waiting' | 'open' | 'ended' | 'refused'

export class HttpExchange {
  readonly #clock: Clock
  readonly #options: ExchangeOptions
  readonly #handlers: ExchangeHandlers
  readonly #parser: ResponseParser
  readonly #chunkHead = new Uint8Array(chunkHeadBytes)
  /** What is given to the socket: it borrows the list as well as the parts. */
  readonly #gathered: Uint8Array[] = []
  readonly #socket: Socket
  #timer: Timer | undefined
  #body: Body = 'waiting'
  /** The peer wants the body, but the head may still be on its way out. */
  #wanted: boolean
  #blocked = false
  /** The final response's head has come. */
  #answered = false
  /** `endBody` came while the socket had no room. */
  #owesEnd = false
  #refusalBytes = 0
  #closed = false

  /** Connects and sends the head. Handlers are called from later turns only, as the host's `connect` does. */
  static open(platform: ExchangePlatform, options: ExchangeOptions, handlers: ExchangeHandlers): HttpExchange {
    return new HttpExchange(platform, options, handlers)
  }

  private constructor(platform: ExchangePlatform, options: ExchangeOptions, handlers: ExchangeHandlers) {
    this.#clock = platform.clock
    this.#options = options
    this.#handlers = handlers
    this.#wanted = !options.expectContinue
    this.#parser = new ResponseParser('POST', {
      onContinue: (status) => this.#onContinue(status),
      onHead: (head) => this.#onHead(head),
      onBody: (bytes) => this.#onBody(bytes),
      onEnd: () => this.#onEnd(),
    })
    const { host, port, tls } = options.origin
    this.#socket = platform.connect(
      { host, port, tls, timeoutMs: connectTimeoutMs },
      {
        onOpen: () => this.#onOpen(),
        onData: (bytes) => this.#onData(bytes),
        onDrain: () => this.#onDrain(),
        onClose: (error) => this.#onSocketClose(error),
      },
    )
  }

  /**
   * Writes one HTTP chunk out of `parts`, `totalBytes` (1 or more) together, with one write of the socket. True:
   * taken, the next may follow. False: the parts are borrowed until `onDrain`, and nothing may be written before;
   * also false, with nothing taken, once the exchange is over or the service has refused the request.
   */
  writeChunk(parts: readonly Uint8Array[], totalBytes: number): boolean {
    if (this.#closed || this.#parser.done || this.#body === 'refused') return false
    if (this.#body === 'ended') throw new KvsError('STOPPED', 'the body has been ended')
    if (this.#body !== 'open' || this.#blocked) throw new KvsError('INTERNAL', 'a chunk is written out of turn')
    const gathered = this.#gathered
    gathered.length = 0
    gathered.push(chunkHead(totalBytes, this.#chunkHead))
    for (const part of parts) gathered.push(part)
    gathered.push(crlf)
    return this.#write(gathered)
  }

  /** Ends the request's body; what was written goes out before. The response goes on. */
  endBody(): void {
    if (this.#closed || this.#parser.done || this.#body !== 'open') return
    this.#body = 'ended'
    if (this.#blocked) this.#owesEnd = true
    else this.#write([lastChunk])
  }

  /** Drops the connection now; no handler is called any more. */
  destroy(): void {
    if (this.#closed) return
    this.#finish()
    this.#socket.destroy()
  }

  #write(parts: readonly Uint8Array[]): boolean {
    this.#blocked = !this.#socket.write(parts)
    return !this.#blocked
  }

  #onOpen(): void {
    if (this.#closed) return
    this.#write([this.#options.head])
    if (this.#options.expectContinue) this.#setTimer(continueTimeoutMs, () => this.#want())
    this.#tellReady()
  }

  #want(): void {
    this.#wanted = true
    this.#tellReady()
  }

  #tellReady(): void {
    if (!this.#wanted || this.#blocked || this.#body !== 'waiting' || this.#parser.done) return
    this.#timer?.cancel()
    this.#body = 'open'
    if (!this.#answered) this.#setTimer(answerTimeoutMs, () => this.#fail(noAnswer(this.#options.origin)))
    this.#handlers.onReady()
  }

  #onDrain(): void {
    if (this.#closed) return
    this.#blocked = false
    if (this.#owesEnd) {
      this.#owesEnd = false
      this.#write([lastChunk])
    } else if (this.#body === 'waiting') {
      this.#tellReady()
    } else if (this.#body === 'open') {
      this.#handlers.onDrain()
    }
  }

  #onData(bytes: Uint8Array): void {
    if (this.#closed || this.#parser.done) return
    try {
      this.#parser.push(bytes)
    } catch (thrown) {
      this.#fail(asKvsError(thrown))
    }
  }

  #onContinue(status: number): void {
    if (!this.#closed && status === 100) this.#want()
  }

  #onHead(head: ResponseHead): void {
    if (this.#closed) return
    this.#answered = true
    if (head.status < 300) {
      this.#timer?.cancel()
      this.#handlers.onHead(head)
      if (!this.#closed) this.#want()
      return
    }
    this.#body = 'refused'
    this.#owesEnd = false
    this.#setTimer(refusalTimeoutMs, () => this.#endRefusal())
    this.#handlers.onHead(head)
  }

  #onBody(bytes: Uint8Array): void {
    if (this.#closed) return
    if (this.#body !== 'refused') {
      this.#handlers.onBody(bytes)
      return
    }
    const room = refusalLimitBytes - this.#refusalBytes
    this.#refusalBytes += Math.min(bytes.length, room)
    this.#handlers.onBody(bytes.length > room ? bytes.subarray(0, room) : bytes)
    if (bytes.length >= room) this.#endRefusal()
  }

  #onEnd(): void {
    if (this.#closed) return
    if (this.#body === 'refused') {
      this.#endRefusal()
      return
    }
    this.#handlers.onEnd()
    if (this.#closed) return
    this.#socket.end()
    this.#setTimer(lingerMs, () => this.#fail(null))
  }

  /** All that matters of a refusal has been read. */
  #endRefusal(): void {
    if (this.#closed) return
    this.#handlers.onEnd()
    this.#fail(null)
  }

  #onSocketClose(error: KvsError | null): void {
    if (this.#closed) return
    let failure = this.#parser.done ? null : error
    try {
      // An orderly end may be what ends the body.
      if (error === null) this.#parser.end()
    } catch (thrown) {
      failure = asKvsError(thrown)
    }
    if (this.#closed) return
    this.#finish()
    this.#handlers.onClose(failure)
  }

  #fail(error: KvsError | null): void {
    if (this.#closed) return
    this.destroy()
    this.#handlers.onClose(error)
  }

  #finish(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #setTimer(delayMs: number, task: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.setTimer(delayMs, task)
  }
}

function noAnswer({ host, port }: Origin): KvsError {
  return new KvsError('TIMED_OUT', `${host}:${port} did not answer the request in ${answerTimeoutMs / 1000} s`)
}
