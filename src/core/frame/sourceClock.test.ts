import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Repairs } from './repairs.ts'
import { SourceClock } from './sourceClock.ts'
import { every, startMs, TimedSource } from './testing/timedSource.ts'

const nan = Number.NaN
const hourMs = 3_600_000

test('times that are right are what they are after the first, to the millisecond', () => {
  const source = new TimedSource()
  assert.deepEqual(
    [0, 33.4, 66.7, 100.1].map((ms) => source.put(1, 5000 + ms)),
    [0, 33, 67, 100],
  )
  assert.deepEqual([source.put(2, 5003), source.put(2, 5024)], [3, 24])
  assert.deepEqual(source.counts, { timesRepaired: 0, repairs: {} })
})

test('an origin that is given holds', () => {
  const source = new TimedSource({ originMs: startMs + 7 })
  assert.equal(source.put(1, 1000), 1007)
})

test('what is no time is refused and changes nothing', () => {
  const source = new TimedSource()
  const refused = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e300]
  for (const pts of refused) assert.throws(() => source.put(1, pts), { code: 'USAGE' }, `${pts} first`)
  assert.equal(source.put(1, 0), 0)
  for (const pts of refused) assert.throws(() => source.put(1, pts), { code: 'USAGE' }, `${pts}`)
  assert.throws(() => source.put(3, 0), { code: 'USAGE' })
  assert.equal(source.put(1, 40), 40)
  assert.equal(source.counts.timesRepaired, 0)
})

test('pictures with a dts that rises keep their order of showing', () => {
  const source = new TimedSource()
  const frames = [
    [80, 0],
    [240, 40],
    [160, 80],
    [120, 120],
    [200, 160],
    [400, 200],
  ] as const
  assert.deepEqual(
    frames.map(([pts, dts]) => source.put(1, pts, dts)),
    frames.map(([pts]) => pts - 80),
  )
  assert.equal(source.clock.dtsMs - startMs, 120)
  assert.equal(source.counts.timesRepaired, 0)
})

test('pictures out of order without a dts are no clock that goes back, and leave room before the next key frame', () => {
  const source = new TimedSource()
  for (let ms = 0; ms < 30_000; ms += 160) {
    assert.deepEqual(
      [0, 160, 80, 40, 120].map((pts) => source.put(1, ms + pts)),
      [0, 160, 80, 40, 120].map((pts) => ms + pts),
    )
  }
  source.put(1, 30_080)
  assert.equal(source.clock.ptsMs - source.clock.dtsMs, 120)
  assert.equal(source.counts.timesRepaired, 0)
})

test('a dts that cannot be is not looked at', () => {
  const source = new TimedSource()
  assert.deepEqual(
    [source.put(1, 0, 100_000), source.put(1, 40, -100_000), source.put(1, 80, nan), source.put(1, 120, 1e300)],
    [0, 40, 80, 120],
  )
})

test('a frame without pts has that of its dts, and one without both follows the one before', () => {
  const source = new TimedSource()
  for (let ms = 0; ms < 1000; ms += 50) source.put(1, ms)
  assert.equal(source.put(1, nan, 1000), 1000)
  for (const ms of [1050, 1100, 1150]) assert.ok(Math.abs(source.put(1, nan, nan) - ms) < 10)
  assert.equal(source.put(1, 1200), 1200)
  assert.equal(source.put(1, nan, nan) - 1250 < 10, true)
  assert.deepEqual(source.counts, { timesRepaired: 5, repairs: { missing: 5 } })
  assert.equal(source.warnings.length, 1)
})

test('a source that times key frames only: what is between is spread as the last ones were', () => {
  const source = new TimedSource({ codecs: ['h264'] })
  const times: number[] = []
  for (let n = 0; n < 30; n++) times.push(source.put(1, n % 10 === 0 ? n * 100 : nan, nan))
  assert.deepEqual(times.slice(10), every(100, 20, 1000))
})

test('a live source without any times is timed as it comes', () => {
  const source = new TimedSource({ live: true })
  const times: number[] = []
  for (const ms of [0, 70, 110, 115]) {
    source.nowMs = ms
    times.push(source.put(1, nan, nan), source.put(2, nan, nan))
  }
  assert.deepEqual(times, [0, 0, 70, 70, 110, 110, 115, 115])
  // Once it begins to tell them, they go on from there.
  assert.equal(source.put(1, 9_000_000) - 115 <= 40, true)
})

test('sound that goes back a little is held until the source has caught up', () => {
  const source = new TimedSource({ codecs: ['aac'] })
  assert.deepEqual(
    [0, 20, 40, 15, 35, 60, 80].map((ms) => source.put(1, ms)),
    [0, 20, 40, 40, 40, 60, 80],
  )
  assert.deepEqual(source.counts.repairs, { order: 2 })
})

test('the time of day corrected moves what comes, and nothing of what was told', () => {
  let offMs = 0
  const clock = new SourceClock({
    clock: { monotonicMs: () => 0, wallMs: () => 0, setTimer: () => ({ cancel: () => undefined }) },
    nowMs: () => startMs + offMs,
    originMs: undefined,
    tracks: [{ codec: 'h264' }],
    live: true,
    repairs: new Repairs({ timesRepaired: 0, repairs: {} }, () => undefined),
  })
  assert.equal(clock.correct(), 0)
  clock.time({ track: 1, pts: 0, dts: 0, data: new Uint8Array(0) })
  offMs = 900
  assert.equal(clock.correct(), 0)
  offMs = hourMs
  assert.equal(clock.correct(), hourMs)
  clock.time({ track: 1, pts: 40, dts: 40, data: new Uint8Array(0) })
  assert.equal(clock.ptsMs, startMs + hourMs + 40)
})

test('whatever times come, the ones that go out are times, and sources that are right are not repaired', () => {
  const time = fc.oneof(
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom(nan, -1, 2 ** 33 / 90, 1e12),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  )
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), time, time, fc.nat(2000)), { maxLength: 60 })
  fc.assert(
    fc.property(frames, fc.boolean(), (list, live) => {
      const source = new TimedSource({ live, originMs: startMs })
      for (const [track, pts, dts, waitMs] of list) {
        source.nowMs += waitMs
        const ms = source.put(track, pts, dts) + startMs
        assert.ok(Number.isSafeInteger(ms) && Number.isSafeInteger(source.clock.dtsMs), `${ms}`)
        if (ms % 3 === 0) source.clock.opened()
      }
      const sum = Object.values(source.counts.repairs).reduce((all, one) => all + one, 0)
      assert.equal(sum, source.counts.timesRepaired)
      assert.ok(source.warnings.length <= Object.keys(source.counts.repairs).length)
    }),
    { numRuns: 300 },
  )
  const right = fc.record({
    live: fc.boolean(),
    frameMs: fc.integer({ min: 8, max: 1000 }),
    packetMs: fc.double({ min: 10, max: 128, noNaN: true }),
    reorder: fc.constantFrom(0, 1, 2, 4),
    jitterMs: fc.constantFrom(0, 1, 30),
    ahead: fc.integer({ min: -3000, max: 3000 }),
    seed: fc.array(fc.nat(1000), { minLength: 5, maxLength: 20 }),
  })
  fc.assert(
    fc.property(right, ({ live, frameMs, packetMs, reorder, jitterMs, ahead, seed }) => {
      const source = new TimedSource({ live, originMs: startMs })
      const jitter = (n: number) => ((seed[n % seed.length] ?? 0) / 1000) * Math.min(jitterMs, frameMs / 3)
      let packets = 0
      for (let n = 0; n * frameMs < 25_000; n++) {
        source.nowMs = n * frameMs + jitter(n)
        const dts = 5000 + n * frameMs + jitter(n)
        const pts = dts + (reorder === 0 ? 0 : ((n * 7) % (reorder + 1)) * frameMs)
        const late = pts - dts > 5000 ? dts : pts
        assert.equal(source.put(1, late, dts), Math.round(startMs + late) - startMs)
        if (n % 50 === 0) source.clock.opened()
        for (; packets * packetMs + ahead < n * frameMs; packets++) {
          const ms = 5000 + packets * packetMs
          assert.equal(source.put(2, ms), Math.round(startMs + ms) - startMs)
        }
      }
      assert.deepEqual(source.counts.repairs, {})
    }),
    { numRuns: 100 },
  )
})
