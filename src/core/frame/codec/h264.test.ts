import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../../errors.ts'
import { BitWriter } from '../../testing/bitWriter.ts'
import { failsWith } from '../../testing/failsWith.ts'
import {
  annexB,
  h264Aud,
  h264Idr,
  h264Pps,
  h264Sei,
  h264Slice,
  h264Sps,
  h265Pps,
  h265Slice,
  h265Sps,
  h265Vps,
  lengthPrefixed,
} from '../../testing/nalStreams.ts'
import { hex } from '../../text.ts'
import type { Codec, Payload } from '../frame.ts'
import { makeCodec } from './codec.ts'
import { h264Codec } from './h264.ts'
import { portableSearch } from './search.ts'
import { formatOf, inspect } from './testing/inspect.ts'

const sps = h264Sps({ widthMbs: 40, heightUnits: 30, timing: [1, 50] })
const pps = h264Pps()
const keyFrame = annexB(h264Aud, sps, pps, h264Sei, h264Idr)

function stored(data: Uint8Array, { spans, count, prefixed }: Payload): Uint8Array {
  const units = Array.from({ length: count }, (_, i) => data.slice(spans[2 * i], spans[2 * i + 1]))
  return prefixed ? lengthPrefixed(4, ...units) : new Uint8Array(units.flatMap((unit) => [...unit]))
}

function refuses(codec: Codec, data: Uint8Array, message: RegExp) {
  assert.throws(() => inspect(codec, data), failsWith('MEDIA_INVALID', message))
}

/** An SEI NAL unit of messages: type and payload. */
function sei(...messages: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  const bits = new BitWriter()
  for (const [type, payload] of messages) {
    bits.u(8, type).u(8, payload.length)
    for (const byte of payload) bits.u(8, byte)
  }
  return bits.nal(0x06)
}

function slice(type: number): Uint8Array {
  return new BitWriter().ue(0).ue(type).ue(0).u(32, 0xa5a5a5a5).nal(0x41)
}

/** recovery_frame_cnt 0, exact_match_flag, broken_link_flag, changing_slice_group_idc, filled up. */
const atOnce = [6, [0b1100_0100]] as const

test('a recovery point is a key frame where its picture is intra, and pictures shown before it may follow', () => {
  const codec = h264Codec(portableSearch)
  inspect(codec, keyFrame)
  const found = (...units: Uint8Array[]) => {
    const { keyFrame: key, leading } = inspect(codec, annexB(...units))
    return { key, leading }
  }
  const key = { key: true, leading: true }
  const none = { key: false, leading: false }
  for (const type of [2, 4, 7, 9])
    assert.deepEqual(found(h264Aud, sei(atOnce), slice(type)), key, `slices of type ${type}`)
  for (const type of [0, 1, 5, 6])
    assert.deepEqual(found(h264Aud, sei(atOnce), slice(type)), none, `slices of type ${type}`)
  assert.deepEqual(found(sei([1, [0, 0, 0, 0, 0, 0]], [5, [0, 0, 3, 0, 0, 1, 6, 1, 0x80]], atOnce), slice(7)), key)
  assert.deepEqual(found(sei([6, [0b0101_0000]]), slice(7)), none, 'recovered a picture later')
  assert.deepEqual(found(sei([5, [6, 1, 0xc4, 9]]), slice(7)), none, 'inside of another message')
  assert.deepEqual(found(slice(7), sei(atOnce)), none, 'behind the picture')
  assert.deepEqual(found(new Uint8Array([6, 6]), slice(7)), none, 'cut off')
  assert.deepEqual(found(new Uint8Array([6, 255, 255, 255]), slice(7)), none, 'cut off in its type')
  assert.deepEqual(inspect(codec, keyFrame).leading, false, 'nothing precedes an IDR')
})

test('a key frame tells the format and is stored whole', () => {
  const codec = h264Codec(portableSearch)
  assert.ok(formatOf(codec) === null)
  const payload = inspect(codec, keyFrame)
  assert.equal(payload.keyFrame, true)
  assert.equal(payload.media, true)
  assert.equal(payload.sizeBytes, stored(keyFrame, payload).length)
  assert.deepEqual(stored(keyFrame, payload), lengthPrefixed(4, h264Aud, sps, pps, h264Sei, h264Idr))
  const length = (unit: Uint8Array) => unit.length.toString(16).padStart(4, '0')
  const { codecPrivate, ...rest } = formatOf(codec) ?? assert.fail()
  assert.equal(hex(codecPrivate), `0142c01effe1${length(sps)}${hex(sps)}01${length(pps)}${hex(pps)}`)
  assert.deepEqual(rest, {
    kind: 'video',
    codec: 'h264',
    codecId: 'V_MPEG4/ISO/AVC',
    width: 640,
    height: 480,
    framesPerSecond: 25,
  })
  assert.equal(codec.silence(), null)
})

test('other frames: no key, no media, each as it is', () => {
  const codec = h264Codec(portableSearch)
  const slice = inspect(codec, annexB(h264Slice))
  assert.deepEqual([slice.keyFrame, slice.media, slice.count], [false, true, 1])
  const sets = inspect(codec, annexB(sps, pps))
  assert.deepEqual([sets.keyFrame, sets.media, sets.count], [false, false, 2])
  assert.equal(codec.format?.width, 640)
  const sei = inspect(codec, annexB(h264Sei))
  assert.deepEqual([sei.keyFrame, sei.media], [false, false])
})

test('length-prefixed frames are one range', () => {
  const codec = h264Codec(portableSearch)
  const data = lengthPrefixed(4, sps, pps, h264Idr)
  const payload = inspect(codec, data)
  assert.deepEqual([payload.prefixed, payload.count, payload.sizeBytes], [false, 1, data.length])
  assert.deepEqual([payload.keyFrame, codec.format?.height], [true, 480])
  assert.deepEqual(stored(data, payload), data)
})

test('parameter sets that come one by one', () => {
  const codec = h264Codec(portableSearch)
  inspect(codec, annexB(sps))
  assert.ok(formatOf(codec) === null)
  inspect(codec, annexB(pps))
  const { format } = codec
  assert.equal(format?.width, 640)
  inspect(codec, annexB(sps))
  inspect(codec, keyFrame)
  assert.equal(codec.format, format, 'the same sets make no new format')
})

test('new parameter sets make a new format', () => {
  const codec = h264Codec(portableSearch)
  inspect(codec, keyFrame)
  const larger = h264Sps({ widthMbs: 80, heightUnits: 45 })
  inspect(codec, annexB(larger, pps, h264Idr))
  assert.deepEqual([codec.format?.width, codec.format?.height, codec.format?.framesPerSecond], [1280, 720, undefined])
  assert.ok(!hex(codec.format?.codecPrivate ?? new Uint8Array(0)).includes(hex(sps)))
})

test('several parameter sets: all are kept, the first of the frame counts, and the order settles', () => {
  const other = h264Sps({ id: 1, widthMbs: 20, heightUnits: 15 })
  const codec = h264Codec(portableSearch)
  const frame = annexB(sps, other, pps, h264Pps(1, 1), h264Idr)
  inspect(codec, frame)
  const { format } = codec
  assert.equal(format?.width, 640)
  const bytes = format?.codecPrivate ?? new Uint8Array(0)
  assert.equal(bytes[5], 0xe2)
  assert.ok(hex(bytes).indexOf(hex(sps)) < hex(bytes).indexOf(hex(other)))
  assert.equal(bytes[8 + sps.length + 2 + other.length], 2)
  inspect(codec, frame)
  assert.equal(codec.format, format)
  inspect(codec, annexB(other, h264Pps(1, 1), h264Idr))
  assert.equal(codec.format?.width, 320)
  for (let id = 2; id < 32; id++) inspect(codec, annexB(h264Sps({ id, widthMbs: 10, heightUnits: 10 }), h264Idr))
  assert.equal(codec.format?.codecPrivate[5], 0xff)
})

test('picture sizes', () => {
  const sizes: [Parameters<typeof h264Sps>[0], number, number][] = [
    [{ widthMbs: 120, heightUnits: 68, crop: [0, 0, 0, 4] }, 1920, 1080],
    [{ widthMbs: 120, heightUnits: 34, frameMbsOnly: false, crop: [0, 0, 0, 2] }, 1920, 1080],
    [
      { profile: 100, scalingLists: true, pictureOrder: 1, widthMbs: 21, heightUnits: 12, crop: [1, 2, 3, 2] },
      330,
      182,
    ],
    [{ profile: 122, chroma: 2, widthMbs: 21, heightUnits: 12, crop: [0, 7, 0, 10] }, 322, 182],
    [{ profile: 244, chroma: 3, scalingLists: true, widthMbs: 21, heightUnits: 12, crop: [0, 14, 0, 10] }, 322, 182],
    [{ profile: 100, chroma: 0, pictureOrder: 2, widthMbs: 21, heightUnits: 12, crop: [0, 14, 0, 10] }, 322, 182],
  ]
  for (const [model, width, height] of sizes) {
    const codec = h264Codec(portableSearch)
    inspect(codec, annexB(h264Sps({ ...model, timing: [1001, 60_000] }), pps, h264Idr))
    const { format } = codec
    assert.deepEqual([format?.width, format?.height, format?.framesPerSecond], [width, height, 60_000 / 2002])
  }
})

test('timing that cannot be is as good as none', () => {
  const codec = h264Codec(portableSearch)
  inspect(codec, annexB(h264Sps({ widthMbs: 1, heightUnits: 1, timing: [0, 50] }), pps, h264Idr))
  assert.equal(codec.format && 'framesPerSecond' in codec.format, false)
})

test('what is no H.264 is refused and named', () => {
  const codec = () => h264Codec(portableSearch)
  const h265 = { width: 640, height: 480 }
  const foreign = [
    annexB(h265Vps({}), h265Sps(h265), h265Pps(), h265Slice(19)),
    annexB(h265Vps({})),
    annexB(h265Slice(1)),
    annexB(h265Slice(0, 1)),
    annexB(h265Slice(20)),
    annexB(h265Slice(21)),
    lengthPrefixed(4, h265Slice(1)),
  ]
  for (const data of foreign) refuses(codec(), data, /this looks like H\.265/)
  refuses(codec(), new Uint8Array(0), /the frame is empty/)
  refuses(codec(), annexB(new Uint8Array([0xe5, 1])), /header of 0xe5: its forbidden bit is set/)
  refuses(codec(), annexB(new Uint8Array([0x1f, 0xff]), new Uint8Array([0x60, 0xff])), /unspecified types only/)
  refuses(codec(), annexB(sps.subarray(0, 5), pps, h264Idr), /SPS\) is damaged/)
  refuses(codec(), annexB(new Uint8Array(5000).fill(0x67)), /SPS of 5000 bytes/)
  inspect(codec(), annexB(new Uint8Array([0x1f, 0xff]), h264Slice))
  inspect(codec(), annexB(new Uint8Array([0x68, 0x05, 0x80]), h264Slice))
})

test('codec private data: avcC as given while it holds', () => {
  const source = h264Codec(portableSearch)
  inspect(source, keyFrame)
  const given = new Uint8Array([...(source.format?.codecPrivate ?? []), 0xfd, 0xf8, 0xf8, 0])
  const codec = makeCodec('h264', portableSearch, { codecPrivate: given })
  assert.deepEqual(codec.format, { ...source.format, codecPrivate: given })
  inspect(codec, keyFrame)
  assert.deepEqual(codec.format?.codecPrivate, given)
  assert.notEqual(codec.format?.codecPrivate, given)
  inspect(codec, annexB(h264Sps({ widthMbs: 80, heightUnits: 45 }), h264Idr))
  assert.equal(codec.format?.width, 1280)
})

test('codec private data: lengths of 2 bytes are rewritten', () => {
  const source = h264Codec(portableSearch)
  inspect(source, keyFrame)
  const whole = source.format?.codecPrivate ?? new Uint8Array(0)
  const given = whole.slice()
  given[4] = 0xfd
  const codec = h264Codec(portableSearch, given)
  assert.deepEqual(codec.format?.codecPrivate, whole)
  const data = lengthPrefixed(2, h264Sei, h264Idr)
  const payload = inspect(codec, data)
  assert.deepEqual(stored(data, payload), lengthPrefixed(4, h264Sei, h264Idr))
})

test('codec private data: Annex B, and what is neither', () => {
  const codec = h264Codec(portableSearch, annexB(sps, pps))
  assert.equal(codec.format?.codecPrivate[0], 1)
  assert.equal(codec.format?.width, 640)
  const whole = codec.format?.codecPrivate ?? new Uint8Array(0)
  const bad = [
    new Uint8Array(0),
    new Uint8Array([2, ...whole.subarray(1)]),
    whole.subarray(0, whole.length - 1),
    new Uint8Array([...whole.subarray(0, 4), 0xfe, ...whole.subarray(5)]),
    annexB(sps),
  ]
  for (const given of bad) {
    assert.throws(() => h264Codec(portableSearch, given), { name: 'KvsError', code: 'MEDIA_INVALID' })
  }
})

test('damaged frames: the documented error or a payload within the data', () => {
  const mutation = fc.tuple(fc.nat(keyFrame.length - 1), fc.integer({ min: 0, max: 255 }))
  const damaged = fc.array(mutation, { maxLength: 6 }).map((list) => {
    const bytes = keyFrame.slice()
    for (const [at, byte] of list) bytes[at] = byte
    return bytes
  })
  for (const name of ['h264', 'h265'] as const) {
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), (data) => {
        try {
          const payload = inspect(makeCodec(name, portableSearch), data)
          assert.equal(stored(data, payload).length, payload.sizeBytes)
        } catch (error) {
          assert.ok(error instanceof KvsError && error.code === 'MEDIA_INVALID', String(error))
        }
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (given) => {
        try {
          makeCodec(name, portableSearch, { codecPrivate: given })
        } catch (error) {
          assert.ok(error instanceof KvsError && error.code === 'MEDIA_INVALID', String(error))
        }
      }),
    )
  }
})
