/**
 * AWS Signature Version 4, in the steps and with the names of "Create a signed AWS API request" (AWS IAM User Guide).
 * The producer signs with it and the local endpoint verifies with it.
 */

import { KvsError } from '../errors.ts'
import type { WallMs } from '../frame/time.ts'
import type { Crypto } from '../platform.ts'
import { hex, utf8Bytes } from '../text.ts'
import type { Credentials } from './credentials/credentials.ts'

/** Header lines in the order of the wire; a name may occur more than once. */
export type Headers = readonly (readonly [name: string, value: string])[]

export const signingAlgorithm = 'AWS4-HMAC-SHA256'

/** Lower-case hexadecimal SHA-256 of no bytes: the payload hash of PutMedia, whose body is not signed. */
export const emptyPayloadSha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export interface CanonicalRequestInput {
  readonly method: string
  /** The path exactly as in the request line, without the query; empty counts as "/". */
  readonly path: string
  /** What follows "?" in the request line, without the "?". */
  readonly query: string
  readonly headers: Headers
  /** Lower-case names in ascending order, as they stand in SignedHeaders. */
  readonly signedHeaders: readonly string[]
  /** Lower-case hexadecimal SHA-256 of the body, or what stands for it. */
  readonly payloadHash: string
}

/** Step 1: the request in the one form that both sides hash. */
export function canonicalRequest(input: CanonicalRequestInput): string {
  return [
    input.method,
    canonicalPath(input.path),
    canonicalQuery(input.query),
    canonicalHeaders(input.headers, input.signedHeaders),
    input.signedHeaders.join(';'),
    input.payloadHash,
  ].join('\n')
}

/** Step 2 and 3: what the signature is made of. `dateTime` as `amzDate` gives it, `scope` as `credentialScope`. */
export function stringToSign(dateTime: string, scope: string, canonical: string, crypto: Crypto): string {
  return `${signingAlgorithm}\n${dateTime}\n${scope}\n${hex(crypto.sha256(utf8Bytes(canonical)))}`
}

/** Step 4, first half: the key for one day, region and service (32 bytes). */
export function signingKey(
  secretKey: string,
  date: string,
  region: string,
  service: string,
  crypto: Crypto,
): Uint8Array {
  const ofDate = crypto.hmacSha256(utf8Bytes(`AWS4${secretKey}`), utf8Bytes(date))
  const ofRegion = crypto.hmacSha256(ofDate, utf8Bytes(region))
  const ofService = crypto.hmacSha256(ofRegion, utf8Bytes(service))
  return crypto.hmacSha256(ofService, utf8Bytes('aws4_request'))
}

/** Step 4, second half: the signature, 64 lower-case hexadecimal digits. */
export function signature(key: Uint8Array, toSign: string, crypto: Crypto): string {
  return hex(crypto.hmacSha256(key, utf8Bytes(toSign)))
}

/** Step 5: the value of the Authorization header. */
export function authorizationHeader(
  accessKeyId: string,
  scope: string,
  signedHeaders: readonly string[],
  signed: string,
): string {
  return `${signingAlgorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signed}`
}

/** The scope that a signature is good for: `YYYYMMDD/region/service/aws4_request`. */
export function credentialScope(date: string, region: string, service: string): string {
  return `${date}/${region}/${service}/aws4_request`
}

/** A moment as `YYYYMMDD` and `YYYYMMDDTHHMMSSZ`, UTC. Throws CLOCK_SKEWED outside of the years 0 to 9999. */
export function amzDate(wallMs: WallMs): { readonly date: string; readonly dateTime: string } {
  if (!(wallMs >= -62_167_219_200_000 && wallMs < 253_402_300_800_000)) {
    throw new KvsError('CLOCK_SKEWED', `the clock of this machine says ${wallMs} ms since 1970, which is no date`)
  }
  const iso = new Date(wallMs).toISOString()
  const date = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10)
  return { date, dateTime: `${date}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z` }
}

export interface SignRequestInput {
  readonly method: string
  readonly path: string
  readonly query: string
  /** Must contain `host` as it is sent. */
  readonly headers: Headers
  readonly payloadHash: string
  readonly region: string
  readonly service: string
  readonly credentials: Credentials
  readonly wallMs: WallMs
}

/**
 * Signs a request and returns the headers to add to it: x-amz-date, x-amz-security-token where there is a session
 * token (signed too), authorization. Give `keys` where requests repeat: it saves four of five HMACs.
 */
export function signRequest(input: SignRequestInput, crypto: Crypto, keys?: SigningKeys): Headers {
  const { credentials, region, service } = input
  const { date, dateTime } = amzDate(input.wallMs)
  const added: [string, string][] = [['x-amz-date', dateTime]]
  if (credentials.sessionToken) added.push(['x-amz-security-token', credentials.sessionToken])
  const headers = [...input.headers, ...added]
  const signedHeaders = signedHeaderNames(headers)
  const scope = credentialScope(date, region, service)
  const canonical = canonicalRequest({ ...input, headers, signedHeaders })
  const key = keys
    ? keys.get(credentials, date, region, service)
    : signingKey(credentials.secretAccessKey, date, region, service, crypto)
  const signed = signature(key, stringToSign(dateTime, scope, canonical, crypto), crypto)
  added.push(['authorization', authorizationHeader(credentials.accessKeyId, scope, signedHeaders, signed)])
  return added
}

/** Signing keys already derived, at most `LIMIT` of them; belongs to whoever signs. */
export class SigningKeys {
  static readonly LIMIT = 8
  readonly #crypto: Crypto
  readonly #keys = new Map<string, { readonly secret: string; readonly key: Uint8Array }>()

  constructor(crypto: Crypto) {
    this.#crypto = crypto
  }

  get(credentials: Credentials, date: string, region: string, service: string): Uint8Array {
    const name = `${credentials.accessKeyId}/${credentialScope(date, region, service)}`
    const secret = credentials.secretAccessKey
    const known = this.#keys.get(name)
    // The same key id with another secret happens where somebody corrects a typing mistake.
    if (known && known.secret === secret) return known.key
    if (this.#keys.size >= SigningKeys.LIMIT) this.#keys.clear()
    const key = signingKey(secret, date, region, service, this.#crypto)
    this.#keys.set(name, { secret, key })
    return key
  }
}

/** Headers that intermediaries may change or that belong to one hop; the AWS SDK for JavaScript leaves out the same. */
const unsigned = new Set([
  'authorization',
  'cache-control',
  'connection',
  'expect',
  'from',
  'keep-alive',
  'max-forwards',
  'pragma',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-amzn-trace-id',
])

/** The names that `signRequest` signs: lower-case, ascending, each once. */
export function signedHeaderNames(headers: Headers): string[] {
  const names = new Set<string>()
  for (const [name] of headers) {
    const lower = name.toLowerCase()
    if (!unsigned.has(lower) && !lower.startsWith('proxy-') && !lower.startsWith('sec-')) names.add(lower)
  }
  return [...names].sort(byCodeUnit)
}

function canonicalHeaders(headers: Headers, signedHeaders: readonly string[]): string {
  let text = ''
  for (const name of signedHeaders) {
    const values: string[] = []
    for (const [key, value] of headers) if (key.toLowerCase() === name) values.push(foldSpace(value))
    text += `${name}:${values.join(',')}\n`
  }
  return text
}

/** Without spaces and tabs at the ends, runs of them inside as one space. */
function foldSpace(value: string): string {
  let text = ''
  let gap = false
  for (const char of value) {
    if (char === ' ' || char === '\t') {
      gap = text !== ''
    } else {
      text += gap ? ` ${char}` : char
      gap = false
    }
  }
  return text
}

/**
 * Services other than S3: dot segments and empty segments go (RFC 3986 section 6.2.2.3), then the path, encoded
 * already as it is on the wire, is encoded once more.
 */
function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(uriEncode(segment))
  }
  const last = path.endsWith('/') && kept.length > 0 ? '/' : ''
  return `/${kept.join('/')}${last}`
}

/** Names and values encoded anew, in order of the encoded names, then values. */
function canonicalQuery(query: string): string {
  const parameters: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const value = equals < 0 ? '' : part.slice(equals + 1)
    parameters.push([uriReencode(name), uriReencode(value)])
  }
  parameters.sort((a, b) => byCodeUnit(a[0], b[0]) || byCodeUnit(a[1], b[1]))
  return parameters.map(([name, value]) => `${name}=${value}`).join('&')
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const upperHex = '0123456789ABCDEF'

/** Every byte but the unreserved characters of RFC 3986 as %XY. */
export function uriEncode(text: string): string {
  return encodeBytes(utf8Bytes(text))
}

/** The same for text that may be encoded already, wholly or in part. */
function uriReencode(text: string): string {
  const bytes = utf8Bytes(text)
  let to = 0
  for (let at = 0; at < bytes.length; to++) {
    const code = bytes[at] === 0x25 ? hexByte(bytes, at + 1) : -1
    bytes[to] = code < 0 ? (bytes[at] ?? 0) : code
    at += code < 0 ? 1 : 3
  }
  return encodeBytes(bytes.subarray(0, to))
}

function encodeBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    text += isUnreserved(byte) ? String.fromCharCode(byte) : `%${upperHex[byte >> 4]}${upperHex[byte & 15]}`
  }
  return text
}

/** Letters, digits, "-", ".", "_", "~". */
function isUnreserved(byte: number): boolean {
  const letter = byte | 0x20
  if (letter >= 0x61 && letter <= 0x7a) return true
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2e || byte === 0x5f || byte === 0x7e
}

/** The value of two hexadecimal digits, or -1. */
function hexByte(bytes: Uint8Array, at: number): number {
  const high = hexDigit(bytes[at])
  const low = hexDigit(bytes[at + 1])
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
