/** GetMediaForFragmentList: chosen fragments, in the order asked for. */

import type { JsonObject } from '../control/fields.ts'
import { invalidArgument } from '../errors.ts'
import { FragmentGone } from '../store/fragmentReader.ts'
import type { StoredFragment } from '../store/sessionStore.ts'
import type { StreamStore } from '../store/streamStore.ts'
import { chunk, decimalSeconds, type ServiceTag, tagsDocument } from './chunks.ts'
import { fragmentNumber } from './fields.ts'

const mostFragments = 1000

/**
 * Checks the request and returns what reads the fragments, each as a document. One that is not stored is told of in its
 * place, by tags. Without retention nothing is archived, and none is found. Throws ServiceError InvalidArgumentException.
 */
export function getMediaForFragmentList(
  request: JsonObject,
  stream: StreamStore,
  retentionHours: number,
): (gone: AbortSignal) => AsyncGenerator<Uint8Array, void, undefined> {
  const list = request.Fragments
  if (!Array.isArray(list) || list.length < 1 || list.length > mostFragments) {
    throw invalidArgument(`Fragments must be a list of 1 to ${mostFragments} fragment numbers`)
  }
  const numbers = list.map((value: unknown) => fragmentNumber(value, 'Fragments'))
  return (gone) => deliver(stream, numbers, retentionHours > 0, gone)
}

async function* deliver(
  stream: StreamStore,
  numbers: readonly string[],
  archived: boolean,
  gone: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const number of numbers) {
    if (gone.aborted) return
    const fragment = archived ? stream.find(number) : null
    if (fragment === null) {
      yield tagsDocument(notFound(number))
      continue
    }
    try {
      yield* chunk(stream, fragment, describe)
    } catch (error) {
      if (!(error instanceof FragmentGone)) throw error
      yield tagsDocument(notFound(number))
    }
  }
}

/** The documentation names the timestamps otherwise than the parser library of the service reads them: both are given. */
function describe({ number, serverMs, producerMs }: StoredFragment): readonly ServiceTag[] {
  const server = decimalSeconds(serverMs)
  const producer = decimalSeconds(producerMs)
  return [
    { name: 'FRAGMENT_NUMBER', value: number },
    { name: 'SERVER_SIDE_TIMESTAMP', value: server },
    { name: 'PRODUCER_SIDE_TIMESTAMP', value: producer },
    { name: 'SERVER_TIMESTAMP', value: server },
    { name: 'PRODUCER_TIMESTAMP', value: producer },
  ]
}

function notFound(number: string): readonly ServiceTag[] {
  return [
    { name: 'FRAGMENT_NUMBER', value: number },
    { name: 'EXCEPTION_ERROR_CODE', value: '4000' },
    { name: 'EXCEPTION_MESSAGE', value: 'Requested fragment is not found' },
  ]
}
