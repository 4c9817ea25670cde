import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pacer } from './pace.ts'

test('due times come from the start, and what is late is due', () => {
  const pacer = new Pacer(1000.5)
  assert.equal(pacer.waitMs(0, 1000.5), 0)
  assert.equal(pacer.waitMs(40, 1000.5), 40)
  assert.equal(pacer.waitMs(40, 1030.5), 10)
  assert.equal(pacer.waitMs(40, 9000), 0)
  assert.equal(pacer.waitMs(86_400_000, 1000.5 + 86_399_999), 1)
})
