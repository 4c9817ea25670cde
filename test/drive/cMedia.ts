/** The samples as AWS's C producers stream them, and what they and a reader of the stream insist on. */

import assert from 'node:assert/strict'
import { clusterStart, type Dialect, header, simpleBlock } from './cMatroska.ts'
import type { Head, RawAck } from './rawProducer.ts'
import { annexBUnits, frameFiles, samples } from './source.ts'
import type { StoredCluster } from './stored.ts'

export const streamName = 'c'
export const uid = Buffer.from('67c6697351ff4aec29cdbaabf2fbe346', 'hex')

/** One Cluster's worth of frames as these producers interleave them. */
export interface CFrame {
  readonly track: number
  readonly relativeMs: number
  readonly key: boolean
  readonly data: Buffer
}

interface Media {
  readonly header: Buffer
  /** GOPs of 40 pictures, 1600 ms. */
  readonly clusters: readonly (readonly CFrame[])[]
}

/** The samples in a dialect, length-prefixed, audio that shares a picture's millisecond moved by one. */
export async function media(dialect: Dialect): Promise<Media> {
  const pictures = (await frameFiles(samples, 'h264')).map(annexBUnits)
  const packets = await frameFiles(samples, 'aac')
  const [sps, pps] = [7, 8].map((type) => (pictures[0] ?? []).find((unit) => ((unit[0] ?? 0) & 31) === type))
  assert.ok(sps && pps)
  const video = { width: 640, height: 360, avcC: avcC(sps, pps) }
  const audio = { rateHz: 48_000, channels: 2, config: Buffer.from('1190', 'hex') }
  const clusters = [0, 1, 2].map((gop) => {
    const frames: CFrame[] = []
    for (let n = 0; n < 40; n++) {
      const units = pictures[gop * 40 + n] ?? []
      frames.push({ track: 1, relativeMs: n * 40, key: n === 0, data: Buffer.concat(units.flatMap(sized)) })
    }
    for (let n = 0; n < 75; n++) {
      const atMs = Math.floor((n * 1024) / 48)
      const relativeMs = atMs % 40 === 0 ? atMs + 1 : atMs
      frames.push({ track: 2, relativeMs, key: false, data: packets[gop * 75 + n] ?? Buffer.alloc(0) })
    }
    return frames.sort((a, b) => a.relativeMs - b.relativeMs)
  })
  return { header: header(dialect, uid, video, audio), clusters }
}

function sized(unit: Buffer): readonly Buffer[] {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(unit.length)
  return [size, unit]
}

function avcC(sps: Buffer, pps: Buffer): Buffer {
  const head = Buffer.of(1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe1)
  return Buffer.concat([
    head,
    sized(sps)[0]?.subarray(2) ?? head,
    sps,
    Buffer.of(1),
    sized(pps)[0]?.subarray(2) ?? head,
    pps,
  ])
}

export function clusterBytes(timecode: number, frames: readonly CFrame[]): Buffer {
  const blocks = frames.map(({ track, relativeMs, key, data }) => simpleBlock(track, relativeMs, key, data))
  return Buffer.concat([clusterStart(timecode), ...blocks])
}

export function assertStored(
  stored: StoredCluster | undefined,
  timecode: number,
  frames: readonly CFrame[] | undefined,
): void {
  assert.equal(stored?.timecode, timecode)
  const expected = (frames ?? []).map((frame) => ({
    track: frame.track,
    timeMs: timecode + frame.relativeMs,
    key: frame.key,
    data: frame.data,
  }))
  assert.deepEqual(stored?.frames, expected)
}

export function assertAccepted({ status, headers }: Head): void {
  assert.equal(status, 200)
  assert.equal(headers.get('transfer-encoding'), 'chunked')
}

/** All three acks of every fragment, each fragment's in their order, in what C parsers can read. */
export function assertAcks(acks: readonly RawAck[], timecodes: readonly number[]): void {
  for (const timecode of timecodes) {
    const own = acks.filter((ack) => ack.FragmentTimecode === timecode)
    assert.deepEqual(
      own.map((ack) => ack.EventType),
      ['BUFFERING', 'RECEIVED', 'PERSISTED'],
      JSON.stringify(acks),
    )
    for (const ack of own) {
      assert.match(String(ack.FragmentNumber), /^\d{47}$/)
      assert.equal(typeof ack.FragmentTimecode, 'number')
      assert.ok(ack.wireBytes <= 1024)
    }
  }
  assert.equal(acks.length, 3 * timecodes.length)
}
