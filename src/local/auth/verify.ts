import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Credentials } from '../../core/aws/credentials/credentials.ts'
import {
  amzDate,
  canonicalRequest,
  credentialScope,
  emptyPayloadSha256,
  type Headers,
  SigningKeys,
  signature,
  stringToSign,
} from '../../core/aws/sigv4.ts'
import type { Crypto } from '../../core/platform.ts'
import { ServiceError } from '../errors.ts'
import { type Authorization, incomplete, parseAuthorization } from './authorization.ts'

const service = 'kinesisvideo'

/** How far a client's clock may be off (AWS General Reference, Signature Version 4). */
const maxSkewMs = 15 * 60_000

/** A request as it stood on the wire. */
export interface SignedRequest {
  readonly method: string
  /** Path of the request line, without the query. */
  readonly path: string
  /** What follows "?", empty where there is none. */
  readonly query: string
  readonly headers: Headers
  /** The whole body, or null where it streams and is not covered by the signature (PutMedia). */
  readonly body: Uint8Array | null
}

export interface VerifierOptions {
  /** The credentials behind an access key id and a session token, which is empty where the request brings none. */
  lookup(accessKeyId: string, sessionToken: string): Credentials | undefined
  readonly region: string
}

const crypto: Crypto = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}

/**
 * Checks Signature Version 4 as the service does: over exactly the headers that the client says it signed.
 * Refusals are ServiceError with the names and statuses of AWS's common errors.
 */
export class Verifier {
  readonly #options: VerifierOptions
  readonly #keys = new SigningKeys(crypto)

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  /** Returns whose a sound signature is; throws ServiceError for any other. */
  verify(request: SignedRequest, nowMs: number): Credentials {
    const header = headerValue(request.headers, 'authorization')
    if (header === undefined) {
      throw new ServiceError('MissingAuthenticationTokenException', 403, 'Missing Authentication Token')
    }
    const authorization = parseAuthorization(header)
    const dateTime = requestTime(request.headers)
    checkScope(authorization, dateTime, this.#options.region)
    checkSkew(dateTime, nowMs)
    const sessionToken = headerValue(request.headers, 'x-amz-security-token') ?? ''
    const credentials = this.#options.lookup(authorization.accessKeyId, sessionToken)
    if (credentials === undefined) throw unrecognized()
    checkToken(sessionToken, credentials, nowMs)
    checkSignedHeaders(request.headers, authorization.signedHeaders)
    this.#checkSignature(request, authorization, credentials, dateTime)
    return credentials
  }

  #checkSignature(request: SignedRequest, given: Authorization, credentials: Credentials, dateTime: string): void {
    const payloadHash = payloadHashOf(request)
    const key = this.#keys.get(credentials, given.date, given.region, given.service)
    const scope = credentialScope(given.date, given.region, given.service)
    const wanted = Buffer.from(given.signature, 'latin1')
    for (const headers of hostSpellings(request.headers)) {
      const input = { ...request, headers, signedHeaders: given.signedHeaders, payloadHash }
      for (const canonical of pathSpellings(canonicalRequest(input), request.path)) {
        const signed = signature(key, stringToSign(dateTime, scope, canonical, crypto), crypto)
        if (timingSafeEqual(Buffer.from(signed, 'latin1'), wanted)) return
      }
    }
    throw invalid(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access ' +
        'Key and signing method. Consult the service documentation for details.',
    )
  }
}

/** Value of the first header of that lower-case name. */
function headerValue(headers: Headers, name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1]
}

/** When the client says it signed, as `YYYYMMDDTHHMMSSZ`: X-Amz-Date, else Date. */
function requestTime(headers: Headers): string {
  const amz = headerValue(headers, 'x-amz-date')
  if (amz !== undefined) {
    if (Number.isNaN(basicTimeMs(amz)))
      throw incomplete(`X-Amz-Date must have the form YYYYMMDDTHHMMSSZ, not '${amz}'.`)
    return amz
  }
  const date = headerValue(headers, 'date')
  if (date === undefined)
    throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
  const ms = Date.parse(date)
  if (Number.isNaN(ms)) throw incomplete(`Date must be a valid date, not '${date}'.`)
  return amzDate(ms).dateTime
}

/** `YYYYMMDDTHHMMSSZ` in milliseconds since 1970, NaN where it is none. */
function basicTimeMs(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function checkScope(authorization: Authorization, dateTime: string, region: string): void {
  if (authorization.service !== service) throw invalid(`Credential should be scoped to correct service: '${service}'.`)
  if (authorization.region !== region) {
    throw invalid(`Credential should be scoped to a valid region: '${region}', not '${authorization.region}'.`)
  }
  const date = dateTime.slice(0, 8)
  if (authorization.date !== date) {
    throw invalid(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${authorization.date}' != '${date}', from '${dateTime}'.`,
    )
  }
}

function checkSkew(dateTime: string, nowMs: number): void {
  const skewMs = basicTimeMs(dateTime) - nowMs
  if (Math.abs(skewMs) <= maxSkewMs) return
  const now = amzDate(nowMs).dateTime
  const limit = amzDate(nowMs + Math.sign(skewMs) * maxSkewMs).dateTime
  throw skewMs < 0
    ? invalid(`Signature expired: ${dateTime} is now earlier than ${limit} (${now} - 15 min.)`)
    : invalid(`Signature not yet current: ${dateTime} is still later than ${limit} (${now} + 15 min.)`)
}

/** The C SDK sends the session token without signing it, others sign it: either will do, but it must be the right one. */
function checkToken(token: string, credentials: Credentials, nowMs: number): void {
  if (!sameText(token, credentials.sessionToken ?? '')) throw unrecognized()
  if (credentials.expiration !== undefined && credentials.expiration.getTime() <= nowMs) {
    throw new ServiceError('ExpiredTokenException', 403, 'The security token included in the request is expired')
  }
}

function checkSignedHeaders(headers: Headers, signedHeaders: readonly string[]): void {
  if (!signedHeaders.includes('host')) throw invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
  for (const name of signedHeaders) {
    if (headerValue(headers, name) === undefined) {
      throw invalid(`'${name}' is named in SignedHeaders, but the request has no such header.`)
    }
  }
}

/**
 * What stands for the body in the canonical request. A streamed body is not signed: SHA-256 of nothing, or the very
 * value of X-Amz-Content-Sha256, of which several words are in use. Of other bodies it is the hash.
 */
function payloadHashOf(request: SignedRequest): string {
  const declared = headerValue(request.headers, 'x-amz-content-sha256')
  if (request.body === null) return declared ?? emptyPayloadSha256
  const actual = createHash('sha256').update(request.body).digest('hex')
  if (declared === undefined || declared === 'UNSIGNED-PAYLOAD') return declared ?? actual
  if (declared !== actual) throw invalid("The value of 'x-amz-content-sha256' is not the SHA-256 of the body.")
  return declared
}

/** The Host header as sent, and with its port taken off: C producers sign the bare name, whatever goes on the wire. */
function* hostSpellings(headers: Headers): Iterable<Headers> {
  yield headers
  const host = headerValue(headers, 'host') ?? ''
  const bare = host.replace(/:\d+$/, '')
  if (bare !== host) yield headers.map(([name, value]) => [name, name.toLowerCase() === 'host' ? bare : value] as const)
}

/** With the path normalised as the specification has it, and as sent: the C SDK signs "//describeStream" as it is. */
function* pathSpellings(canonical: string, path: string): Iterable<string> {
  yield canonical
  const lines = canonical.split('\n')
  if (lines[1] === path) return
  lines[1] = path
  yield lines.join('\n')
}

function sameText(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}

function invalid(message: string): ServiceError {
  return new ServiceError('InvalidSignatureException', 403, message)
}

function unrecognized(): ServiceError {
  const message = 'The security token included in the request is invalid.'
  return new ServiceError('UnrecognizedClientException', 403, message)
}
