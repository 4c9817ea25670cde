/**
 * Media as the service hands it out: for each fragment a whole Matroska document, made of the producer's own bytes and
 * Tags of the service (GetMedia, "Response"; layout and widths as found in recorded answers).
 */

import { MatroskaReader } from '../../core/mux/reader.ts'
import type { FragmentReader } from '../store/fragmentReader.ts'
import type { StoredFragment } from '../store/sessionStore.ts'
import type { StreamStore } from '../store/streamStore.ts'

/** What the service says of its media, whatever it holds. */
export const mediaContentType = 'video/webm'

const prefix = 'AWS_KINESISVIDEO_'
const ids = { tags: 0x1254c367, tag: 0x7373, simpleTag: 0x67c8, tagName: 0x45a3, tagString: 0x4487 }

/** A tag of the service; the name without `AWS_KINESISVIDEO_`. */
export interface ServiceTag {
  readonly name: string
  readonly value: string
}

/** A Tags element as the service writes it: one Tag, and every size 4 bytes wide. */
export function serviceTags(tags: readonly ServiceTag[]): Uint8Array {
  const simpleTags = tags.map(({ name, value }) =>
    element(ids.simpleTag, [element(ids.tagName, [prefix + name]), element(ids.tagString, [value])]),
  )
  return element(ids.tags, [element(ids.tag, simpleTags)])
}

function element(id: number, content: readonly (Uint8Array | string)[]): Uint8Array {
  const parts = content.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
  const idBytes = id > 0xffff ? 4 : 2
  const head = Buffer.alloc(idBytes + 4)
  head.writeUIntBE(id, 0, idBytes)
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  head.writeUInt32BE(size + 0x10000000, idBytes)
  return Buffer.concat([head, ...parts])
}

/** The EBML header and the start of a Segment, for documents that hold nothing of a producer's. */
const emptyDocument = Buffer.from(
  '1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b614287810242858102' + '1853806701ffffffffffffff',
  'hex',
)

/** A document that only carries tags: what is told of a fragment that cannot be sent. */
export function tagsDocument(tags: readonly ServiceTag[]): Uint8Array {
  return Buffer.concat([emptyDocument, serviceTags(tags)])
}

/** Seconds with exactly three decimals. */
export function decimalSeconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

/**
 * A session header fit to stand before any of its fragments: a Segment of known size becomes one of unknown size in the
 * same width, so that no other byte moves.
 */
export function openSegment(header: Uint8Array): Uint8Array {
  const opened = Uint8Array.from(header)
  const reader = new MatroskaReader({
    segment: (_position, sizeOffset, sizeBytes) => {
      opened.fill(0xff, sizeOffset, sizeOffset + sizeBytes)
      opened[sizeOffset] = 0xff >> (sizeBytes - 1)
    },
  })
  reader.push(header)
  return opened
}

/** The tags before a fragment, from which a consumer learns what it is. */
export type TagsBefore = (fragment: StoredFragment) => readonly ServiceTag[]

/** Opens a fragment and yields its chunk: header, tags, the fragment's bytes. Throws FragmentGone before the first byte. */
export async function* chunk(
  stream: StreamStore,
  fragment: StoredFragment,
  tagsBefore: TagsBefore,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader: FragmentReader = await stream.openFragment(fragment)
  try {
    yield Buffer.concat([openSegment(reader.header), serviceTags(tagsBefore(fragment))])
    yield* reader.pieces()
  } finally {
    await reader.close()
  }
}
