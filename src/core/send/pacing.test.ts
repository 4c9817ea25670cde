import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backoffMs } from './backoff.ts'
import { FragmentRate } from './fragmentRate.ts'
import { type LineState, mayFollow } from './states.ts'

const live = { spooled: false, lengthBytes: 1000 }

test('the wait is any time up to a limit that doubles up to 10 s', () => {
  const most = Array.from({ length: 8 }, (_, n) => backoffMs(n + 1, 0.9999))
  assert.deepEqual(most, [200, 400, 800, 1600, 3200, 6399, 9999, 9999])
  assert.equal(backoffMs(3, 0.5), 400)
  assert.equal(backoffMs(1_000_000, 0.5), 5000)
  assert.equal(backoffMs(5, 0), 20)
})

test('never more fragments in any second than allowed, and never a wait without need', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(400), { maxLength: 100, size: 'max' }),
      fc.integer({ min: 1, max: 5 }),
      (gaps, perSecond) => {
        const rate = new FragmentRate(perSecond)
        const begun: number[] = []
        let nowMs = 0
        for (const gap of gaps) {
          nowMs += gap
          const waitMs = rate.waitMs(nowMs, live)
          assert.equal(rate.waitMs(nowMs, live), waitMs)
          const recent = begun.filter((ms) => ms > nowMs - 1100).length
          assert.equal(waitMs > 0, recent >= perSecond)
          nowMs += waitMs
          rate.begin(nowMs, live)
          begun.push(nowMs)
        }
        for (const [index, ms] of begun.entries())
          assert.equal((begun[index + perSecond] ?? Infinity) - ms > 1000, true)
      },
    ),
  )
})

test('what was spooled goes out at its own pace, and what is live does not wait for that', () => {
  const spooled = { spooled: true, lengthBytes: 50_000 }
  const rate = new FragmentRate(5, 100_000)
  assert.equal(rate.waitMs(0, spooled), 0)
  rate.begin(0, spooled)
  assert.equal(rate.waitMs(100, spooled), 400)
  assert.equal(rate.waitMs(100, live), 0)
  assert.equal(rate.waitMs(500, spooled), 0)
})

test('without a limit nothing waits', () => {
  const rate = new FragmentRate(Number.POSITIVE_INFINITY)
  for (let n = 0; n < 100; n++) {
    assert.equal(rate.waitMs(0, live), 0)
    rate.begin(0, live)
  }
})

test('the end is reached from everywhere and left for nowhere', () => {
  const states: LineState[] = ['preparing', 'locating', 'idle', 'connecting', 'streaming', 'waiting']
  for (const state of states) {
    assert.equal(mayFollow(state, 'ended'), true)
    assert.equal(mayFollow('ended', state), false)
    assert.equal(mayFollow(state, state), false)
  }
  assert.equal(mayFollow('preparing', 'streaming'), false)
})
