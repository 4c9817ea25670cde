/** The PutMedia request (PutMedia, Kinesis Video Streams API): its head, and what a refusal of it means. */

import type { KvsError } from '../errors.ts'
import type { WallMs } from '../frame/time.ts'
import type { ExchangeHandlers } from '../http/exchange.ts'
import type { ResponseHead } from '../http/head.ts'
import { hostHeader, type Origin } from '../http/origin.ts'
import { requestHead } from '../http/request.ts'
import type { Crypto } from '../platform.ts'
import { secretsOf, signingService } from './controlPlane.ts'
import type { Credentials } from './credentials/credentials.ts'
import { serviceError } from './errors.ts'
import { emptyPayloadSha256, type Headers, type SigningKeys, signRequest } from './sigv4.ts'

/** The stream by its name or by its ARN: exactly one of them, or the service refuses the request. */
export type StreamTarget =
  | { readonly streamName: string; readonly streamArn?: never }
  | { readonly streamArn: string; readonly streamName?: never }

export type PutMediaInput = StreamTarget & {
  /** What GetDataEndpoint has answered. */
  readonly origin: Origin
  readonly region: string
  readonly credentials: Credentials
  /** Now, as the service sees it: when the request is signed. */
  readonly wallMs: WallMs
  /** The producer's start timestamp; default now. */
  readonly startTimestampMs?: WallMs | undefined
  /** ABSOLUTE: cluster timecodes are epoch milliseconds. RELATIVE: they count from the start timestamp. */
  readonly timecodeType: 'ABSOLUTE' | 'RELATIVE'
  readonly userAgent: string
  /** Ask the service to accept the request before the body is sent. */
  readonly expectContinue: boolean
}

/**
 * Request line and headers, signed. The body is not part of the signature: it is hashed as the empty text, as the
 * service's own device producers do.
 */
export function putMediaHead(input: PutMediaInput, crypto: Crypto, keys?: SigningKeys): Uint8Array {
  const { origin, region, credentials, wallMs } = input
  const path = `${origin.path ?? ''}/putMedia`
  const headers: Headers = [
    ['host', hostHeader(origin)],
    ['accept', '*/*'],
    ['connection', 'keep-alive'],
    ['content-type', 'application/json'],
    ['transfer-encoding', 'chunked'],
    ['user-agent', input.userAgent],
    ['x-amzn-fragment-acknowledgment-required', '1'],
    ['x-amzn-fragment-timecode-type', input.timecodeType],
    ['x-amzn-producer-start-timestamp', epochSeconds(input.startTimestampMs ?? wallMs)],
    input.streamArn === undefined ? ['x-amzn-stream-name', input.streamName] : ['x-amzn-stream-arn', input.streamArn],
  ]
  const payloadHash = emptyPayloadSha256
  const request = {
    method: 'POST',
    path,
    query: '',
    headers,
    payloadHash,
    region,
    service: signingService,
    credentials,
    wallMs,
  }
  const signed = signRequest(request, crypto, keys)
  const expect: Headers = input.expectContinue ? [['expect', '100-continue']] : []
  return requestHead('POST', path, [...headers, ...signed, ...expect])
}

/** Seconds since 1970 with exactly three decimals, as in `1554245523.005`. */
export function epochSeconds(wallMs: WallMs): string {
  const ms = Math.max(0, Math.round(wallMs))
  const fraction = String(ms % 1000).padStart(3, '0')
  return `${Math.floor(ms / 1000)}.${fraction}`
}

/**
 * Handlers for an exchange that hand on what an accepted PutMedia brings to `handlers`. A refusal is kept from them:
 * its head and body become the error of `onClose`, as `serviceError` reads them.
 */
export function acceptedOnly(handlers: ExchangeHandlers, credentials: Credentials): ExchangeHandlers {
  let refusal: { readonly head: ResponseHead; readonly pieces: Uint8Array[] } | undefined
  return {
    onReady: () => handlers.onReady(),
    onDrain: () => handlers.onDrain(),
    onHead: (head) => {
      if (head.status < 300) handlers.onHead(head)
      else refusal = { head, pieces: [] }
    },
    onBody: (bytes) => {
      if (refusal === undefined) handlers.onBody(bytes)
      else refusal.pieces.push(new Uint8Array(bytes))
    },
    onEnd: () => {
      if (refusal === undefined) handlers.onEnd()
    },
    onClose: (error) => {
      handlers.onClose(refusal === undefined ? error : errorOf(refusal.head, refusal.pieces, credentials))
    },
  }
}

function errorOf(head: ResponseHead, pieces: readonly Uint8Array[], credentials: Credentials): KvsError {
  const body = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    body.set(piece, at)
    at += piece.length
  }
  return serviceError('PutMedia', { status: head.status, headers: head.headers, body }, secretsOf(credentials))
}
