import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BitWriter } from '../../testing/bitWriter.ts'
import { BitReader } from './bits.ts'

test('what was written is read, through emulation prevention', () => {
  const field = fc.oneof(
    fc.tuple(fc.constant('ue' as const), fc.oneof(fc.nat(40), fc.nat(2 ** 31 - 2))),
    fc.tuple(fc.constant('se' as const), fc.integer({ min: -(2 ** 30), max: 2 ** 30 })),
    fc.tuple(fc.constant('u' as const), fc.oneof(fc.constant(0), fc.nat(2 ** 31 - 1))),
  )
  fc.assert(
    fc.property(fc.array(field, { maxLength: 60 }), (fields) => {
      const writer = new BitWriter()
      for (const [kind, value] of fields) {
        if (kind === 'u') writer.u(32, value)
        else writer[kind](value)
      }
      const unit = writer.nal(0x67)
      assert.ok(!Buffer.from(unit).includes(Buffer.from([0, 0, 1])))
      const reader = new BitReader(unit, 1, unit.length, true)
      for (const [kind, value] of fields) {
        const read = kind === 'u' ? reader.unsigned(32) : kind === 'ue' ? reader.exp() : reader.signedExp()
        assert.equal(read + 0, value + 0)
      }
      assert.ok(reader.flag())
      assert.equal(reader.overrun, false)
    }),
  )
})

test('behind the end: zeros, and overrun says so', () => {
  const reader = new BitReader(new Uint8Array([0xff, 0xff]), 0, 1, false)
  assert.equal(reader.unsigned(8), 255)
  assert.equal(reader.overrun, false)
  assert.equal(reader.flag(), false)
  assert.equal(reader.overrun, true)
  assert.equal(reader.exp(), 0)
  reader.skip(Number.MAX_SAFE_INTEGER)
})

test('a 3 behind two zeros is data where nothing was escaped', () => {
  const bytes = new Uint8Array([0, 0, 3, 1])
  assert.equal(new BitReader(bytes, 0, 4, false).unsigned(32), 0x301)
  assert.equal(new BitReader(bytes, 0, 4, true).unsigned(24), 1)
})
