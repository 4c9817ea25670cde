/** The service of a soak run, in a process of its own: a local endpoint that is told what to do wrong, and counts at the end. */

import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MatroskaReader } from '../../src/core/mux/reader.ts'
import { numberOf } from '../../src/core/testing/media.ts'
import { type Fault, LocalKvs, type MediaFragment, type StoredMedia } from '../../src/local/index.ts'

/** What the run asks for. */
export type Question =
  | { readonly ask: 'faults'; readonly faults: readonly Fault[] }
  | { readonly ask: 'credentials'; readonly lifeMs: number }
  | { readonly ask: 'stored'; readonly streamName: string }

/** What lies at the endpoint. */
export interface Stored {
  readonly fragments: number
  /** Fragments that are there more than once, and those of them that are not the same to the byte. */
  readonly repeated: number
  readonly unlike: number
  /** Numbers of the frames, each once, by size. */
  readonly frames: readonly number[]
}

const silenceBytes = 8

const directory = await mkdtemp(join(tmpdir(), 'kvs-soak-'))
// A session that a fault has stalled counts for as long as nobody reads that it was left.
const kvs = await LocalKvs.start({ directory, concurrentPutMedia: 1000 })
process.on('message', (question: Question) => void answer(question))
// The run is over, or gone.
process.on('disconnect', () => void leave())
process.send?.({ endpoint: kvs.url, region: kvs.region, caPath: kvs.caFile })

async function answer(question: Question): Promise<void> {
  process.send?.(await replyTo(question))
}

async function leave(): Promise<void> {
  await kvs.stop()
  await rm(directory, { recursive: true, force: true })
}

async function replyTo(question: Question): Promise<unknown> {
  if (question.ask === 'faults') kvs.setFaults(question.faults)
  if (question.ask === 'credentials') return kvs.temporaryCredentials(question.lifeMs)
  if (question.ask !== 'stored') return {}
  const media = await kvs.media(question.streamName)
  if (media === undefined) throw new Error(`there is no stream ${question.streamName}`)
  return await count(media)
}

async function count(media: StoredMedia): Promise<Stored> {
  const hashes = new Map<number, string>()
  const numbers = new Set<number>()
  let [repeated, unlike] = [0, 0]
  const fragments = media.fragments()
  for (const fragment of fragments) {
    const { cluster, frames } = await readCluster(media, fragment)
    for (const number of frames) numbers.add(number)
    const digest = createHash('sha256').update(cluster).digest('hex')
    const before = hashes.get(fragment.timecode)
    if (before !== undefined) repeated++
    if (before !== undefined && before !== digest) unlike++
    hashes.set(fragment.timecode, digest)
  }
  return { fragments: fragments.length, repeated, unlike, frames: [...numbers].sort((one, other) => one - other) }
}

/** A fragment's Cluster, without the tags that may follow it, and the numbers of its frames. */
async function readCluster(media: StoredMedia, fragment: MediaFragment) {
  const stored = await media.openFragment(fragment)
  const pieces: Uint8Array[] = [stored.header]
  try {
    for await (const piece of stored.pieces()) pieces.push(piece)
  } finally {
    await stored.close()
  }
  const bytes = Buffer.concat(pieces)
  const frames: number[] = []
  let [from, to] = [0, bytes.length]
  let frame = Buffer.alloc(0)
  const reader = new MatroskaReader({
    cluster: (position) => {
      from = position
    },
    clusterEnd: (position) => {
      to = position
    },
    block: () => {
      frame = Buffer.alloc(0)
    },
    blockData: (data) => {
      frame = Buffer.concat([frame, data])
    },
    // Packets of silence have no number.
    blockEnd: () => {
      if (frame.length >= silenceBytes) frames.push(numberOf(frame))
    },
  })
  reader.push(bytes)
  reader.end()
  return { cluster: bytes.subarray(from, to), frames }
}
