import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base64, hex, utf8Bytes, utf8Text } from './text.ts'

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

test('text to UTF-8: what has no character of its own is U+FFFD', () => {
  const cases: [string, number[]][] = [
    ['', []],
    ['\u0000\u007f\u0080\u07ff\u0800\uffff', [0, 0x7f, 0xc2, 0x80, 0xdf, 0xbf, 0xe0, 0xa0, 0x80, 0xef, 0xbf, 0xbf]],
    ['\u{10000}\u{10ffff}', [0xf0, 0x90, 0x80, 0x80, 0xf4, 0x8f, 0xbf, 0xbf]],
    ['\ud800', [0xef, 0xbf, 0xbd]],
    ['\udc00a', [0xef, 0xbf, 0xbd, 0x61]],
    ['\ud800\ud800\udc00', [0xef, 0xbf, 0xbd, 0xf0, 0x90, 0x80, 0x80]],
  ]
  for (const [text, bytes] of cases) assert.deepEqual([...utf8Bytes(text)], bytes, bytes.join(' '))
})

test('hexadecimal digits', () => {
  assert.equal(hex(new Uint8Array()), '')
  assert.equal(hex(Uint8Array.of(0, 9, 10, 0x7f, 0xa0, 255)), '00090a7fa0ff')
})

test('base64 (RFC 4648 section 10)', () => {
  const cases = ['', 'f Zg==', 'fo Zm8=', 'foo Zm9v', 'foob Zm9vYg==', 'fooba Zm9vYmE=', 'foobar Zm9vYmFy']
  for (const [text = '', coded = ''] of cases.map((line) => line.split(' '))) {
    assert.equal(base64(utf8Bytes(text)), coded)
  }
  assert.equal(base64(Uint8Array.of(0xfb, 0xff, 0xfe)), '+//+')
})
