import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../../errors.ts'
import { BitWriter } from '../../testing/bitWriter.ts'
import { failsWith } from '../../testing/failsWith.ts'
import { hex } from '../../text.ts'
import { aacCodec } from './aac.ts'
import { audioSpecificConfig, readAudioSpecificConfig } from './aacConfig.ts'
import { makeCodec } from './codec.ts'
import { portableSearch } from './search.ts'
import { inspect } from './testing/inspect.ts'

interface AdtsModel {
  readonly rateIndex?: number
  readonly channels?: number
  readonly crc?: boolean
  readonly packets?: number
  readonly type?: number
  readonly data?: readonly number[]
}

function adts({
  rateIndex = 3,
  channels = 2,
  crc = false,
  packets = 1,
  type = 2,
  data = [0x21, 0x1c],
}: AdtsModel = {}) {
  const head = crc ? 9 : 7
  const bits = new BitWriter()
    .u(12, 0xfff)
    .u(1, 0)
    .u(2, 0)
    .u(1, crc ? 0 : 1)
  bits
    .u(2, type - 1)
    .u(4, rateIndex)
    .u(1, 1)
    .u(3, channels)
    .u(4, 0)
  bits
    .u(13, head + data.length)
    .u(11, 0x7ff)
    .u(2, packets - 1)
  return new Uint8Array([...bits.bytes(), ...(crc ? [1, 2] : []), ...data])
}

function refuses(run: () => unknown, message: RegExp, code = 'MEDIA_INVALID') {
  assert.throws(run, failsWith(code, message))
}

test('ADTS: the header is taken off and tells the format', () => {
  for (const crc of [false, true]) {
    const codec = aacCodec()
    assert.equal(codec.format, null)
    assert.equal(codec.silence(), null)
    const payload = inspect(codec, adts({ crc }))
    assert.deepEqual([payload.spans[0], payload.spans[1], payload.count], crc ? [9, 11, 1] : [7, 9, 1])
    assert.deepEqual([payload.sizeBytes, payload.prefixed, payload.keyFrame, payload.media], [2, false, true, true])
    assert.deepEqual(codec.format, {
      kind: 'audio',
      codec: 'aac',
      codecId: 'A_AAC',
      codecPrivate: new Uint8Array([0x11, 0x90]),
      sampleRateHz: 48_000,
      channels: 2,
    })
  }
})

test('ADTS: a change of the bitstream is a change of the format, no change is none', () => {
  const codec = aacCodec()
  inspect(codec, adts())
  const { format } = codec
  inspect(codec, adts({ data: [1, 2, 3] }))
  assert.equal(codec.format, format)
  inspect(codec, adts({ rateIndex: 5 }))
  assert.equal(codec.format?.sampleRateHz, 32_000)
  inspect(codec, adts({ rateIndex: 5, channels: 1 }))
  assert.equal(codec.format?.channels, 1)
  inspect(codec, adts({ rateIndex: 4, channels: 1 }))
  assert.deepEqual([codec.format?.sampleRateHz, codec.format?.channels], [44_100, 1])
  assert.equal(hex(codec.format?.codecPrivate ?? new Uint8Array(0)), '1208')
})

test('ADTS: what was told and is not so is refused with both values', () => {
  refuses(() => inspect(aacCodec({ sampleRateHz: 44_100 }), adts()), /44100 Hz was given, the data says 48000 Hz/)
  refuses(() => inspect(aacCodec({ channels: 1 }), adts()), /channels: 1 was given, the data says 2/)
  refuses(() => inspect(aacCodec({ sampleRateHz: 8000, channels: 2 }), adts()), /8000 Hz was given/)
  const codecPrivate = new Uint8Array([0x11, 0x90])
  refuses(() => inspect(aacCodec({ codecPrivate }), adts({ rateIndex: 4 })), /48000 Hz was given, the data says 44100/)
  refuses(() => inspect(aacCodec({ codecPrivate }), adts({ channels: 1 })), /2 was given, the data says 1/)
  refuses(() => aacCodec({ codecPrivate, sampleRateHz: 44_100 }), /44100 Hz was given, the data says 48000/)
  const codec = aacCodec({ codecPrivate, sampleRateHz: 48_000, channels: 2 })
  inspect(codec, adts())
  assert.deepEqual(codec.format?.codecPrivate, codecPrivate)
})

test('ADTS: one frame of one packet only', () => {
  const two = new Uint8Array([...adts(), ...adts()])
  refuses(() => inspect(aacCodec(), two), /several ADTS frames/)
  refuses(() => inspect(aacCodec(), new Uint8Array([...adts(), 0])), /something behind it/)
  refuses(() => inspect(aacCodec(), adts().subarray(0, 8)), /ADTS frame of 9 bytes in 8 bytes/)
  refuses(() => inspect(aacCodec(), adts().subarray(0, 4)), /ADTS frame/)
  refuses(() => inspect(aacCodec(), adts({ data: [] })), /ADTS frame of 7 bytes/)
  refuses(() => inspect(aacCodec(), adts({ packets: 2 })), /2 packets/)
  refuses(() => inspect(aacCodec(), adts({ rateIndex: 13 })), /reserved sampling rate/)
  refuses(() => inspect(aacCodec(), adts({ channels: 0 })), /program config element/)
})

test('raw packets need to be declared', () => {
  const raw = new Uint8Array([0x21, 0, 0, 0, 0, 0x1c])
  refuses(() => inspect(aacCodec(), raw), /do not tell their sampling rate/)
  refuses(() => inspect(aacCodec({ sampleRateHz: 48_000 }), raw), /do not tell/)
  const codec = makeCodec('aac', portableSearch, { sampleRateHz: 48_000, channels: 2 })
  const payload = inspect(codec, raw)
  assert.deepEqual([payload.spans[0], payload.spans[1], payload.sizeBytes], [0, 6, 6])
  assert.equal(hex(codec.format?.codecPrivate ?? raw), '1190')
  refuses(() => inspect(codec, new Uint8Array(0)), /the frame is empty/)
  refuses(() => inspect(codec, new Uint8Array([0x56, 0xe0, 2, 1, 1])), /LATM/)
  refuses(() => aacCodec({ sampleRateHz: 48_000, channels: 9 }), /9 channels/, 'CONFIGURATION')
  refuses(() => aacCodec({ sampleRateHz: 0.5, channels: 1 }), /0\.5 Hz/, 'CONFIGURATION')
})

test('AudioSpecificConfig: what is written is read', () => {
  const rate = fc.oneof(fc.constantFrom(96_000, 44_100, 8000, 7350), fc.integer({ min: 1, max: 2 ** 24 - 1 }))
  fc.assert(
    fc.property(rate, fc.integer({ min: 1, max: 8 }), (sampleRateHz, channels) => {
      const read = readAudioSpecificConfig(audioSpecificConfig(2, sampleRateHz, channels))
      const want = { objectType: 2, sampleRateHz, outputRateHz: sampleRateHz, channels }
      assert.deepEqual(read, want)
    }),
  )
})

test('AudioSpecificConfig: HE-AAC, escapes', () => {
  const heAac = new BitWriter().u(5, 5).u(4, 7).u(4, 2).u(4, 4).u(5, 2).u(3, 0).bytes()
  const codec = aacCodec({ codecPrivate: heAac, sampleRateHz: 44_100 })
  assert.deepEqual([codec.format?.sampleRateHz, codec.format?.channels], [22_050, 2])
  assert.equal(codec.silence()?.length, 6)
  const explicit = new BitWriter()
    .u(5, 29)
    .u(4, 15)
    .u(24, 12_345)
    .u(4, 1)
    .u(4, 15)
    .u(24, 24_690)
    .u(5, 2)
    .u(1, 1)
    .bytes()
  assert.deepEqual(readAudioSpecificConfig(explicit), {
    objectType: 2,
    sampleRateHz: 12_345,
    outputRateHz: 24_690,
    channels: 1,
  })
  assert.equal(aacCodec({ codecPrivate: new BitWriter().u(5, 4).u(4, 3).u(4, 1).u(3, 0).bytes() }).silence(), null)
  const eld = new BitWriter().u(5, 31).u(6, 7).u(4, 3).u(4, 1).u(1, 0).bytes()
  assert.equal(readAudioSpecificConfig(eld).objectType, 39)
  const inBand = aacCodec({ codecPrivate: new BitWriter().u(5, 2).u(4, 3).u(4, 0).u(3, 0).bytes(), channels: 2 })
  assert.equal(inBand.format?.channels, 2)
  for (const bad of [[], [0x11], [0x00, 0x90], [0x16, 0x90]]) {
    refuses(() => aacCodec({ codecPrivate: new Uint8Array(bad) }), /no AudioSpecificConfig/)
  }
})

test('AAC silence: one packet of each layout, field by field', () => {
  const ics = (bits: BitWriter) => bits.u(1, 0).u(2, 0).u(1, 0).u(6, 0).u(1, 0)
  const mono = ics(new BitWriter().u(3, 0).u(4, 0).u(8, 0)).u(3, 0).u(3, 7).bytes()
  const stereo = ics(new BitWriter().u(3, 1).u(4, 0).u(1, 1)).u(2, 0).u(11, 0).u(11, 0).u(3, 7).bytes()
  const codec = (channels: number) => aacCodec({ sampleRateHz: 16_000, channels })
  assert.deepEqual(codec(1).silence(), mono)
  assert.deepEqual(codec(2).silence(), stereo)
  const single = (bits: BitWriter, id: number, tag: number) => ics(bits.u(3, id).u(4, tag).u(8, 0)).u(3, 0)
  const pair = (bits: BitWriter, tag: number) => ics(bits.u(3, 1).u(4, tag).u(1, 1)).u(2, 0).u(11, 0).u(11, 0)
  const surround = single(pair(pair(single(new BitWriter(), 0, 0), 0), 1), 3, 0)
  assert.deepEqual(codec(6).silence(), surround.u(3, 7).bytes())
  assert.deepEqual(
    codec(4).silence(),
    single(pair(single(new BitWriter(), 0, 0), 0), 0, 1)
      .u(3, 7)
      .bytes(),
  )
  assert.equal(codec(7).silence(), null)
})

test('damaged AAC: the documented error or a payload within the data', () => {
  const frame = adts()
  const mutation = fc.tuple(fc.nat(frame.length - 1), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(mutation, { maxLength: 4 }), (list) => {
      const bytes = frame.slice()
      for (const [at, byte] of list) bytes[at] = byte
      try {
        const { spans, sizeBytes } = inspect(aacCodec(), bytes)
        assert.ok(sizeBytes > 0 && spans[1] === bytes.length)
      } catch (error) {
        assert.ok(error instanceof KvsError && error.code === 'MEDIA_INVALID', String(error))
      }
    }),
    { numRuns: 500 },
  )
})
