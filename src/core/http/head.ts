import { KvsError } from '../errors.ts'
import type { WallMs } from '../frame/time.ts'
import { parseHttpDate } from './date.ts'
import { decimal, isFieldValue, isToken, trimSpace } from './token.ts'

/** Status line and headers of a response. */
export interface ResponseHead {
  /** 200 to 999: interim responses never come as this. */
  readonly status: number
  /** Names in lower case; values of a repeated name joined by ", ". */
  readonly headers: ReadonlyMap<string, string>
  /** What the Date header says. */
  readonly dateMs?: WallMs
  /** True where the connection may serve another request after this response. */
  readonly keepAlive: boolean
}

/** How the end of a body is found: by its length, by chunks, or by the end of the connection. */
export type Framing = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' | 'close' }

/** Collects one response head line by line (RFC 9112 sections 4 and 5). */
export class HeadBuilder {
  readonly #headers = new Map<string, string>()
  #minor = 1
  #last = ''
  /** 0 until the status line has been given. */
  status = 0

  statusLine(text: string): void {
    const minor = text.charCodeAt(7) - 0x30
    const status = decimal(text.slice(9, 12))
    const shaped = text.startsWith('HTTP/1.') && minor >= 0 && minor <= 9 && text[8] === ' '
    if (!shaped || status < 100 || (text.length > 12 && text[12] !== ' ')) throw invalid('no HTTP/1.1 status line')
    this.#minor = minor
    this.status = status
  }

  headerLine(text: string): void {
    if (!isFieldValue(text)) throw invalid('a header with control characters')
    if (text.startsWith(' ') || text.startsWith('\t')) {
      if (this.#last === '') throw invalid('a header line that continues nothing')
      this.#headers.set(this.#last, trimSpace(`${this.#headers.get(this.#last) ?? ''} ${trimSpace(text)}`))
      return
    }
    const colon = text.indexOf(':')
    const name = text.slice(0, Math.max(colon, 0)).toLowerCase()
    if (!isToken(name)) throw invalid('a line that is no header')
    const value = trimSpace(text.slice(colon + 1))
    const before = this.#headers.get(name)
    this.#headers.set(name, before === undefined ? value : `${before}, ${value}`)
    this.#last = name
  }

  /** How the body of the response to a request with `method` ends (RFC 9112 section 6.3). */
  framing(method: string): Framing {
    const coding = this.#headers.get('transfer-encoding')
    const length = this.#headers.get('content-length')
    if (method === 'HEAD' || this.status === 204 || this.status === 304) return { kind: 'length', bytes: 0 }
    if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked') throw invalid('a transfer coding other than chunked')
      return { kind: 'chunked' }
    }
    return length === undefined ? { kind: 'close' } : { kind: 'length', bytes: contentLength(length) }
  }

  head(framing: Framing): ResponseHead {
    const headers = this.#headers
    const dateMs = parseHttpDate(headers.get('date') ?? '')
    const connection = (headers.get('connection') ?? '').toLowerCase().split(',').map(trimSpace)
    const persistent = this.#minor >= 1 ? !connection.includes('close') : connection.includes('keep-alive')
    // A length beside a transfer coding is how requests are smuggled: such a connection is not used again.
    const plain = !(headers.has('content-length') && headers.has('transfer-encoding'))
    const keepAlive = persistent && plain && framing.kind !== 'close'
    return { status: this.status, headers, keepAlive, ...(dateMs === undefined ? {} : { dateMs }) }
  }
}

function contentLength(text: string): number {
  const values = text.split(',').map((part) => decimal(trimSpace(part)))
  const first = values[0] ?? -1
  if (first < 0 || values.some((value) => value !== first)) throw invalid('a Content-Length that is no number')
  return first
}

export function invalid(what: string): KvsError {
  return new KvsError('HTTP_INVALID', `the peer's answer is not HTTP/1.1: ${what}`)
}
