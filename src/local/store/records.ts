/**
 * The index beside each segment: lines of text, each `checksum space JSON newline`, so that it can be read by eye and a
 * torn end is told from a whole record. The first line describes the segment, every other one a fragment.
 */

import { crc32 } from 'node:zlib'
import type { MediaTrack } from '../media.ts'

/** First line of an index. */
export interface SegmentHead {
  readonly version: 1
  /** The session header is the segment's first bytes. */
  readonly headerBytes: number
  readonly tracks: readonly MediaTrack[]
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
  /** Null where the first line is not whole. */
  readonly head: SegmentHead | null
  readonly fragments: readonly FragmentRecord[]
  /** Lines that came to their end and are damaged all the same: no crash does that. */
  readonly damagedLines: number
  /** Where a last line starts that a crash has torn; the size of the index where there is none. */
  readonly wholeBytes: number
}

/** Reads every line that is whole; each stands for itself, so that a damaged one costs no other. */
export function readIndex(bytes: Uint8Array): ReadIndex {
  const values: unknown[] = []
  let damagedLines = 0
  let wholeBytes = bytes.length
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at)
    const line = bytes.subarray(at, newline < 0 ? bytes.length : newline)
    const found = readLines(line)
    if (newline < 0 && found.length === 0) wholeBytes = at
    else if (found.length === 0) damagedLines++
    // Where the damage is in the first line, what stands there must not be taken for the head.
    values.push(...(found.length === 0 ? [null] : found))
    at += line.length + 1
  }
  const [first, ...rest] = values
  const head = isHead(first) ? first : null
  const fragments = rest.filter(isFragment)
  const known = fragments.length + (head === null ? 0 : 1)
  damagedLines += values.filter((value) => value !== null).length - known
  return { head, fragments, damagedLines, wholeBytes }
}

/** Longer lines are no lines of ours. */
const longestLine = 1 << 16

/** The records of a line: one, or none where it is damaged, or several where what is damaged is the end between them. */
function readLines(line: Uint8Array): unknown[] {
  const whole = readLine(line)
  if (whole !== null) return [whole]
  if (line.length > longestLine) return []
  const found: unknown[] = []
  let from = 0
  for (let end = line.indexOf(0x7d); end >= 0; end = line.indexOf(0x7d, end + 1)) {
    const value = readLine(line.subarray(from, end + 1))
    if (value === null) continue
    found.push(value)
    from = end + 2
  }
  return found
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
