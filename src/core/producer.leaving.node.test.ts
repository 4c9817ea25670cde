import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changed, media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const

test('one session at a time: a response that never ends does not stop the stream for ever', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000, overflow: 'drop-oldest' }).ready()
  rig.service.connectionLimit = 1
  rig.service.endsResponse = false
  const frames = media({ durationMs: 300_000, audio: false })
  await rig.play(frames)
  assert.ok(
    rig.producer.stats.sessions > 3,
    `${rig.producer.stats.sessions} sessions in five minutes, rotated each 10 s`,
  )
  assert.ok(rig.producer.stats.framesPersisted > 1000, `${rig.producer.stats.framesPersisted} of 3000 frames stored`)
})

test('two at a time: a response that never ends does not keep later sessions from being handed over', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000 }).ready()
  rig.service.endsResponse = false
  const frames = media({ durationMs: 300_000, audio: false })
  await rig.play(frames)
  assert.ok(
    rig.producer.stats.sessions > 10,
    `${rig.producer.stats.sessions} sessions in five minutes, rotated each 10 s`,
  )
})

test('two changes of the header within the time that acks take', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.persistMs = 3500
  const frames = media({ durationMs: 10_000, audio: false })
  await rig.play(frames.map((frame, n) => (n % 20 < 10 ? frame : { ...frame, data: changed(frame.data) })))
  const ended = rig.producer.stop(120_000)
  await rig.clock.until(() => rig.summary !== undefined, 120_001)
  const { stats, exitStatus } = await ended
  assert.equal(exitStatus, 0, JSON.stringify(stats.lost))
  assert.equal(stats.framesPersisted, frames.length)
  assert.equal(rig.service.stored.length, stats.fragmentsPersisted, 'none twice: nothing has failed')
  assert.equal(rig.service.network.open.size, 0, 'connections left')
})

test('a source that pauses again and again before a service that never ends a response leaves no connections', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.endsResponse = false
  const frames = media({ durationMs: 5 * 60_000, audio: false }).filter(({ pts }) => pts % 60_000 < 5000)
  await rig.play(frames)
  assert.ok(rig.service.network.open.size <= 3, `${rig.service.network.open.size} connections are open`)
  await rig.finish()
})
