import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../testing/fakeClock.ts'
import { ServiceClock, wrongClockText } from './serviceClock.ts'

const hourMs = 3_600_000

/** A host whose clock is behind the service's by `behindMs`, and what its service clock complained of. */
function host(behindMs: number) {
  const clock = new FakeClock()
  const wrong: number[] = []
  const time = new ServiceClock(clock, (offsetMs) => wrong.push(offsetMs))
  const serviceMs = () => clock.wallOriginMs + clock.monotonicMs() + behindMs
  /** An answer whose Date was written `backMs` ago, to a request that went out `askedMs` ago. */
  const answer = (backMs = 0, askedMs = 0) =>
    time.learn(Math.floor((serviceMs() - backMs) / 1000) * 1000, clock.monotonicMs() - askedMs)
  return { clock, wrong, time, answer }
}

test('a clock that is right is followed, also where it is adjusted', () => {
  for (const behindMs of [0, 3000, -3000]) {
    const { clock, time, answer, wrong } = host(behindMs)
    assert.equal(time.nowMs(), clock.wallMs())
    assert.equal(answer(), false)
    assert.equal(time.nowMs(), clock.wallMs())
    clock.wallOriginMs += 700
    assert.equal(time.nowMs(), clock.wallMs())
    assert.deepEqual(wrong, [])
  }
})

test('a clock that is wrong by seconds, hours or years is corrected, and that is said once', () => {
  for (const behindMs of [7000, -7000, 3 * hourMs, -3 * hourMs, 50 * 365 * 24 * hourMs]) {
    const { clock, time, answer, wrong } = host(behindMs)
    assert.equal(answer(), true)
    assert.ok(Math.abs(time.nowMs() - clock.wallMs() - behindMs) <= 1000)
    clock.advanceNow(10 * 60_000)
    assert.ok(Math.abs(time.nowMs() - clock.wallMs() - behindMs) <= 1000)
    assert.equal(answer(), false)
    assert.equal(wrong.length, 1)
    assert.ok(Math.abs((wrong[0] ?? 0) - behindMs) <= 1000)
  }
})

test('a clock that is set right meanwhile: time goes on, and the clock is followed again', () => {
  const { clock, time, answer, wrong } = host(3 * hourMs)
  answer()
  const beforeMs = time.nowMs()
  clock.wallOriginMs += 3 * hourMs
  assert.equal(time.nowMs(), beforeMs)
  time.learn(clock.wallMs(), clock.monotonicMs())
  assert.equal(time.nowMs(), clock.wallMs())
  assert.equal(wrong.length, 1)
})

test('a clock that jumps is not followed, and the next answer says whether it is wrong', () => {
  const { clock, time, answer, wrong } = host(0)
  answer()
  const serviceMs = clock.wallMs()
  for (const byMs of [3 * hourMs, -5 * hourMs]) {
    clock.wallOriginMs += byMs
    assert.equal(time.nowMs(), serviceMs)
    assert.equal(time.confirmedMs(), serviceMs)
  }
  assert.equal(time.learn(serviceMs, clock.monotonicMs()), false)
  assert.ok(Math.abs(time.nowMs() - serviceMs) <= 1000)
  assert.equal(wrong.length, 1)
})

test('a slow network is not taken for a wrong clock', () => {
  const { clock, time, answer, wrong } = host(0)
  // The request took 30 s, and the answer 20 of them: the service has written its Date somewhere between.
  answer(20_000, 30_000)
  assert.equal(time.nowMs(), clock.wallMs())
  assert.deepEqual(wrong, [])
})

test('what people are told', () => {
  const begin = 'the clock of this machine is'
  const rest = "the service's: corrected for this run; set the clock"
  assert.equal(wrongClockText(3 * hourMs), `${begin} 3 h behind ${rest}`)
  assert.equal(wrongClockText(-7000), `${begin} 7 s ahead of ${rest}`)
  assert.equal(wrongClockText(-30 * 60_000), `${begin} 30 min ahead of ${rest}`)
  assert.equal(wrongClockText(20_000 * 24 * hourMs), `${begin} 20000 days behind ${rest}`)
})
