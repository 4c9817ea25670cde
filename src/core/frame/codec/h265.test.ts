import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../../errors.ts'
import { failsWith } from '../../testing/failsWith.ts'
import {
  annexB,
  h264Idr,
  h264Slice,
  h264Sps,
  h265Pps,
  h265Slice,
  h265Sps,
  h265Vps,
  lengthPrefixed,
  profileTierLevel,
} from '../../testing/nalStreams.ts'
import { hex } from '../../text.ts'
import { h265Codec } from './h265.ts'
import { portableSearch } from './search.ts'
import { formatOf, inspect } from './testing/inspect.ts'

const vps = h265Vps({})
const sps = h265Sps({ width: 640, height: 368, crop: [0, 0, 0, 4], timing: [1, 30] })
const pps = h265Pps()
const idr = h265Slice(19)

function refuses(data: Uint8Array, message: RegExp) {
  assert.throws(() => inspect(h265Codec(portableSearch), data), failsWith('MEDIA_INVALID', message))
}

test('a key frame tells the format', () => {
  const codec = h265Codec(portableSearch)
  const payload = inspect(codec, annexB(vps, sps, pps, idr))
  assert.deepEqual([payload.keyFrame, payload.media, payload.prefixed, payload.count], [true, true, true, 4])
  const unit = (type: string, bytes: Uint8Array) =>
    `${type}0001${bytes.length.toString(16).padStart(4, '0')}${hex(bytes)}`
  const { codecPrivate, ...rest } = formatOf(codec) ?? assert.fail()
  const head = `01${hex(new Uint8Array(profileTierLevel))}f000fcfdf8f800000f03`
  assert.equal(hex(codecPrivate), head + unit('20', vps) + unit('21', sps) + unit('22', pps))
  assert.deepEqual(rest, {
    kind: 'video',
    codec: 'h265',
    codecId: 'V_MPEGH/ISO/HEVC',
    width: 640,
    height: 360,
    framesPerSecond: 30,
  })
})

test('key frames are IDR, CRA and BLA pictures', () => {
  for (let type = 0; type < 32; type++) {
    const payload = inspect(h265Codec(portableSearch), annexB(h265Slice(type)))
    assert.deepEqual([payload.keyFrame, payload.media], [type >= 16 && type <= 21, true], `type ${type}`)
  }
})

test('sub-layers, chroma, bit depth, the timing of the VPS', () => {
  const codec = h265Codec(portableSearch)
  const model = { width: 322, height: 190, subLayers: 3 }
  const deep = h265Sps({ ...model, chroma: 3, bitDepth: 10, crop: [1, 1, 4, 4] })
  inspect(codec, annexB(h265Vps({ subLayers: 3, timing: [1001, 30_000] }), deep, pps, idr))
  const { format } = codec
  assert.deepEqual([format?.width, format?.height, format?.framesPerSecond], [320, 182, 30_000 / 1001])
  assert.equal(hex(format?.codecPrivate.subarray(13, 23) ?? new Uint8Array(0)), 'f000fcfffafa00001f03')
  const half = h265Codec(portableSearch)
  inspect(half, annexB(vps, h265Sps({ ...model, chroma: 2, crop: [0, 1, 0, 8] }), pps, idr))
  assert.deepEqual([half.format?.width, half.format?.height], [320, 182])
  assert.equal(half.format && 'framesPerSecond' in half.format, false)
  const grey = h265Codec(portableSearch)
  inspect(grey, annexB(vps, h265Sps({ ...model, chroma: 0, crop: [0, 2, 0, 8], timing: [1, 24] }), pps, idr))
  assert.deepEqual([grey.format?.width, grey.format?.height, grey.format?.framesPerSecond], [320, 182, 24])
})

test('the SPS is required, VPS and PPS may be missing once there is a picture', () => {
  const codec = h265Codec(portableSearch)
  inspect(codec, annexB(sps))
  assert.ok(formatOf(codec) === null)
  inspect(codec, annexB(idr))
  assert.equal(codec.format?.codecPrivate[22], 1)
  inspect(codec, annexB(pps))
  assert.equal(codec.format?.codecPrivate[22], 2)
  const early = h265Codec(portableSearch)
  inspect(early, annexB(pps, sps, vps))
  assert.equal(early.format?.codecPrivate[22], 3)
  const none = h265Codec(portableSearch)
  inspect(none, annexB(vps, pps, idr))
  assert.ok(formatOf(none) === null)
})

test('parameter sets of further layers are not ours', () => {
  const codec = h265Codec(portableSearch)
  const layered = sps.slice()
  layered[1] = 0x09
  const payload = inspect(codec, annexB(vps, sps, layered, pps, idr))
  assert.equal(payload.count, 5)
  assert.ok(!hex(codec.format?.codecPrivate ?? layered).includes(hex(layered)))
})

test('codec private data: hvcC and Annex B', () => {
  const source = h265Codec(portableSearch, annexB(vps, sps, pps))
  const given = source.format?.codecPrivate ?? new Uint8Array(0)
  const codec = h265Codec(portableSearch, given)
  assert.deepEqual(codec.format, source.format)
  const data = lengthPrefixed(4, idr)
  assert.deepEqual([inspect(codec, data).prefixed, codec.format?.codecPrivate], [false, given])
  for (const bad of [
    given.subarray(0, 22),
    given.subarray(0, given.length - 1),
    annexB(vps, pps),
    new Uint8Array(30),
  ]) {
    assert.throws(() => h265Codec(portableSearch, bad), { name: 'KvsError', code: 'MEDIA_INVALID' })
  }
})

test('what is no H.265 is refused and named', () => {
  for (const data of [annexB(h264Idr), annexB(h264Slice), annexB(h264Sps({ widthMbs: 1, heightUnits: 1 }))]) {
    refuses(data, /this looks like H\.264/)
  }
  refuses(new Uint8Array(0), /the frame is empty/)
  refuses(annexB(new Uint8Array([0x80, 0x01])), /0x8001: its forbidden bit is set/)
  refuses(annexB(new Uint8Array([0x26, 0x08])), /0x2608: its temporal id plus 1 is 0/)
  refuses(annexB(new Uint8Array([0x28])), /temporal id/)
  refuses(annexB(new Uint8Array([0x60, 0x01])), /unspecified types only/)
  refuses(annexB(vps, sps.subarray(0, 12), pps, idr), /SPS\) is damaged/)
})

test('damaged parameter sets: the documented error or a format that fits the fields', () => {
  const sets = annexB(h265Vps({ timing: [1, 25] }), sps, pps, idr)
  const mutation = fc.tuple(fc.nat(sets.length - 1), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (list) => {
      const bytes = sets.slice()
      for (const [at, byte] of list) bytes[at] = byte
      const codec = h265Codec(portableSearch)
      try {
        inspect(codec, bytes)
      } catch (error) {
        assert.ok(error instanceof KvsError && error.code === 'MEDIA_INVALID', String(error))
      }
      const { width = 1, height = 1, framesPerSecond = 1 } = codec.format ?? {}
      assert.ok(width > 0 && width < 65536 && height > 0 && height < 65536)
      assert.ok(framesPerSecond > 0 && framesPerSecond <= 1000)
    }),
    { numRuns: 500 },
  )
})
