/**
 * The index beside each segment: lines of text, each `checksum space JSON newline`, so that it can be read by eye and a
 * torn end is told from a whole record. The first line describes the segment, every other one a fragment.
 */

import { crc32 } from 'node:zlib'

/** What a header says of a track; what players and listings want to know without parsing it again. */
export interface TrackSummary {
  readonly number: number
  readonly type: 'video' | 'audio' | 'other'
  readonly codecId: string
  readonly name: string
  /** Pixels; 0 where not told. */
  readonly width: number
  readonly height: number
  /** 0 where not told. */
  readonly sampleRateHz: number
  readonly channels: number
}

/** First line of an index. */
export interface SegmentHead {
  readonly version: 1
  /** The session header is the segment's first bytes. */
  readonly headerBytes: number
  readonly tracks: readonly TrackSummary[]
}

/** A fragment whose bytes are durable. */
export interface FragmentRecord {
  /** 47 digits. */
  readonly number: string
  /** Of its first byte in the segment. */
  readonly offset: number
  readonly sizeBytes: number
  /** Cluster timecode as sent, in units of the timecode scale. */
  readonly timecode: number
  readonly producerMs: number
  /** When its first byte arrived. */
  readonly serverMs: number
  readonly lengthMs: number
}

export function recordLine(record: SegmentHead | FragmentRecord): Uint8Array {
  const json = Buffer.from(JSON.stringify(record))
  return Buffer.concat([Buffer.from(`${checksum(json)} `), json, Buffer.from('\n')])
}

export interface ReadIndex {
  /** Null where not even the first line is whole. */
  readonly head: SegmentHead | null
  readonly fragments: readonly FragmentRecord[]
  /** Where the first line that is not whole starts: the size to cut the index to. */
  readonly wholeBytes: number
}

/** Reads lines up to the first that is torn or damaged; nothing behind it can be trusted. */
export function readIndex(bytes: Uint8Array): ReadIndex {
  let head: SegmentHead | null = null
  const fragments: FragmentRecord[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf(0x0a, at)
    const value = end < 0 ? null : readLine(bytes.subarray(at, end))
    if (value === null) break
    if (head === null) {
      if (!isHead(value)) break
      head = value
    } else {
      if (!isFragment(value)) break
      fragments.push(value)
    }
    at = end + 1
  }
  return { head, fragments, wholeBytes: at }
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0')
}

function readLine(line: Uint8Array): unknown {
  const json = line.subarray(9)
  if (line.length < 10 || Buffer.from(line.subarray(0, 9)).toString('latin1') !== `${checksum(json)} `) return null
  try {
    return JSON.parse(Buffer.from(json).toString())
  } catch {
    return null
  }
}

// The checksum guards against damage; these guard against an index of another version of this program.
function isHead(value: unknown): value is SegmentHead {
  if (typeof value !== 'object' || value === null) return false
  const head = value as Partial<SegmentHead>
  return head.version === 1 && typeof head.headerBytes === 'number' && Array.isArray(head.tracks)
}

function isFragment(value: unknown): value is FragmentRecord {
  if (typeof value !== 'object' || value === null) return false
  const { number, offset, sizeBytes, timecode, producerMs, serverMs, lengthMs } = value as Record<string, unknown>
  const numbers = [offset, sizeBytes, timecode, producerMs, serverMs, lengthMs]
  return typeof number === 'string' && /^[0-9]{47}$/.test(number) && numbers.every((n) => Number.isFinite(n))
}
