import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plot, type Sample, slopePerHour } from './memory.ts'

const minutes = (count: number, bytesAt: (minute: number) => number) =>
  Array.from({ length: count }, (_, n) => ({ atMs: n * 60_000, heldBytes: bytesAt(n) }))

test('the slope is that of the line through the samples, whatever lies around it', () => {
  const rounded = (samples: readonly Sample[]) => Math.round(slopePerHour(samples))
  assert.equal(rounded(minutes(30, (minute) => 5e6 + 1000 * minute)), 60_000)
  assert.equal(rounded(minutes(30, () => 5e6)), 0)
  assert.equal(rounded(minutes(41, (minute) => 1000 * minute + (minute % 2 === 0 ? 70 : -70))), 60_000)
  assert.equal(rounded(minutes(1, () => 5e6)), 0)
})

test('the plot has a bar for each part, the lowest and the highest at its ends', () => {
  assert.equal(
    plot(
      minutes(8, (minute) => minute * 2 ** 20),
      4,
    ),
    '▁▃▆█  0.50 to 6.50 MB',
  )
})
