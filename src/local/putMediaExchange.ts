import type { IncomingMessage, ServerResponse } from 'node:http'
import { AckWriter } from './http/ackWriter.ts'
import { cutConnection } from './http/cutConnection.ts'
import { endConnection, keepConnection } from './http/reply.ts'
import { onResponseOver } from './http/responseOver.ts'

/** What takes the media of one PutMedia request and decides on its acks; knows nothing of HTTP. */
export interface MediaSession {
  /** Takes bytes of the body. Null: go on; a promise: give no more before it settles. */
  push(bytes: Uint8Array): Promise<void> | null
  /** The client has sent its last chunk. */
  endOfBody(): void
  /** The connection is gone. */
  aborted(): void
  /** The stream is being deleted: says so to the client and ends. */
  streamDeleted(): void
  /** Ends with an ERROR ack of this id. */
  fail(id: number, reason: string): void
}

/** How a session answers. */
export interface SessionOutput {
  /** Sends one ack, a line of JSON that ends in a newline. */
  send(line: string): void
  /** All is said: the response ends, and where the body goes on, the connection too. */
  close(): void
}

/** The HTTP side of one PutMedia request: the body goes in while acks come out, for as long as both sides like. */
export class PutMediaExchange {
  readonly #request: IncomingMessage
  readonly #acks: AckWriter
  #session: MediaSession | null = null
  /** Reasons not to read: the session is behind, or the client does not take its acks. */
  #sessionBusy = false
  #acksFull = false
  #over = false
  /** What ended it before there was a session. */
  #ending: ((session: MediaSession) => void) | null = null
  #bodyBytes = 0

  private constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    const mayStay = response.shouldKeepAlive
    this.#acks = new AckWriter(response, {
      low: () => {
        this.#acksFull = false
        this.#readOrWait()
      },
      // A body that is not over yet would be taken for the next request.
      ended: () => (mayStay && request.complete) || endConnection(request.socket),
      stuck: () => request.socket.destroy(),
    })
  }

  /** Size of the body so far. */
  get bodyBytes(): number {
    return this.#bodyBytes
  }

  /**
   * Answers 200 at once, since clients wait for it before they send media, then opens the session and connects both.
   * `open` may take its time: the body waits.
   */
  static start(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    open: (output: SessionOutput) => Promise<MediaSession>,
  ): PutMediaExchange {
    const exchange = new PutMediaExchange(request, response)
    keepConnection(response)
    response.writeHead(200, {
      'x-amzn-RequestId': requestId,
      'Content-Type': 'application/json',
      'Transfer-Encoding': 'chunked',
    })
    response.flushHeaders()
    request.on('error', () => undefined)
    request.on('close', () => request.complete || exchange.#abort())
    onResponseOver(response, () => exchange.#abort())
    const output: SessionOutput = {
      send: (line) => exchange.#send(line),
      close: () => exchange.#close(),
    }
    open(output).then(
      (session) => exchange.#connect(session),
      () => exchange.shutDown(),
    )
    return exchange
  }

  /** The stream is being deleted. */
  streamDeleted(): void {
    this.#end((session) => session.streamDeleted())
  }

  /** Ends the exchange with an ERROR ack of this id. */
  fail(id: number, reason: string): void {
    this.#end((session) => session.fail(id, reason))
  }

  #end(end: (session: MediaSession) => void): void {
    if (this.#over) return
    if (this.#session === null) this.#ending ??= end
    else end(this.#session)
  }

  /** Ends the exchange from this side without another word: the client sees an orderly end and comes again. */
  shutDown(): void {
    this.#abort()
    endConnection(this.#request.socket)
  }

  /** Ends the connection amid everything. */
  cut(how: 'close' | 'fin' | 'reset'): void {
    this.#abort()
    cutConnection(this.#request.socket, how)
  }

  #connect(session: MediaSession): void {
    this.#session = session
    if (this.#over) {
      session.aborted()
      return
    }
    if (this.#ending !== null) {
      this.#ending(session)
      return
    }
    this.#request.on('end', () => {
      if (!this.#over) session.endOfBody()
    })
    this.#request.on('data', (bytes: Buffer) => this.#take(session, bytes))
  }

  #take(session: MediaSession, bytes: Buffer): void {
    // What follows an error, or comes after the end, is read so that the client can go on to read our answer.
    if (this.#over) return
    this.#bodyBytes += bytes.length
    const ready = session.push(bytes)
    if (ready === null) return
    this.#sessionBusy = true
    this.#readOrWait()
    const goOn = () => {
      this.#sessionBusy = false
      this.#readOrWait()
    }
    // The session says by an ack what went wrong.
    ready.then(goOn, goOn)
  }

  #send(line: string): void {
    this.#acks.send(line)
    if (this.#acks.waiting > AckWriter.highWater) {
      this.#acksFull = true
      this.#readOrWait()
    }
  }

  #readOrWait(): void {
    const wait = !this.#over && (this.#sessionBusy || this.#acksFull)
    if (wait) this.#request.pause()
    else this.#request.resume()
  }

  #close(): void {
    if (this.#over) return
    this.#over = true
    this.#readOrWait()
    this.#acks.end()
  }

  #abort(): void {
    if (this.#over) return
    this.#over = true
    this.#readOrWait()
    this.#session?.aborted()
  }
}
