/** Compared with Node.js, which the engine of a device lacks. */

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

test('hexadecimal digits as the platform writes them', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(hex(bytes), Buffer.from(bytes).toString('hex'))))
})

test('base64 as the platform writes it', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'))))
})
