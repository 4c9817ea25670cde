/** Push parser for HTTP/1.1 responses (RFC 9112): bytes in, events out, no I/O. */

import { KvsError } from '../errors.ts'
import { utf8Text } from '../text.ts'
import { type Framing, HeadBuilder, invalid, type ResponseHead } from './head.ts'
import { LineReader } from './lines.ts'

/** Most bytes of all heads of one response, interim ones and trailers included. */
export const headLimitBytes = 32 * 1024

/** Most bytes of a line that says how large a chunk is, extensions included. */
export const chunkLineLimitBytes = 256

export interface ResponseHandlers {
  /** An interim response, 1xx but 101. */
  onContinue(status: number): void
  onHead(head: ResponseHead): void
  /** A piece of the body, never empty, borrowed until the call returns. */
  onBody(bytes: Uint8Array): void
  onEnd(): void
}

type State = 'head' | 'body' | 'chunkLine' | 'chunkData' | 'chunkEnd' | 'trailer' | 'untilClose' | 'done'

/** Reads one final response and the interim ones before it. */
export class ResponseParser {
  readonly #handlers: ResponseHandlers
  readonly #method: string
  readonly #line = new LineReader()
  #builder = new HeadBuilder()
  #state: State = 'head'
  #headBytes = 0
  /** Bytes of the body, or of the chunk, still to come. */
  #left = 0

  /** `method` is the request's: the response to HEAD has no body whatever its headers say. */
  constructor(method: string, handlers: ResponseHandlers) {
    this.#method = method
    this.#handlers = handlers
  }

  /** True once the response is complete. */
  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Takes bytes of the connection and returns how many belonged to the response: fewer than given only where it is
   * complete. Throws HTTP_INVALID; the parser must not be used afterwards.
   */
  push(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'body' || this.#state === 'chunkData' || this.#state === 'untilClose') {
        at = this.#pushBody(bytes, at)
      } else {
        const limit = this.#state === 'head' || this.#state === 'trailer' ? headLimitBytes : chunkLineLimitBytes
        const next = this.#line.take(bytes, at, limit)
        this.#countHead((next < 0 ? bytes.length : next) - at)
        if (next < 0) return bytes.length
        at = next
        this.#onLine(this.#line.finish())
      }
    }
    return at
  }

  /** The peer has ended the connection. Throws CONNECTION_LOST where the response is not complete. */
  end(): void {
    if (this.#state === 'done') return
    if (this.#state !== 'untilClose') {
      throw new KvsError('CONNECTION_LOST', 'the connection ended in the middle of an HTTP response')
    }
    this.#complete()
  }

  #countHead(bytes: number): void {
    if (this.#state !== 'head' && this.#state !== 'trailer') return
    this.#headBytes += bytes
    if (this.#headBytes > headLimitBytes) throw invalid(`more than ${headLimitBytes} bytes of headers`)
  }

  #pushBody(bytes: Uint8Array, from: number): number {
    const to = this.#state === 'untilClose' ? bytes.length : Math.min(bytes.length, from + this.#left)
    const length = to - from
    if (this.#state !== 'untilClose') this.#left -= length
    this.#handlers.onBody(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))
    if (this.#left === 0) {
      if (this.#state === 'body') this.#complete()
      else if (this.#state === 'chunkData') this.#state = 'chunkEnd'
    }
    return to
  }

  #onLine(line: Uint8Array): void {
    switch (this.#state) {
      case 'head':
        this.#onHeadLine(line)
        return
      case 'chunkLine':
        this.#left = chunkSize(line)
        this.#state = this.#left === 0 ? 'trailer' : 'chunkData'
        return
      case 'chunkEnd':
        if (line.length > 0) throw invalid('a chunk longer than it says')
        this.#state = 'chunkLine'
        return
      default:
        // Trailers are of no use to KVS; only their end matters.
        if (line.length === 0) this.#complete()
    }
  }

  #onHeadLine(line: Uint8Array): void {
    const builder = this.#builder
    if (builder.status === 0) {
      // Some servers leave an empty line after the body before.
      if (line.length > 0) builder.statusLine(utf8Text(line))
    } else if (line.length > 0) {
      builder.headerLine(utf8Text(line))
    } else if (builder.status < 200) {
      if (builder.status === 101) throw invalid('a change of protocol that nobody asked for')
      this.#builder = new HeadBuilder()
      this.#handlers.onContinue(builder.status)
    } else {
      const framing = builder.framing(this.#method)
      this.#begin(framing, builder.head(framing))
    }
  }

  #begin(framing: Framing, head: ResponseHead): void {
    if (framing.kind === 'length') this.#left = framing.bytes
    this.#state = framing.kind === 'length' ? 'body' : framing.kind === 'chunked' ? 'chunkLine' : 'untilClose'
    this.#handlers.onHead(head)
    if (framing.kind === 'length' && framing.bytes === 0) this.#complete()
  }

  #complete(): void {
    this.#state = 'done'
    this.#handlers.onEnd()
  }
}

/** The size out of "1a2b", "1A ;name=value" (RFC 9112 section 7.1). */
function chunkSize(line: Uint8Array): number {
  let size = 0
  let at = 0
  for (; at < line.length; at++) {
    const code = line[at] ?? 0
    const letter = code | 0x20
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
    if (digit < 0) break
    size = size * 16 + digit
  }
  while (line[at] === 0x20 || line[at] === 9) at++
  const ended = at === line.length || line[at] === 0x3b
  if (at === 0 || !ended || !Number.isSafeInteger(size) || line[0] === 0x20 || line[0] === 9) {
    throw invalid('a chunk without a size')
  }
  return size
}
