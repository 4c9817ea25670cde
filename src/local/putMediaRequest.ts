import type { IncomingHttpHeaders } from 'node:http'
import { invalidArgument } from './errors.ts'

/** What the headers of a PutMedia request say. */
export interface PutMediaRequest {
  /** Exactly one of both is set. */
  readonly streamName: string | undefined
  readonly streamArn: string | undefined
  readonly timecodeType: 'ABSOLUTE' | 'RELATIVE'
  /** Milliseconds since 1970 that RELATIVE timecodes count from; 0 for ABSOLUTE ones, which do not need it. */
  readonly startTimestampMs: number
  /** False: the client wants to hear of errors only. */
  readonly acknowledge: boolean
}

/** End of the year 9999: a RELATIVE start beyond it is a mistake of units. */
const latestSeconds = 253_402_300_799

/** Reads the headers (PutMedia API reference, "URI Request Parameters"). Throws InvalidArgumentException. */
export function parsePutMediaRequest(headers: IncomingHttpHeaders): PutMediaRequest {
  const streamName = header(headers, 'x-amzn-stream-name')
  const streamArn = header(headers, 'x-amzn-stream-arn')
  if ((streamName === undefined) === (streamArn === undefined)) {
    throw invalidArgument('Exactly one of x-amzn-stream-name and x-amzn-stream-arn is required.')
  }
  const timecodeType = header(headers, 'x-amzn-fragment-timecode-type')
  if (timecodeType !== 'ABSOLUTE' && timecodeType !== 'RELATIVE') {
    throw invalidArgument('x-amzn-fragment-timecode-type must be ABSOLUTE or RELATIVE.')
  }
  const startTimestampMs = parseStart(header(headers, 'x-amzn-producer-start-timestamp'), timecodeType)
  const required = header(headers, 'x-amzn-fragment-acknowledgment-required') ?? '1'
  if (required !== '0' && required !== '1') {
    throw invalidArgument('x-amzn-fragment-acknowledgment-required must be 0 or 1.')
  }
  return { streamName, streamArn, timecodeType, startTimestampMs, acknowledge: required === '1' }
}

/** Decimal seconds; the C SDK does not pad the milliseconds with zeros, and the service reads them as decimals too. */
function parseStart(text: string | undefined, timecodeType: 'ABSOLUTE' | 'RELATIVE'): number {
  if (text === undefined) {
    if (timecodeType === 'ABSOLUTE') return 0
    throw invalidArgument('x-amzn-producer-start-timestamp is required for RELATIVE timecodes.')
  }
  if (!/^\d{1,20}(\.\d{0,9})?$/.test(text)) {
    throw invalidArgument('x-amzn-producer-start-timestamp must be seconds since 1970, e.g. 1554245523.434.')
  }
  // Some producers send milliseconds here; with ABSOLUTE timecodes nothing depends on it.
  if (timecodeType === 'ABSOLUTE') return 0
  const seconds = Number(text)
  if (seconds > latestSeconds) {
    throw invalidArgument('x-amzn-producer-start-timestamp is too large: it counts seconds, not milliseconds.')
  }
  return Math.round(seconds * 1000)
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  const text = Array.isArray(value) ? value.join(',') : value
  return text === undefined || text.trim() === '' ? undefined : text.trim()
}
