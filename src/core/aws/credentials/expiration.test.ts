import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExpiration } from './expiration.ts'

test('a moment as AWS writes it, in whole seconds', () => {
  const ms = Date.UTC(2026, 0, 31, 9, 18, 6)
  for (const text of ['2026-01-31T09:18:06Z', '2026-01-31T09:18:06.9Z', '2026-01-31T09:18:06.123456Z']) {
    assert.equal(parseExpiration(text), ms, text)
  }
  assert.equal(parseExpiration('2028-02-29T23:59:59Z'), Date.UTC(2028, 1, 29, 23, 59, 59))
})

test('anything else is no moment', () => {
  const wrong = [
    ...['', 'Z', '2026', '2026-01-31', '2026-01-31T09:18:06', '2026-01-31T09:18:06+00:00', '2026-01-31 09:18:06Z'],
    ...['2026-02-30T09:18:06Z', '2026-13-01T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-31T09:60:00Z'],
    ...['2026-01-31T09:18:60Z', '26-01-31T09:18:06Z', '2026-1-31T09:18:06Z', '2026-01-31T09:18:06.Z'],
    ...['2026-01-31T09:18:06ZZ', ' 2026-01-31T09:18:06Z', '2026-01-31T09:18:06.1', '2026-01-31T09.18.06Z'],
    ...['-026-01-31T09:18:06Z', '1769851086', 'Sat, 31 Jan 2026 09:18:06 GMT'],
  ]
  for (const text of wrong) assert.equal(parseExpiration(text), undefined, text)
})
