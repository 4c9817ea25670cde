import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backoffMs } from './backoff.ts'
import { FragmentRate } from './fragmentRate.ts'
import { type LineState, mayFollow } from './states.ts'

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
          const waitMs = rate.waitMs(nowMs)
          assert.equal(rate.waitMs(nowMs), waitMs)
          const recent = begun.filter((ms) => ms > nowMs - 1100).length
          assert.equal(waitMs > 0, recent >= perSecond)
          nowMs += waitMs
          rate.begin(nowMs)
          begun.push(nowMs)
        }
        for (const [index, ms] of begun.entries())
          assert.equal((begun[index + perSecond] ?? Infinity) - ms > 1000, true)
      },
    ),
  )
})

test('without a limit nothing waits', () => {
  const rate = new FragmentRate(Number.POSITIVE_INFINITY)
  for (let n = 0; n < 100; n++) {
    assert.equal(rate.waitMs(0), 0)
    rate.begin(0)
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
