import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseHttpDate } from './date.ts'

test('agrees with the platform on every second', () => {
  fc.assert(
    fc.property(fc.integer({ min: -2_208_988_800, max: 253_402_300_799 }), (seconds) => {
      assert.equal(parseHttpDate(new Date(seconds * 1000).toUTCString()), seconds * 1000)
    }),
  )
})

test('what is no such date is not guessed at', () => {
  const dates = [
    '',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 GMT x',
    'Sun, 32 Nov 1994 08:49:37 GMT',
    'Sun, 06 nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
    'Sun, 06 Nov 1994 08:49 GMT',
    'Sun, 06 Nov 1994 08:49:37:1 GMT',
    'Sun, -6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 19x4 08:49:37 GMT',
  ]
  for (const date of dates) assert.equal(parseHttpDate(date), undefined, date)
})
