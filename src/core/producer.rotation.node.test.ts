/** Sessions that are handed over in time: no frame missing, none sent twice. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Credentials } from './aws/credentials/credentials.ts'
import { KvsError } from './errors.ts'
import type { Frame } from './frame/frame.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const minuteMs = 60_000
const broken = new KvsError('CONNECTION_LOST', 'the connection broke')

/** A frame every two seconds is enough to keep hours alive. */
function slow(durationMs: number): Frame[] {
  return media({ durationMs, gopMs: 4000, framesPerSecond: 0.5, audio: false })
}

const videoOnly = { tracks: [{ codec: 'h264' }] } as const

/** Credentials that live for so long from each time they are asked for. */
function shortLived(rig: { nowMs: () => number }, lifeMs: number, given: Credentials[] = []) {
  return () => {
    const expiresMs = rig.nowMs() + lifeMs
    const fresh = { accessKeyId: `KEY${given.length}`, secretAccessKey: 'secret', expiration: new Date(expiresMs) }
    given.push(fresh)
    return Promise.resolve(fresh)
  }
}

test('after 40 minutes at the latest another session takes over at a key frame', async () => {
  const rig = await new Rig(videoOnly).ready()
  const frames = slow(2 * 60 * minuteMs)
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual([stats.sessions, stats.sessionsFailed], [4, 0])
  assert.deepEqual(
    rig.storedNumbers(),
    frames.map((_, n) => n),
  )
  assert.equal(rig.service.stored.length, stats.fragmentsPersisted, 'none is stored twice')
  rig.assertSound()
  const bounds = rig.service.sessions.map(({ beganAtMs, ended }) => ({ beganAtMs, ended }))
  assert.ok(bounds.every(({ ended }) => ended))
  for (const [n, { beganAtMs }] of bounds.entries()) {
    const before = bounds[n - 1]?.beganAtMs ?? 0
    assert.ok(
      beganAtMs - before <= 40 * minuteMs + 100,
      `session ${n} came ${beganAtMs - before} ms after the one before`,
    )
  }
})

test('the session that takes over is open before the other one is closed', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 30_000 }).ready()
  await rig.play(slow(2 * minuteMs))
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.ok(rig.service.sessions.length >= 4)
  assert.equal(rig.service.mostSessionsAtOnce, 2)
  for (const [n, session] of rig.service.sessions.entries()) {
    const next = rig.service.sessions[n + 1]
    if (next !== undefined) assert.ok(next.beganAtMs < (session.endedAtMs ?? 0))
  }
  assert.equal(rig.producer.stats.sessionsFailed, 0)
})

test('where the service refuses a second session, the first is drained before the next is opened', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 30_000 }).ready()
  rig.service.connectionLimit = 1
  const frames = slow(3 * minuteMs)
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(rig.service.mostSessionsAtOnce, 1)
  assert.ok(rig.service.sessions.length >= 5)
  // Asked once, and known from then on.
  assert.equal(stats.sessionsFailed, 1)
  assert.equal(rig.storedNumbers().length, frames.length)
  assert.equal(rig.service.stored.length, stats.fragmentsPersisted, 'none is stored twice')
})

test('credentials that expire are replaced, and with them the session, before they do', async () => {
  const given: Credentials[] = []
  const time = { nowMs: () => 0 }
  const rig = new Rig({ ...videoOnly, credentials: shortLived(time, 10_000, given) })
  time.nowMs = () => rig.clock.wallMs()
  rig.service.nowMs = () => rig.clock.wallMs()
  await rig.ready()
  const frames = media({ durationMs: minuteMs, audio: false })
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.ok(stats.sessions >= 7 && stats.sessions <= 10, `${stats.sessions} sessions`)
  assert.equal(stats.sessionsFailed, 0)
  assert.equal(rig.storedNumbers().length, frames.length)
  assert.equal(rig.service.stored.length, stats.fragmentsPersisted, 'none is stored twice')
})

test('where no newer credentials are to be had, the session goes on with the old ones', async () => {
  const time = { nowMs: () => 0 }
  const given: Credentials[] = []
  const fresh = shortLived(time, 60_000, given)
  let down = false
  const rig = new Rig({
    ...videoOnly,
    credentials: () => (down ? Promise.reject(new Error('the provider is down')) : fresh()),
  })
  time.nowMs = () => rig.clock.wallMs()
  rig.service.nowMs = () => rig.clock.wallMs()
  await rig.ready()
  down = true
  const frames = media({ durationMs: 57_000, audio: false })
  await rig.play(frames)
  assert.equal(rig.producer.stats.sessions, 1)
  assert.ok(rig.of('warning').some(({ message }) => message.includes('the provider is down')))
  down = false
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPersisted, frames.length)
})

test('a session that breaks while it hands over: everything is stored, and in order', async () => {
  for (const delayMs of [0, 3, 50, 500]) {
    const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000 }).ready()
    rig.service.persistMs = 800
    rig.service.onSession = (session) => {
      const before = rig.service.sessions[rig.service.sessions.indexOf(session) - 1]
      rig.clock.setTimer(1500 + delayMs, () => before?.connection.close(broken))
    }
    const frames = media({ durationMs: 40_000, audio: false })
    await rig.play(frames)
    const { exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.deepEqual(
      [...new Set(rig.storedNumbers())].sort((a, b) => a - b),
      frames.map((_, n) => n),
    )
    rig.assertSound()
  }
})

test('where the one that streams breaks, the one that was to take over does so at once', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000 }).ready()
  rig.service.onSession = (session) => {
    const before = rig.service.sessions[rig.service.sessions.indexOf(session) - 1]
    rig.clock.setTimer(20, () => before?.connection.close(broken))
  }
  const frames = media({ durationMs: 14_000, gopMs: 5000, audio: false })
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual([stats.sessions, stats.sessionsFailed], [2, 1])
  assert.equal(rig.storedNumbers().length, frames.length)
})

test('a hand-over that fails is tried again, and costs nothing', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000 }).ready()
  let refused = 0
  rig.service.refuse = (operation) => {
    const second = operation === 'putMedia' && rig.service.sessions.length === 1
    return second && refused++ < 3 ? { status: 503, type: 'ServiceUnavailableException' } : undefined
  }
  const frames = media({ durationMs: 18_000, audio: false })
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual([stats.sessions, stats.sessionsFailed], [5, 3])
  assert.equal(rig.of('retry').length, 3)
  assert.equal(rig.service.stored.length, stats.fragmentsPersisted, 'none is stored twice')
  assert.equal(rig.storedNumbers().length, frames.length)
})
