import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsWith } from '../../testing/failsWith.ts'
import { hex } from '../../text.ts'
import { makeCodec } from './codec.ts'
import { g711Codec } from './g711.ts'
import { portableSearch } from './search.ts'
import { inspect } from './testing/inspect.ts'

function refuses(run: () => unknown, message: RegExp, code = 'MEDIA_INVALID') {
  assert.throws(run, failsWith(code, message))
}

test('G.711', () => {
  const alaw = makeCodec('alaw', portableSearch)
  assert.equal(hex(alaw.format?.codecPrivate ?? new Uint8Array(0)), '06000100401f0000401f0000010008000000')
  assert.deepEqual([alaw.format?.codecId, alaw.format?.sampleRateHz, alaw.format?.channels], ['A_MS/ACM', 8000, 1])
  assert.deepEqual(alaw.silence(), new Uint8Array(160).fill(0xd5))
  const mulaw = g711Codec('mulaw', { sampleRateHz: 16_000, channels: 2 })
  assert.equal(hex(mulaw.format?.codecPrivate ?? new Uint8Array(0)), '07000200803e0000007d0000020008000000')
  assert.deepEqual(mulaw.silence(), new Uint8Array(640).fill(0xff))
  const payload = inspect(mulaw, new Uint8Array(640))
  assert.deepEqual([payload.spans[0], payload.spans[1], payload.count, payload.sizeBytes], [0, 640, 1, 640])
  assert.deepEqual([payload.prefixed, payload.keyFrame, payload.media], [false, true, true])
  refuses(() => inspect(mulaw, new Uint8Array(639)), /639 bytes are no whole samples/)
  refuses(() => inspect(mulaw, new Uint8Array(0)), /the frame is empty/)
  refuses(() => g711Codec('alaw', { sampleRateHz: 7999 }), /7999 Hz/, 'CONFIGURATION')
  refuses(() => g711Codec('alaw', { channels: 3 }), /3 channels/, 'CONFIGURATION')
})
