/** Stored fragments as files that players open. */

import type { StoredFragment } from '../store/sessionStore.ts'
import type { StreamStore } from '../store/streamStore.ts'
import { openSegment } from './chunks.ts'

/**
 * Splits fragments, in their order, into runs that fit one file: equal headers, timecodes that rise. A reconnect that
 * sends a fragment again, or new codec data, starts a new run.
 */
export async function playableRuns(
  stream: StreamStore,
  fragments: readonly StoredFragment[],
): Promise<readonly (readonly StoredFragment[])[]> {
  const runs: StoredFragment[][] = []
  let header: Uint8Array | null = null
  let last: StoredFragment | null = null
  for (const fragment of fragments) {
    const next: Uint8Array = last?.segment === fragment.segment && header ? header : await headerOf(stream, fragment)
    const goesOn = header !== null && Buffer.compare(header, next) === 0 && fragment.timecode > (last?.timecode ?? 0)
    if (goesOn) runs[runs.length - 1]?.push(fragment)
    else runs.push([fragment])
    header = next
    last = fragment
  }
  return runs
}

async function headerOf(stream: StreamStore, fragment: StoredFragment): Promise<Uint8Array> {
  const reader = await stream.openFragment(fragment)
  await reader.close()
  return reader.header
}

/**
 * One Matroska file: the first fragment's session header, then every fragment's bytes as they came. The fragments are one
 * run as `playableRuns` makes them. Throws FragmentGone where one has expired meanwhile.
 */
export async function* exportMatroska(
  stream: StreamStore,
  fragments: readonly StoredFragment[],
): AsyncGenerator<Uint8Array, void, undefined> {
  let first = true
  for (const fragment of fragments) {
    const reader = await stream.openFragment(fragment)
    try {
      if (first) yield openSegment(reader.header)
      first = false
      yield* reader.pieces()
    } finally {
      await reader.close()
    }
  }
}
