/** What of the benchmark's results is a failure. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HostResults, missesBar, type Results, rowsOf } from '../bench/device/rows.ts'

const nothing: HostResults = { h264: null, unconfirmed: null, h265: null, slope: null, starts: null }
const unmeasured: Results = {
  date: '',
  machine: '',
  load: [],
  media: '',
  sizes: { armv7: null, x86_64: null },
  device: nothing,
  node: nothing,
  instructions: { aesGcm: null, withoutAesGcm: null, withoutAesChaCha: null },
}

describe('a bar of the device benchmark', () => {
  const missed = (results: Partial<Results>) =>
    rowsOf({ ...unmeasured, ...results })
      .filter(missesBar)
      .map((row) => row.what)

  test('is missed above it and not at it; an aim does not count', () => {
    assert.deepEqual(missed({ sizes: { armv7: 850_000, x86_64: 850_001 } }), ['executable, x86-64'])
  })

  test('is not missed by what was not measured, by Node.js, or by a look that is too short', () => {
    const slope = { afterSeconds: 8, seconds: 16, kibPerMinute: 900, noiseKib: 1 }
    const run = { seconds: 24, peakKib: 99_000, cpuPerMinute: 1, slope }
    const quick = { ...run, peakKib: 2000 }
    assert.deepEqual(missed({ node: { ...nothing, h264: run }, device: { ...nothing, h264: quick } }), [])
    const long = { ...quick, slope: { ...slope, seconds: 600 } }
    assert.deepEqual(missed({ device: { ...nothing, slope: long } }), ['slope of resident memory'])
  })
})
