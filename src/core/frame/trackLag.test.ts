import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrackLag } from './trackLag.ts'

function samples(lag: TrackLag, ...leads: number[]): number[] {
  return leads.map((leadMs) => lag.sample(leadMs))
}

test('a lag that has grown and stays is told, against the one in the beginning', () => {
  const lag = new TrackLag()
  assert.deepEqual(samples(lag, -100, -50, -100, -150), [0, 0, 0, 0])
  assert.deepEqual(samples(lag, -590, -590, -590, -590), [0, 0, 0, 0], '490 ms are not noticed')
  assert.deepEqual(samples(lag, -800, -800, -900, -900), [0, 0, 0, -750])
  assert.deepEqual(samples(lag, 500, 500, 500, 500), [0, 0, 0, 600])
})

test('samples that are far apart tell nothing, nor do those before a restart', () => {
  const lag = new TrackLag()
  samples(lag, 0, 0, 0, 0)
  const far = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 1000 : 2000))
  assert.deepEqual(new Set(samples(lag, ...far)), new Set([0]))
  samples(lag, 1000, 1000, 1000)
  lag.restart()
  assert.deepEqual(samples(lag, 1000, 1000, 1000, 1000), [0, 0, 0, 1000])
})
