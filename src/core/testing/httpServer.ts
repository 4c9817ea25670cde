/** Requests out of the bytes of one connection, bodies with a length or chunked, as they arrive. */

import { utf8Bytes, utf8Text } from '../text.ts'

export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyMap<string, string>
}

export interface RequestEvents {
  head(head: RequestHead): void
  body(bytes: Uint8Array): void
  end(): void
}

type State = 'head' | 'body' | 'size' | 'chunk' | 'afterChunk' | 'trailer'

export class RequestReader {
  readonly #events: RequestEvents
  #state: State = 'head'
  #line = ''
  #lines: string[] = []
  #left = 0

  constructor(events: RequestEvents) {
    this.#events = events
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'body' || this.#state === 'chunk') {
        const length = Math.min(this.#left, bytes.length - at)
        this.#events.body(bytes.subarray(at, at + length))
        at += length
        this.#left -= length
        if (this.#left === 0) this.#bodyEnd()
      } else {
        const byte = bytes[at++] ?? 0
        if (byte !== 10) this.#line += String.fromCharCode(byte)
        else this.#endLine()
      }
    }
  }

  #bodyEnd(): void {
    if (this.#state === 'chunk') this.#state = 'afterChunk'
    else this.#end()
  }

  #endLine(): void {
    if (!this.#line.endsWith('\r')) throw new Error(`a line without CR: ${this.#line}`)
    const line = this.#line.slice(0, -1)
    this.#line = ''
    if (this.#state === 'head') this.#headLine(line)
    else if (this.#state === 'afterChunk') {
      if (line !== '') throw new Error(`a chunk is followed by ${line}`)
      this.#state = 'size'
    } else if (this.#state === 'size') {
      this.#left = Number.parseInt(line, 16)
      if (!(this.#left >= 0)) throw new Error(`a chunk of ${line} bytes`)
      this.#state = this.#left === 0 ? 'trailer' : 'chunk'
    } else if (line === '') this.#end()
  }

  #headLine(line: string): void {
    if (line !== '') {
      this.#lines.push(line)
      return
    }
    const [first = '', ...rest] = this.#lines
    this.#lines = []
    const [method = '', path = ''] = first.split(' ')
    const headers = new Map<string, string>()
    for (const each of rest) {
      const colon = each.indexOf(':')
      headers.set(each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim())
    }
    this.#left = Number(headers.get('content-length') ?? 0)
    this.#state = headers.get('transfer-encoding') === 'chunked' ? 'size' : 'body'
    this.#events.head({ method, path, headers })
    if (this.#state === 'body' && this.#left === 0) this.#end()
  }

  #end(): void {
    this.#state = 'head'
    this.#events.end()
  }
}

/** A whole response with a JSON body. */
export function jsonResponse(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Uint8Array {
  const text = JSON.stringify(body)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return utf8Bytes(
    `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${utf8Bytes(text).length}\r\n${lines.join('')}\r\n${text}`,
  )
}

/** One HTTP chunk. */
export function chunk(text: string): Uint8Array {
  return utf8Bytes(`${utf8Bytes(text).length.toString(16)}\r\n${text}\r\n`)
}

/** JSON out of the pieces of a body. */
export function jsonOf(pieces: readonly Uint8Array[]): Record<string, unknown> {
  const value: unknown = JSON.parse(pieces.map((piece) => utf8Text(piece)).join('') || '{}')
  return value as Record<string, unknown>
}
