/** Stored fragments as files that players open. */

import type { MediaFragment, StoredMedia } from '../media.ts'
import { openSegment } from './chunks.ts'

/**
 * Splits fragments, in their order, into runs that fit one file: equal headers, timecodes that rise. A reconnect that
 * sends a fragment again, or new codec data, starts a new run.
 */
export async function playableRuns(
  stream: StoredMedia,
  fragments: readonly MediaFragment[],
): Promise<readonly (readonly MediaFragment[])[]> {
  const runs: MediaFragment[][] = []
  let header: Uint8Array | null = null
  let last: MediaFragment | null = null
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

async function headerOf(stream: StoredMedia, fragment: MediaFragment): Promise<Uint8Array> {
  const reader = await stream.openFragment(fragment)
  await reader.close()
  return reader.header
}

/**
 * One Matroska file: the first fragment's session header, then every fragment's bytes as they came. The fragments are one
 * run as `playableRuns` makes them. Throws FragmentGone where one has expired meanwhile.
 */
export async function* exportMatroska(
  stream: StoredMedia,
  fragments: readonly MediaFragment[],
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
