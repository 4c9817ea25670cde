import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from './frame/frame.ts'
import { adtsPacket, media, picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const

function frame(pts: number, keyFrame: boolean): Frame {
  return { track: 1, pts, dts: pts, data: picture(pts / 100, keyFrame) }
}

test('a source that falls silent: its last fragment is completed, stored once, and the next one goes on', async () => {
  const rig = await new Rig(videoOnly).ready()
  for (let pts = 0; pts < 2000; pts += 100) await rig.put(frame(pts, pts % 1000 === 0))
  await rig.clock.advance(45_000)
  assert.equal(rig.producer.stats.fragmentsPersisted, 2)
  assert.equal(rig.producer.bufferedBytes < 64 * 1024, true)
  assert.equal(rig.producer.state, 'idle')
  assert.equal(rig.service.sessions[0]?.ended, true, 'the request has ended in order')
  await rig.put(frame(60_000, true))
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.fragmentsPersisted, 3)
  assert.deepEqual([stats.sessions, stats.sessionsFailed], [2, 0])
  assert.equal(rig.storedNumbers().length, 21)
})

test('a service that says nothing any more is left after a minute, and all is sent again', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.persistMs = Number.POSITIVE_INFINITY
  for (let pts = 0; pts < 3000; pts += 100) await rig.put(frame(pts, pts % 1000 === 0))
  await rig.clock.advance(30_000)
  assert.equal(rig.producer.stats.sessions, 1)
  rig.service.persistMs = 5
  await rig.clock.advance(60_000)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.sessions, 2)
  assert.equal(stats.framesPersisted, 30)
})

test('a clock that goes back: times go on, fragments stay apart, and a warning says so', async () => {
  const rig = await new Rig(videoOnly).ready()
  for (let round = 0; round < 3; round++) {
    for (let pts = 0; pts < 8000; pts += 100) await rig.put(frame(pts, pts % 1000 === 0))
  }
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPersisted, 240)
  assert.equal(stats.fragmentsPersisted, 24)
  const [startMs = 0] = rig.service.stored.map(({ timecodeMs }) => timecodeMs)
  assert.deepEqual(
    rig.service.stored.map(({ timecodeMs }) => timecodeMs - startMs),
    Array.from({ length: 24 }, (_, n) => n * 1000),
  )
  assert.deepEqual(stats.repairs, { backward: 2 })
  assert.equal(rig.of('warning').length, 1)
})

test('pictures far apart do not cost the sound between them', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }, { codec: 'aac' }] }).ready()
  for (let ms = 0; ms < 60_000; ms += 100) {
    if (ms % 12_000 === 0) await rig.put({ track: 1, pts: ms, dts: ms, data: picture(ms / 100, ms === 0) })
    await rig.put({ track: 2, pts: ms, dts: ms, data: adtsPacket(ms / 100) })
  }
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual(stats.lost, {})
})

test('whoever waits for room is called where there is room already, and after the end', async () => {
  const rig = await new Rig().ready()
  let called = 0
  rig.producer.whenRoom(() => called++)
  await rig.clock.advance(1)
  assert.equal(called, 1)
  await rig.play(media({ durationMs: 1000 }))
  await rig.finish()
  rig.producer.whenRoom(() => called++)
  await rig.clock.advance(1)
  assert.equal(called, 2)
})

test('a second stop cannot lengthen the first', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.persistMs = Number.POSITIVE_INFINITY
  await rig.put(frame(0, true))
  let ended = false
  rig.producer.stop(1000).then(() => {
    ended = true
  })
  rig.producer.stop(100_000)
  await rig.clock.advance(1100)
  assert.equal(ended, true)
})

test('a source that does not pause is never taken for one that does', async () => {
  const rig = await new Rig(videoOnly).ready()
  // Key frames 1.6 s apart: the watch, every 10 s, finds the source in the middle of a group of pictures.
  for (let n = 0; n < 450; n++) {
    await rig.put(frame(n * 100, n % 16 === 0))
    await rig.clock.advance(100)
  }
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesDiscarded, 0)
  assert.equal(stats.framesPersisted, 450)
  assert.equal(stats.fragmentsPersisted, Math.ceil(450 / 16))
})
