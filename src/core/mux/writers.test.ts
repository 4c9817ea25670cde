import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import { newPayload, type Payload, type Track } from '../frame/frame.ts'
import { ByteList } from '../testing/byteList.ts'
import { join, unhex } from '../testing/matroskaTree.ts'
import { hex } from '../text.ts'
import { clusterStartBytes, simpleBlockBytes, writeClusterStart, writeSimpleBlock } from './cluster.ts'
import { putSize, putUnsigned, sizeWidth } from './ebml.ts'
import { sessionHeader } from './header.ts'
import { MatroskaReader } from './reader.ts'
import { endOfFragment, endOfFragmentName, tagsElement } from './tags.ts'
import type { ReadTrack } from './values.ts'

const video: Track = {
  number: 1,
  name: 'front',
  format: {
    kind: 'video',
    codec: 'h264',
    codecId: 'V_MPEG4/ISO/AVC',
    codecPrivate: unhex('0142c01eff'),
    width: 640,
    height: 480,
  },
}
const audio: Track = {
  number: 2,
  name: '',
  format: {
    kind: 'audio',
    codec: 'aac',
    codecId: 'A_AAC',
    codecPrivate: unhex('1190'),
    sampleRateHz: 48_000,
    channels: 2,
  },
}
const segmentUid = new Uint8Array(16).fill(5)
const writingApp = 'kvs test'

function payloadOf(prefixed: boolean, ...spans: number[]): Payload {
  const payload = newPayload()
  payload.spans.push(...spans)
  payload.count = spans.length / 2
  payload.prefixed = prefixed
  for (let i = 0; i < spans.length; i += 2) {
    payload.sizeBytes += (prefixed ? 4 : 0) + (spans[i + 1] ?? 0) - (spans[i] ?? 0)
  }
  return payload
}

test('sizes take the fewest bytes, and never all ones', () => {
  const borders: [number, string][] = [
    [0, '80'],
    [126, 'fe'],
    [127, '407f'],
    [16_382, '7ffe'],
    [16_383, '203fff'],
    [2_097_150, '3ffffe'],
    [2_097_151, '101fffff'],
    [2 ** 28 - 2, '1ffffffe'],
    [2 ** 28 - 1, '080fffffff'],
    [2 ** 49, '0102000000000000'],
    [Number.MAX_SAFE_INTEGER, '011fffffffffffff'],
  ]
  for (const [size, digits] of borders) {
    const out = new Uint8Array(8)
    const end = putSize(out, 0, size)
    assert.equal(hex(out.subarray(0, end)), digits)
    assert.equal(end, sizeWidth(size))
  }
})

test('numbers are right beyond 32 bits', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const out = new Uint8Array(9)
      assert.equal(putUnsigned(out, 1, value, 8), 9)
      assert.equal(new DataView(out.buffer, 1).getBigUint64(0), BigInt(value))
    }),
  )
})

test('the session header: bytes', () => {
  const want = `1a45dfa3a3 42868101 42f78101 42f28104 42f38108 4282886d6174726f736b61 42878102 42858102 18538067ff
    1549a966b4 73a490 ${'05'.repeat(16)} 2ad7b1830f4240 4d808c6b76732d70726f6475636572 5741886b76732074657374
    1654ae6be4
      aeb8 d78101 73c58101 838101 9c8100 536e8566726f6e74 868f565f4d504547342f49534f2f415643
        e088 b0820280 ba8201e0 63a2850142c01eff
      aea8 d78102 73c58102 838102 9c8100 8685415f414143 e18d b58840e7700000000000 9f8102 63a2821190`
  assert.equal(hex(sessionHeader({ tracks: [video, audio], segmentUid, writingApp })), hex(unhex(want)))
})

test('the session header: what a reader makes of it', () => {
  const tracks: ReadTrack[] = []
  let scale = 0
  const reader = new MatroskaReader({ track: (track) => tracks.push(track), info: (ns) => (scale = ns) })
  reader.push(sessionHeader({ tracks: [video, audio], segmentUid, writingApp }))
  reader.end()
  assert.equal(scale, 1_000_000)
  const [first, second] = tracks
  assert.deepEqual(
    [first?.number, first?.uid, first?.type, first?.name, first?.codecId, first?.width, first?.height],
    [1, 1, 'video', 'front', 'V_MPEG4/ISO/AVC', 640, 480],
  )
  assert.deepEqual(first?.codecPrivate, video.format.codecPrivate)
  assert.deepEqual(
    [second?.number, second?.uid, second?.type, second?.name, second?.sampleRateHz, second?.channels],
    [2, 2, 'audio', '', 48_000, 2],
  )
})

test('a track of unknown picture size has no Video element', () => {
  const { width: _, height: __, ...format } = video.format
  const bytes = sessionHeader({ tracks: [{ ...video, format }], segmentUid, writingApp })
  assert.ok(hex(bytes).endsWith('2f41564363a2850142c01eff'))
})

test('a segment UID of zeros or of another length is a mistake', () => {
  for (const bad of [new Uint8Array(16), new Uint8Array(15).fill(1)]) {
    assert.throws(() => sessionHeader({ tracks: [video], segmentUid: bad, writingApp }), KvsError)
  }
})

test('a cluster starts with its timecode in 8 bytes', () => {
  const sink = new ByteList()
  writeClusterStart(sink, Number.MAX_SAFE_INTEGER)
  const bytes = sink.take()
  assert.equal(hex(bytes), '1f43b675ffe788001fffffffffffff')
  assert.equal(bytes.length, clusterStartBytes)
  writeClusterStart(sink, 0x1a201ed4046)
  assert.equal(hex(sink.take()), '1f43b675ffe788000001a201ed4046')
  for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) assert.throws(() => writeClusterStart(sink, bad), KvsError)
})

test('a block of several ranges, each with its length', () => {
  const sink = new ByteList()
  const data = unhex('00000001 6742 000001 65aabb')
  writeSimpleBlock(sink, 1, -2, true, data, payloadOf(true, 4, 6, 9, 12))
  assert.equal(hex(sink.take()), 'a3 91 81fffe80 00000002 6742 00000003 65aabb'.replaceAll(' ', ''))
  writeSimpleBlock(sink, 3, 32767, false, data, payloadOf(false, 4, 6))
  assert.equal(hex(sink.take()), 'a386837fff006742')
  for (const bad of [-32769, 32768, 0.5]) {
    assert.throws(() => writeSimpleBlock(sink, 1, bad, true, data, payloadOf(false, 0, 1)), KvsError)
  }
})

test('blocks of any size are as long as foretold and read back', () => {
  const spans = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(spans, fc.boolean(), fc.integer({ min: -32768, max: 32767 }), (lengths, prefixed, relative) => {
      const pairs: number[] = []
      let end = 0
      for (const length of lengths) {
        pairs.push(end, end + length)
        end += length + 1
      }
      const data = Uint8Array.from({ length: end }, (_, i) => i * 7)
      const payload = payloadOf(prefixed, ...pairs)
      const sink = new ByteList()
      writeSimpleBlock(sink, 2, relative, true, data, payload)
      const bytes = sink.take()
      assert.equal(bytes.length, simpleBlockBytes(payload.sizeBytes))
      writeClusterStart(sink, 1)
      const seen: number[] = []
      let content = new Uint8Array(0)
      const reader = new MatroskaReader({
        block: (...fields) => seen.push(...fields),
        blockData: (piece) => (content = join(content, piece) as Uint8Array<ArrayBuffer>),
      })
      reader.push(join(sessionHeader({ tracks: [video], segmentUid, writingApp }), sink.take(), bytes))
      reader.end()
      assert.deepEqual(seen, [2, relative, 0x80, payload.sizeBytes])
      const parts = lengths.flatMap((length, i) => {
        const from = pairs[2 * i] ?? 0
        const prefix = unhex(length.toString(16).padStart(8, '0'))
        return [prefixed ? prefix : new Uint8Array(0), data.subarray(from, from + length)]
      })
      assert.deepEqual(Buffer.from(content), Buffer.concat(parts))
    }),
    { numRuns: 20 },
  )
})

test('sizes of blocks at the borders of their size field', () => {
  for (const payloadBytes of [0, 122, 123, 16_378, 16_379, 2_097_146, 2_097_147]) {
    const sink = new ByteList()
    writeSimpleBlock(sink, 1, 0, false, new Uint8Array(payloadBytes), payloadOf(false, 0, payloadBytes))
    assert.equal(sink.take().length, simpleBlockBytes(payloadBytes))
  }
})

test('tags', () => {
  assert.equal(endOfFragmentName, 'AWS_KINESISVIDEO_END_OF_FRAGMENT')
  const name = hex(new TextEncoder().encode(endOfFragmentName))
  assert.equal(hex(endOfFragment()), `1254c367ac7373a967c8a645a3a0${name}448780`)
  const pairs = [
    { name: 'ä', value: 'x'.repeat(256) },
    { name: 'B', value: '' },
  ]
  const seen: unknown[] = []
  const reader = new MatroskaReader({ tag: (name, value) => seen.push({ name, value }) })
  reader.push(join(sessionHeader({ tracks: [video], segmentUid, writingApp }), tagsElement(pairs)))
  reader.end()
  assert.deepEqual(seen, pairs)
})
