/** Clocks of sources that go wrong while media flows. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { every, TimedSource } from './testing/timedSource.ts'

const hourMs = 3_600_000

for (const backMs of [150, 400, 3000, 20_000, hourMs]) {
  test(`a clock that goes back by ${backMs} ms: both tracks go on from where they were, and stay together`, () => {
    const source = new TimedSource({ live: backMs > 3000 })
    source.play(30_000, 50_000)
    const { video, audio } = source.play(10_000, 80_000 - backMs)
    assert.deepEqual(video, every(40, 250, 30_000))
    assert.deepEqual(audio, every(20, 500, 30_000))
    assert.deepEqual(source.counts.repairs, { backward: 2 })
    assert.equal(source.warnings.length, 1)
  })
}

test('a clock that is reset while one track still comes with its old times tears nothing', () => {
  const source = new TimedSource()
  source.play(20_000, hourMs)
  // Sound is 300 ms behind: it still comes on the old clock, when pictures come on the new one.
  const audio: number[] = []
  const video: number[] = []
  for (let ms = 0; ms < 2000; ms += 20) {
    if (ms % 40 === 0) video.push(source.put(1, ms))
    audio.push(source.put(2, ms < 300 ? hourMs + 20_000 + ms : ms))
  }
  assert.deepEqual(video, every(40, 50, 20_000))
  assert.deepEqual(audio, every(20, 100, 20_000))
  assert.deepEqual(source.counts.repairs, { backward: 2 })
})

test('frames lost around the reset of a clock do not part sound and pictures', () => {
  for (const [videoGapMs, audioGapMs] of [
    [160, 0],
    [0, 160],
    [280, 100],
  ] as const) {
    const source = new TimedSource()
    source.play(20_000, hourMs)
    const videoMs = source.put(1, videoGapMs)
    const audioMs = source.put(2, audioGapMs)
    assert.equal(videoMs - audioMs, videoGapMs - audioGapMs)
    assert.equal(source.put(2, 1000) - source.put(1, 1000), 0)
  }
})

test('steps of two tracks that differ, or are far apart in time, have nothing to do with each other', () => {
  const source = new TimedSource()
  source.play(20_000, hourMs)
  assert.equal(source.put(1, hourMs - 100_000), 20_000)
  assert.equal(source.put(2, hourMs - 40_000), 20_000)
  const later = new TimedSource()
  later.play(20_000, hourMs)
  for (let ms = 0; ms < 12_000; ms += 40) later.put(1, ms + 10)
  for (let ms = 20_000; ms < 32_000; ms += 20) later.put(2, hourMs + ms)
  assert.equal(later.put(2, 11_000), 32_000)
})

test('after a step, a smaller one is found as before', () => {
  const source = new TimedSource()
  source.play(20_000, hourMs)
  source.play(20_000, 0)
  assert.deepEqual(source.play(1000, 19_600).video, every(40, 25, 40_000))
  assert.deepEqual(source.counts.repairs, { backward: 4 })
})

test('a clock that is reset again and again is counted each time, and told once', () => {
  const source = new TimedSource()
  for (let round = 0; round < 5; round++) {
    const { video } = source.play(12_000, 0)
    assert.deepEqual(video, every(40, 300, round * 12_000))
  }
  assert.deepEqual(source.counts, { timesRepaired: 8, repairs: { backward: 8 } })
  assert.equal(source.warnings.length, 1)
})

test('a camera that starts anew after a while, and with its clock: times go on where the time of day is', () => {
  const source = new TimedSource({ live: true })
  source.play(20_000, hourMs)
  source.nowMs += 40_000
  const { video, audio } = source.play(1000, 0)
  assert.deepEqual(video, every(40, 25, 60_000))
  assert.deepEqual(audio, every(20, 50, 60_000))
})

test('a live clock that jumps ahead, and back again later, changes nothing', () => {
  const source = new TimedSource({ live: true })
  source.play(20_000, 0)
  assert.deepEqual(source.play(20_000, 20_000 + hourMs).video, every(40, 500, 20_000))
  const { video, audio } = source.play(20_000, 40_000)
  assert.deepEqual([video, audio], [every(40, 500, 40_000), every(20, 1000, 40_000)])
  assert.deepEqual(source.counts.repairs, { forward: 2, backward: 2 })
  assert.equal(source.warnings.length, 2)
})

test('one frame with a time that is none costs that frame, and the other track nothing', () => {
  for (const wrong of [-1e15, 0, 1e15]) {
    const source = new TimedSource({ live: true })
    source.play(20_000, hourMs)
    const wrongAt = source.put(1, wrong)
    assert.ok(wrongAt >= 20_000 && wrongAt <= 20_060, `${wrong} at ${wrongAt}`)
    const { video, audio } = source.play(1000, hourMs + 20_040)
    assert.deepEqual([video, audio], [every(40, 25, 20_040), every(20, 50, 20_040)])
  }
})

test('a live source that pauses keeps the pause, and so does a recording', () => {
  const live = new TimedSource({ live: true })
  live.play(5000, 0)
  live.nowMs += 60_000
  assert.equal(live.play(1000, 65_000).video[0], 65_000)
  assert.equal(live.counts.timesRepaired, 0)
  const file = new TimedSource()
  file.play(5000, 0)
  assert.equal(file.play(1000, hourMs).audio[0], hourMs)
  assert.equal(file.counts.timesRepaired, 0)
})

test('a recording that goes back and ahead again is as it was', () => {
  const source = new TimedSource()
  source.play(20_000, hourMs)
  source.play(10_000, 0)
  // Some frames are lost on the way.
  const { video, audio } = source.play(10_000, hourMs + 30_300)
  assert.deepEqual([video, audio], [every(40, 250, 30_300), every(20, 500, 30_300)])
  assert.deepEqual(source.counts.repairs, { backward: 2, forward: 2 })
})

test('a track on a clock of its own comes to the others', () => {
  const live = new TimedSource({ live: true })
  live.put(1, hourMs)
  live.nowMs = 500
  assert.equal(live.put(2, 0), 500)
  assert.equal(live.put(2, 20), 520)
  const file = new TimedSource()
  file.put(1, hourMs)
  assert.equal(file.put(2, 100), 0)
  assert.equal(file.put(2, 120), 20)
})

test('sound that comes to lag behind pictures is moved once it stays so, and pictures behind sound', () => {
  for (const slow of [1, 2]) {
    const source = new TimedSource({ live: true })
    source.play(10_000, 0)
    // Half of the lag is in the times: that track's clock is slow by a tenth.
    for (let ms = 10_000; ms < 60_000; ms += 20) {
      const slowMs = 10_000 + (ms - 10_000) * 0.9
      if (ms % 40 === 0) source.put(1, slow === 1 ? slowMs : ms)
      if (ms % 1000 === 0) source.clock.opened()
      source.put(2, slow === 2 ? slowMs : ms)
      source.nowMs += 20
    }
    const moves = source.counts.repairs['drift'] ?? 0
    assert.ok(moves >= 4 && moves <= 10, `${moves} moves`)
    assert.equal(source.counts.timesRepaired, moves)
    assert.equal(source.warnings.length, 1)
    const apart = source.put(1, slow === 1 ? 55_000 : 60_000) - source.put(2, slow === 2 ? 55_000 : 60_000)
    assert.ok(Math.abs(apart) < 1200, `${apart} ms apart`)
  }
})

test('sound that comes late for a while, or pauses, or that is recorded otherwise, is no drift', () => {
  const burst = new TimedSource({ live: true })
  burst.play(10_000, 0)
  for (let ms = 10_000; ms < 60_000; ms += 1000) {
    // All of a second's sound, now before and now behind its pictures.
    const first = ms % 3000 === 0 ? 2 : 1
    for (const track of [first, 3 - first]) {
      for (let n = 0; n < 1000; n += 40) burst.put(track, ms + n)
      burst.clock.opened()
    }
    burst.nowMs += 1000
  }
  assert.equal(burst.counts.timesRepaired, 0)
  const file = new TimedSource()
  file.play(10_000, 0)
  for (let ms = 10_000; ms < 30_000; ms += 40) {
    file.put(1, ms)
    file.clock.opened()
    if (ms > 13_000) file.put(2, ms - 3000)
  }
  assert.equal(file.counts.timesRepaired, 0)
})
