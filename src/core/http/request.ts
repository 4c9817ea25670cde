import { KvsError } from '../errors.ts'
import { utf8Bytes } from '../text.ts'
import { isFieldValue, isToken } from './token.ts'

/** Header lines in the order of the wire. */
export type HeaderLines = readonly (readonly [name: string, value: string])[]

/**
 * Request line and headers, up to and with the empty line (RFC 9112 sections 3 and 5). Throws CONFIGURATION where a
 * part holds what would end it early: nothing that a user sets can add a header or a request.
 */
export function requestHead(method: string, path: string, headers: HeaderLines): Uint8Array {
  if (!isToken(method)) throw new KvsError('CONFIGURATION', 'the method of an HTTP request is no token')
  if (!isTarget(path)) {
    throw new KvsError('CONFIGURATION', 'the path of an HTTP request holds spaces, control or non-ASCII characters')
  }
  let text = `${method} ${path} HTTP/1.1\r\n`
  for (const [name, value] of headers) {
    if (!isToken(name)) throw new KvsError('CONFIGURATION', 'the name of an HTTP header is no token')
    // The value stays unsaid: it may be a secret.
    if (!isFieldValue(value)) throw new KvsError('CONFIGURATION', `the HTTP header ${name} holds control characters`)
    text += `${name}: ${value}\r\n`
  }
  return utf8Bytes(`${text}\r\n`)
}

function isTarget(path: string): boolean {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f) return false
  }
  return path.startsWith('/')
}

/** Ends a chunk's data. */
export const crlf: Uint8Array = new Uint8Array([13, 10])

/** The chunk of size 0 without trailers, which ends a chunked body. */
export const lastChunk: Uint8Array = new Uint8Array([0x30, 13, 10, 13, 10])

/** Room that `chunkHead` needs at most. */
export const chunkHeadBytes = 16

/**
 * What goes before a chunk's data: its size in bytes (1 to 2^32 - 1) in hexadecimal digits, CRLF. The bytes lie in `into`,
 * so they are good until the next call with the same `into`.
 */
export function chunkHead(bytes: number, into: Uint8Array = new Uint8Array(chunkHeadBytes)): Uint8Array {
  let at = chunkHeadBytes
  into[--at] = 10
  into[--at] = 13
  let rest = bytes
  do {
    const digit = rest & 15
    into[--at] = digit < 10 ? 0x30 + digit : 0x57 + digit
    rest >>>= 4
  } while (rest > 0)
  return into.subarray(at, chunkHeadBytes)
}
