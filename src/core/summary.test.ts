import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from './errors.ts'
import { Histogram } from './histogram.ts'
import { countLoss, framesLost, newStats } from './stats.ts'
import { summarise } from './summary.ts'

test('quantiles are within 7 % or half a unit of the truth, in any order of values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0, 0.5, 0.9, 0.99, 1),
      (values, part) => {
        const histogram = new Histogram()
        for (const value of values) histogram.add(value)
        const sorted = values.sort((a, b) => a - b)
        const truth = sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1] ?? 0
        const found = histogram.quantile(part) ?? Number.NaN
        assert.ok(Math.abs(found - truth) <= 0.07 * truth + 0.07, `${found} instead of ${truth}`)
        assert.equal(histogram.count, values.length)
      },
    ),
  )
})

test('no values have no quantile, and the largest are counted as large', () => {
  const histogram = new Histogram()
  assert.equal(histogram.quantile(0.5), null)
  histogram.add(1e300)
  histogram.add(-5)
  assert.equal((histogram.quantile(1) ?? 0) > 1e12, true)
  assert.equal(histogram.quantile(0), 0)
})

test('losses add up by reason', () => {
  const stats = newStats()
  countLoss(stats, 'refused', 1, 10, 1000)
  countLoss(stats, 'refused', 1, 5, 500)
  countLoss(stats, 'no-video', 0, 1, 20)
  assert.deepEqual(stats.lost, {
    refused: { fragments: 2, frames: 15, bytes: 1500 },
    'no-video': { fragments: 0, frames: 1, bytes: 20 },
  })
  assert.equal(framesLost(stats), 16)
})

test('the exit status follows: the error first, then what is lost, then 0', () => {
  const stats = newStats()
  assert.deepEqual([summarise(stats, null).exitStatus, summarise(stats, null).error], [0, null])
  countLoss(stats, 'not-delivered', 2, 30, 3000)
  const lost = summarise(stats, null)
  assert.equal(lost.exitStatus, 74)
  assert.equal(lost.error?.message.includes('30 frames'), true)
  assert.equal(lost.error?.message.includes('not delivered before the end'), true)
  const error = new KvsError('ACCESS_DENIED', 'no')
  assert.equal(summarise(stats, error).error, error)
  assert.equal(summarise(stats, error).exitStatus, 77)
})
