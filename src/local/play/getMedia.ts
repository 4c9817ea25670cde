/** GetMedia: a stream's fragments from a chosen one on, and then on as they come. */

import { absent, type JsonObject, optionalObject, requiredChoice } from '../control/fields.ts'
import { FragmentGone } from '../store/fragmentReader.ts'
import type { StoredFragment } from '../store/sessionStore.ts'
import type { StreamStore } from '../store/streamStore.ts'
import { chunk, decimalSeconds, type ServiceTag, serviceTags, tagsDocument } from './chunks.ts'
import { fragmentNumber, timestampMs } from './fields.ts'

const selectorTypes = [
  'NOW',
  'EARLIEST',
  'FRAGMENT_NUMBER',
  'PRODUCER_TIMESTAMP',
  'SERVER_TIMESTAMP',
  'CONTINUATION_TOKEN',
] as const

/** Where reading starts: at the first fragment above `after` for which `matches` holds; `next` is the one behind it. */
interface Start {
  readonly after: string
  matches(fragment: StoredFragment, next: StoredFragment | null): boolean
}

/**
 * Checks the request and returns what reads the stream: it yields complete documents, one per fragment and in the order
 * of fragment numbers, waits for more where there is none, and ends when `gone` is aborted or the stream deleted. A
 * fragment that completes after one of a higher number has been delivered is left out: sessions overlap when a producer
 * reconnects, and then the later one has sent it again.
 *
 * Throws ServiceError InvalidArgumentException. `StreamName` and `StreamARN` are the caller's to resolve.
 */
export function getMedia(
  request: JsonObject,
  stream: StreamStore,
): (gone: AbortSignal) => AsyncGenerator<Uint8Array, void, undefined> {
  const start = startOf(optionalObject(request, 'StartSelector') ?? absent('StartSelector'), stream)
  return (gone) => deliver(stream, start, gone)
}

function startOf(selector: JsonObject, stream: StreamStore): Start {
  const type = requiredChoice(selector, 'StartSelectorType', selectorTypes)
  const matches = () => true
  switch (type) {
    case 'EARLIEST':
      return { after: '0', matches }
    case 'NOW':
      return { after: beforeLatest(stream), matches }
    case 'FRAGMENT_NUMBER':
      return { after: fragmentNumber(selector.AfterFragmentNumber, 'AfterFragmentNumber'), matches }
    case 'CONTINUATION_TOKEN':
      return { after: fragmentNumber(selector.ContinuationToken, 'ContinuationToken'), matches }
    default: {
      const atMs = timestampMs(selector, 'StartTimestamp')
      const startMs = ({ producerMs, serverMs }: StoredFragment) =>
        type === 'PRODUCER_TIMESTAMP' ? producerMs : serverMs
      // Lengths are estimates and may reach into the next fragment, which then has the better claim.
      const contains = (fragment: StoredFragment, next: StoredFragment | null) =>
        startMs(fragment) + fragment.lengthMs > atMs && (next === null || startMs(next) > atMs)
      return { after: '0', matches: (fragment, next) => startMs(fragment) >= atMs || contains(fragment, next) }
    }
  }
}

/** "The latest chunk", then those that come (StartSelector, `NOW`), however long ago the latest came. */
function beforeLatest(stream: StreamStore): string {
  const fragments = stream.fragments()
  return fragments[fragments.length - 2]?.number ?? '0'
}

async function* deliver(
  stream: StreamStore,
  { after, matches }: Start,
  gone: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let last = after
  let started = false
  while (!gone.aborted && !stream.closed) {
    const fragment = stream.firstAfter(last)
    if (fragment === null) {
      await arrival(stream, gone)
      continue
    }
    last = fragment.number
    started ||= matches(fragment, stream.firstAfter(last))
    if (started) yield* withTags(stream, fragment)
  }
}

async function* withTags(stream: StreamStore, fragment: StoredFragment): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunk(stream, fragment, describe)
  } catch (error) {
    // It expired while the consumer was busy with the one before.
    if (!(error instanceof FragmentGone)) throw error
    yield tagsDocument(notFound(fragment))
    return
  }
  const latestMs = stream.latest?.serverMs ?? fragment.serverMs
  yield serviceTags([
    { name: 'MILLIS_BEHIND_NOW', value: String(Math.max(0, latestMs - fragment.serverMs)) },
    { name: 'CONTINUATION_TOKEN', value: fragment.number },
  ])
}

function describe(fragment: StoredFragment): readonly ServiceTag[] {
  return [
    { name: 'FRAGMENT_NUMBER', value: fragment.number },
    { name: 'SERVER_TIMESTAMP', value: decimalSeconds(fragment.serverMs) },
    { name: 'PRODUCER_TIMESTAMP', value: decimalSeconds(fragment.producerMs) },
  ]
}

function notFound({ number }: StoredFragment): readonly ServiceTag[] {
  return [
    { name: 'FRAGMENT_NUMBER', value: number },
    { name: 'ERROR_CODE', value: 'Requested fragment is not found' },
    { name: 'ERROR_ID', value: '4000' },
  ]
}

/** Resolves at the next fragment, the stream's end, or when the consumer is gone. */
function arrival(stream: StreamStore, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      gone.removeEventListener('abort', done)
      leave()
      resolve()
    }
    let leave = () => {}
    gone.addEventListener('abort', done)
    leave = stream.follow({ onFragment: done, onEnd: done })
    if (gone.aborted || stream.closed) done()
  })
}
