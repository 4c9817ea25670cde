import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Bytes } from '../text.ts'
import { crc32 } from './crc32.ts'

test('CRC-32 of the digits, as every description of it has it, at once and in two pieces', () => {
  assert.equal(crc32(utf8Bytes('123456789'), 0), 0xcbf43926)
  assert.equal(crc32(utf8Bytes('6789'), crc32(utf8Bytes('12345'), 0)), 0xcbf43926)
  assert.equal(crc32(new Uint8Array(0), 0), 0)
})
