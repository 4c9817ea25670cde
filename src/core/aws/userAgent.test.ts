import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAgent } from './userAgent.ts'

test('says program and system, and nothing that could end the header or be too long', () => {
  assert.equal(userAgent('1.2.3', 'Linux/6.1 x86_64'), 'kvs-producer/1.2.3 (Linux/6.1 x86_64)')
  assert.equal(userAgent('1', 'a\r\nb: (c) \\d \u00e9'), 'kvs-producer/1 (ab: c d )')
  assert.ok(userAgent('1'.repeat(300), 'a'.repeat(300)).length <= 256)
})
