/** Media as it comes back, taken apart frame by frame. */

import assert from 'node:assert/strict'
import { MatroskaReader } from '../../src/core/mux/reader.ts'
import type { ReadTrack } from '../../src/core/mux/values.ts'
import type { MediaFragment, StoredMedia } from '../../src/local/index.ts'
import { exportMatroska } from '../../src/local/play/matroska.ts'

export interface StoredFrame {
  readonly track: number
  /** Cluster timecode and relative time together, in units of the timecode scale. */
  readonly timeMs: number
  readonly key: boolean
  readonly data: Buffer
}

/** A Cluster of a document, and what the document says around it. */
export interface StoredCluster {
  readonly timecode: number
  readonly tracks: readonly ReadTrack[]
  readonly frames: readonly StoredFrame[]
  /** By name, of the document so far. */
  readonly tags: ReadonlyMap<string, string>
}

/** Takes Matroska apart: one document, or several one after the other. */
export function clustersOf(bytes: Uint8Array): readonly StoredCluster[] {
  const clusters: { timecode: number; tracks: ReadTrack[]; frames: StoredFrame[]; tags: Map<string, string> }[] = []
  let tracks: ReadTrack[] = []
  let tags = new Map<string, string>()
  let head = { track: 0, relative: 0, key: false }
  let pieces: Buffer[] = []
  const reader = new MatroskaReader({
    ebml: () => {
      tracks = []
      tags = new Map()
    },
    track: (track) => tracks.push(track),
    tag: (name, value) => tags.set(name, value),
    timecode: (timecode) => clusters.push({ timecode, tracks, frames: [], tags }),
    block: (track, relative, flags) => {
      head = { track, relative, key: (flags & 0x80) !== 0 }
      pieces = []
    },
    blockData: (piece) => pieces.push(Buffer.from(piece)),
    blockEnd: () => {
      const cluster = clusters.at(-1)
      assert.ok(cluster, 'a frame before the first Cluster')
      const { track, relative, key } = head
      cluster.frames.push({ track, timeMs: cluster.timecode + relative, key, data: Buffer.concat(pieces) })
    },
  })
  reader.push(bytes)
  reader.end()
  return clusters
}

/** A stored fragment as a document of its own. */
export async function fragmentBytes(stream: StoredMedia, fragment: MediaFragment): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of exportMatroska(stream, [fragment])) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

/** Everything that a stream holds, fragment by fragment. */
export async function storedClusters(stream: StoredMedia): Promise<readonly StoredCluster[]> {
  const clusters: StoredCluster[] = []
  for (const fragment of stream.fragments()) clusters.push(...clustersOf(await fragmentBytes(stream, fragment)))
  return clusters
}

/**
 * Each fragment once, by timecode. Delivery is at least once: what is there twice must be the same to the byte, and the
 * order of first arrival that of time.
 */
export function once(clusters: readonly StoredCluster[]): readonly StoredCluster[] {
  const byTimecode = new Map<number, StoredCluster>()
  for (const cluster of clusters) {
    const known = byTimecode.get(cluster.timecode)
    if (known === undefined) byTimecode.set(cluster.timecode, cluster)
    else assert.deepEqual(cluster.frames, known.frames, `fragment ${cluster.timecode} is there twice, with other bytes`)
  }
  const unique = [...byTimecode.values()]
  for (const [index, { timecode }] of unique.entries()) {
    assert.ok(index === 0 || timecode > (unique[index - 1]?.timecode ?? 0), 'fragments arrived out of order')
  }
  return unique
}

/** The units of a length-prefixed frame (ISO/IEC 14496-15). */
export function sizedUnits(frame: Buffer): readonly Buffer[] {
  const units: Buffer[] = []
  let at = 0
  while (at < frame.length) {
    const size = frame.readUInt32BE(at)
    assert.ok(at + 4 + size <= frame.length, 'a unit is longer than its frame')
    units.push(frame.subarray(at + 4, at + 4 + size))
    at += 4 + size
  }
  return units
}
