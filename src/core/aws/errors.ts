/** What a refusal of the service means, and what to do about it. */

import { type ErrorCode, type ErrorDetails, KvsError } from '../errors.ts'
import { isToken } from '../http/token.ts'
import { utf8Text } from '../text.ts'
import { type JsonObject, objectOf, parseJsonObject, stringOf } from './json.ts'

/**
 * - `retry`: the same again, after a pause
 * - `refreshEndpoint`: after a pause, with the data endpoint asked for anew
 * - `refreshCredentials`: after a pause, with credentials asked for anew
 * - `notFound`: the stream is not there: describe it, create it where that is allowed
 * - `fatal`: trying again cannot help
 */
export type Reaction = 'retry' | 'refreshEndpoint' | 'refreshCredentials' | 'notFound' | 'fatal'

/** An HTTP response other than 2xx. */
export interface Refusal {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

interface Meaning extends ErrorDetails {
  readonly code: ErrorCode
}

const busy: Meaning = { code: 'SERVICE_BUSY' }
const limit: Meaning = { code: 'SERVICE_BUSY', cause: 'too many calls, or too many connections for this stream' }
const refused: Meaning = { code: 'SERVICE_REFUSED' }
const quota: Meaning = {
  code: 'SERVICE_REFUSED',
  cause: 'the account has as many streams as it may have',
  cure: 'delete streams that are not needed, or ask AWS for a higher quota',
}
const notFound: Meaning = { code: 'STREAM_NOT_FOUND' }
const denied: Meaning = { code: 'ACCESS_DENIED' }
const badKey: Meaning = { code: 'ACCESS_DENIED', cause: 'the access key does not exist, or not in this partition' }
const badSignature: Meaning = {
  code: 'ACCESS_DENIED',
  cause: 'the secret access key does not belong to the access key',
}
const expired: Meaning = { code: 'CREDENTIALS_EXPIRED' }
const skewed: Meaning = { code: 'CLOCK_SKEWED' }
const timedOut: Meaning = { code: 'TIMED_OUT' }
const wrongServer: Meaning = {
  code: 'SERVICE_REFUSED',
  cause: 'the endpoint is not Kinesis Video Streams',
  cure: 'check --endpoint and --region',
}

/** Names without "Exception" at their end: some come with it and some without, depending on who refuses. */
const meanings = new Map<string, Meaning>([
  ['ResourceNotFound', notFound],
  ['InvalidEndpoint', { code: 'SERVICE_REFUSED', retry: true, cause: 'the stream has moved to another endpoint' }],
  ['ClientLimitExceeded', limit],
  ['ConnectionLimitExceeded', limit],
  ['Throttling', limit],
  ['Throttled', limit],
  ['ThrottledRequest', limit],
  ['TooManyRequests', limit],
  ['RequestLimitExceeded', limit],
  ['LimitExceeded', limit],
  ['SlowDown', limit],
  ['ResourceInUse', { code: 'SERVICE_BUSY', cause: 'the stream is being created, changed or deleted' }],
  ['VersionMismatch', { code: 'SERVICE_BUSY', cause: 'somebody else has just changed the stream' }],
  ['InternalFailure', busy],
  ['InternalServerError', busy],
  ['InternalServer', busy],
  ['InternalError', busy],
  ['ServiceUnavailable', busy],
  ['RequestTimeout', timedOut],
  ['AccountStreamLimitExceeded', quota],
  ['DeviceStreamLimitExceeded', quota],
  ['TagsPerResourceExceededLimit', { code: 'SERVICE_REFUSED', cause: 'a stream has 50 tags at most' }],
  ['InvalidArgument', refused],
  ['InvalidDevice', refused],
  ['InvalidResourceFormat', refused],
  ['NoDataRetention', refused],
  ['UnsupportedStreamMediaType', refused],
  ['MissingCodecPrivateData', refused],
  ['InvalidCodecPrivateData', refused],
  ['InvalidMediaFrame', refused],
  ['Validation', refused],
  ['ValidationError', refused],
  ['Serialization', refused],
  ['InvalidAction', wrongServer],
  ['UnknownOperation', wrongServer],
  ['NotAuthorized', denied],
  ['AccessDenied', denied],
  ['OptInRequired', { code: 'ACCESS_DENIED', cause: 'the account is not subscribed to the service' }],
  ['InvalidClientTokenId', badKey],
  ['UnrecognizedClient', badKey],
  ['InvalidSignature', badSignature],
  ['SignatureDoesNotMatch', badSignature],
  ['IncompleteSignature', badSignature],
  ['MissingAuthenticationToken', denied],
  ['ExpiredToken', expired],
  ['RequestExpired', skewed],
  ['RequestTimeTooSkewed', skewed],
])

/**
 * What the service says against `operation` as a KvsError. `secrets` (session token, keys) never appear in it, even
 * where the service repeats them.
 */
export function serviceError(operation: string, refusal: Refusal, secrets: readonly string[] = []): KvsError {
  const body = parseJsonObject(refusal.body)
  const name = errorName(refusal.headers, body)
  const said =
    body === undefined ? plainMessage(refusal.body) : (stringOf(body.Message) ?? stringOf(body.message) ?? '')
  const { code, ...details } = meaningOf(refusal.status, name, said)
  const subject = name === undefined ? `HTTP status ${refusal.status}` : `${name} (HTTP status ${refusal.status})`
  const message = presentable(said, secrets)
  const what = `the service answered ${operation} with ${subject}${message === '' ? '' : `: ${message}`}`
  return new KvsError(code, what, {
    ...details,
    httpStatus: refusal.status,
    ...(name === undefined ? {} : { aws: name }),
  })
}

/** Whether the service has named the error so, with "Exception" at the end or without. */
export function isNamed(error: KvsError, name: string): boolean {
  return error.aws !== undefined && withoutSuffix(error.aws) === name
}

/** What to do about an error. Every error has one answer. */
export function reactionTo(error: KvsError): Reaction {
  if (error.code === 'STREAM_NOT_FOUND') return 'notFound'
  if (!error.retry) return 'fatal'
  if (isNamed(error, 'InvalidEndpoint')) return 'refreshEndpoint'
  switch (error.code) {
    case 'CREDENTIALS_EXPIRED':
    case 'ACCESS_DENIED':
      return 'refreshCredentials'
    // The address that GetDataEndpoint gave may be what is wrong.
    // Only an answer of the control plane tells the service's time.
    case 'CLOCK_SKEWED':
    case 'CONNECT_FAILED':
    case 'NAME_NOT_FOUND':
    case 'TLS_FAILED':
    case 'TIMED_OUT':
      return 'refreshEndpoint'
    default:
      return 'retry'
  }
}

function meaningOf(status: number, name: string | undefined, said: string): Meaning {
  const text = said.toLowerCase()
  const aboutSignature = name === undefined || name.includes('Signature') || name.startsWith('RequestExpired')
  if (aboutSignature && text.includes('signature') && (text.includes('expired') || text.includes('not yet current'))) {
    return skewed
  }
  if (
    (status === 401 || status === 403 || status === 400) &&
    text.includes('security token') &&
    text.includes('expired')
  ) {
    return expired
  }
  if (text.includes('unable to determine service')) return wrongServer
  if (name === undefined && text.includes('is not authorized to perform')) return denied
  const known = name === undefined ? undefined : meanings.get(withoutSuffix(name))
  return known ?? meaningOfStatus(status, name !== undefined)
}

/** Where the name says nothing. */
function meaningOfStatus(status: number, named: boolean): Meaning {
  // The service names what it refuses: this comes from something between, or means that the token is too old.
  if (status === 401 || status === 403) return named ? denied : { ...denied, retry: true }
  if (status === 404) return notFound
  if (status === 408 || status === 504 || status === 598 || status === 599) return timedOut
  if (status === 409 || status === 429) return busy
  if (status === 501) return wrongServer
  if (status >= 500) return busy
  // A bare 400 comes from something between here and the service; the official producer tries again as well.
  if (status === 400 && !named) return busy
  return status >= 400 && named ? refused : wrongServer
}

/** In the order that the service's own clients look: header, `__type`, `code`, `Output.__type`. */
function errorName(headers: ReadonlyMap<string, string>, body: JsonObject | undefined): string | undefined {
  const raw =
    stringOf(headers.get('x-amzn-errortype')) ??
    stringOf(headers.get('x-amz-errortype')) ??
    stringOf(body?.__type) ??
    stringOf(body?.code) ??
    stringOf(objectOf(body?.Output)?.__type)
  if (raw === undefined) return undefined
  // "com.amazon.coral.service#SerializationException" and "InvalidSignatureException:http://internal…" both occur.
  const afterHash = raw.slice(raw.indexOf('#') + 1)
  const colon = afterHash.indexOf(':')
  const name = (colon < 0 ? afterHash : afterHash.slice(0, colon)).trim()
  return isToken(name) && name.length <= 100 ? name : undefined
}

/** What a body that is no JSON says: where the wrong host was asked, AWS answers in XML. */
function plainMessage(body: Uint8Array): string {
  const text = utf8Text(body, 0, Math.min(body.length, 4096))
  const from = text.indexOf('<Message>')
  const to = text.indexOf('</Message>')
  return from >= 0 && to > from ? text.slice(from + '<Message>'.length, to) : text
}

function withoutSuffix(name: string): string {
  return name.endsWith('Exception') ? name.slice(0, -'Exception'.length) : name
}

/** From here on the service repeats the request as it has read it, session token included. */
const echoes = ['The Canonical String', 'The String-to-Sign', 'x-amz-security-token:']

/** The service's words on one line: at most 300 characters, no control characters, no secrets. */
function presentable(said: string, secrets: readonly string[]): string {
  let text = said
  for (const echo of echoes) {
    const at = text.toLowerCase().indexOf(echo.toLowerCase())
    if (at >= 0) text = text.slice(0, at)
  }
  for (const secret of secrets) if (secret !== '') text = text.split(secret).join('…')
  let line = ''
  for (const char of text) {
    const control = char < ' ' || (char >= '\x7f' && char < '\xa0') || char === '\u2028' || char === '\u2029'
    if (!control) line += char
    else if (!line.endsWith(' ')) line += ' '
  }
  line = line.trim()
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}
