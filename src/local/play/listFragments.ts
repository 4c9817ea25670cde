/** ListFragments: what is stored within a span of time, page by page. */

import { absent, type JsonObject, optionalInteger, optionalObject, requiredChoice } from '../control/fields.ts'
import { invalidArgument } from '../errors.ts'
import { parseFragmentNumber } from '../store/fragmentNumber.ts'
import type { StoredFragment } from '../store/sessionStore.ts'
import type { StreamStore } from '../store/streamStore.ts'
import { timestampMs } from './fields.ts'

/** Where the request names none; the documentation does not say. */
const defaultResults = 100
const mostResults = 1000

const selectorTypes = ['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP'] as const

/** One entry as the API spells it; timestamps are seconds since 1970. */
export interface FragmentEntry {
  readonly FragmentNumber: string
  readonly FragmentSizeInBytes: number
  readonly ProducerTimestamp: number
  readonly ServerTimestamp: number
  readonly FragmentLengthInMilliseconds: number
}

export interface FragmentList {
  readonly Fragments: readonly FragmentEntry[]
  /** Null after the last page. */
  readonly NextToken: string | null
}

/** What a page needs: which fragments are meant, and where the page before ended. */
interface Query {
  readonly type: (typeof selectorTypes)[number]
  readonly fromMs: number
  readonly toMs: number
  readonly after: string
}

/**
 * Fragments whose start lies in the span, both ends included, by ascending number. Without retention nothing is archived
 * and the list empty. Throws ServiceError InvalidArgumentException.
 */
export function listFragments(request: JsonObject, stream: StreamStore, retentionHours: number): FragmentList {
  const most = optionalInteger(request, 'MaxResults', 1, mostResults) ?? defaultResults
  const query =
    (request.NextToken ?? null) !== null
      ? fromToken(request.NextToken)
      : fromSelector(optionalObject(request, 'FragmentSelector') ?? absent('FragmentSelector'))
  const page: StoredFragment[] = []
  let more = false
  for (
    let at = retentionHours > 0 ? stream.firstAfter(query.after) : null;
    at !== null;
    at = stream.firstAfter(at.number)
  ) {
    if (!isMeant(at, query)) continue
    more = page.length === most
    if (more) break
    page.push(at)
  }
  const last = page[page.length - 1]
  return {
    Fragments: page.map(entry),
    NextToken: more && last !== undefined ? toToken({ ...query, after: last.number }) : null,
  }
}

function isMeant({ producerMs, serverMs }: StoredFragment, { type, fromMs, toMs }: Query): boolean {
  const startMs = type === 'PRODUCER_TIMESTAMP' ? producerMs : serverMs
  return startMs >= fromMs && startMs <= toMs
}

function entry({ number, sizeBytes, producerMs, serverMs, lengthMs }: StoredFragment): FragmentEntry {
  return {
    FragmentNumber: number,
    FragmentSizeInBytes: sizeBytes,
    ProducerTimestamp: producerMs / 1000,
    ServerTimestamp: serverMs / 1000,
    FragmentLengthInMilliseconds: lengthMs,
  }
}

function fromSelector(selector: JsonObject): Query {
  const type = requiredChoice(selector, 'FragmentSelectorType', selectorTypes)
  const range = optionalObject(selector, 'TimestampRange') ?? absent('TimestampRange')
  const fromMs = timestampMs(range, 'StartTimestamp')
  const toMs = timestampMs(range, 'EndTimestamp')
  if (fromMs > toMs) throw invalidArgument('StartTimestamp must not be after EndTimestamp')
  return { type, fromMs, toMs, after: '0' }
}

/** The token carries the whole query, since the request that brings it need not repeat the selector. */
function toToken({ type, fromMs, toMs, after }: Query): string {
  return Buffer.from(JSON.stringify([type, fromMs, toMs, after])).toString('base64')
}

function fromToken(token: unknown): Query {
  const [type, fromMs, toMs, after] = decode(token)
  const number = parseFragmentNumber(after)
  const known = selectorTypes.find((selectorType) => selectorType === type)
  if (known !== undefined && number !== null && typeof fromMs === 'number' && typeof toMs === 'number') {
    return { type: known, fromMs, toMs, after: number }
  }
  throw invalidArgument('NextToken is not one of this operation')
}

function decode(token: unknown): readonly unknown[] {
  if (typeof token !== 'string' || token.length > 4096) return []
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
