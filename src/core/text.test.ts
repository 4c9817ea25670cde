import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64, hex, utf8Bytes, utf8Text } from './text.ts'

const encoder = new TextEncoder()

test('text to UTF-8 as the platform does it, lone surrogates included', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  )
  fc.assert(
    fc.property(text, (value) => {
      assert.deepEqual([...utf8Bytes(value)], [...encoder.encode(value)])
    }),
    { numRuns: 1000 },
  )
})

test('UTF-8 to text and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      assert.equal(utf8Text(utf8Bytes(value)), value)
    }),
    { numRuns: 1000 },
  )
})

test('a part of the bytes', () => {
  const bytes = utf8Bytes('a\u00e9\u20ac\u{1f4f7}z')
  assert.equal(utf8Text(bytes, 1, 3), '\u00e9')
  assert.equal(utf8Text(bytes, 3), '\u20ac\u{1f4f7}z')
  assert.equal(utf8Text(bytes, 1, 2), '\ufffd', 'not beyond the end given')
  assert.equal(utf8Text(bytes, 3, 3), '')
})

test('what is no UTF-8 becomes U+FFFD, byte by byte', () => {
  const cases: [number[], string][] = [
    [[0x80], '\ufffd'],
    [[0xc0, 0x80], '\ufffd\ufffd'],
    [[0xc1, 0xbf], '\ufffd\ufffd'],
    [[0xe0, 0x80, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xf0, 0x80, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
    [[0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
    [[0xf5, 0x80], '\ufffd\ufffd'],
    [[0xff, 0x41], '\ufffdA'],
    [[0xe2, 0x82], '\ufffd\ufffd'],
    [[0xe2, 0x41, 0x41], '\ufffdAA'],
    [[0xf4, 0x8f, 0xbf, 0xbf], '\u{10ffff}'],
    [[0xc2, 0x80], '\u0080'],
    [[0xee, 0x80, 0x80], '\ue000'],
  ]
  for (const [bytes, text] of cases) assert.equal(utf8Text(Uint8Array.from(bytes)), text, bytes.join(' '))
})

test('arbitrary bytes: valid where the platform says so, never longer than the bytes', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const text = utf8Text(bytes)
      assert.ok(text.length <= bytes.length)
      let theirs: string | undefined
      try {
        theirs = strict.decode(bytes)
      } catch {
        assert.ok(text.includes('\ufffd'))
      }
      if (theirs !== undefined) assert.equal(text, theirs)
    }),
    { numRuns: 3000 },
  )
})

test('hexadecimal digits', () => {
  assert.equal(hex(new Uint8Array()), '')
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(hex(bytes), Buffer.from(bytes).toString('hex'))))
})

test('base64', () => {
  assert.equal(base64(new Uint8Array()), '')
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'))))
})
