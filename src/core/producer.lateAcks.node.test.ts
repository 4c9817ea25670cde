import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const
const minuteMs = 60_000

test('all that a leaving session waits for is given up by the overflow: it ends, and the next hand-over comes', async () => {
  const rig = await new Rig({
    ...videoOnly,
    rotateAfterMs: 20_000,
    overflow: 'drop-oldest',
    bufferBytes: 16 * 1024,
  }).ready()
  rig.service.persistMs = 2500
  rig.service.ackDelayMs = (session, { EventType }) => {
    const first = session === rig.service.sessions[0] && rig.clock.monotonicMs() > 16_000
    return first && EventType === 'PERSISTED' ? Number.POSITIVE_INFINITY : 0
  }
  await rig.play(media({ durationMs: 4 * minuteMs, audio: false, pictureBytes: 400 }))
  const ended = rig.service.sessions[0]?.endedAtMs
  assert.ok(ended !== undefined && ended < 60_000, `the first session ended at ${ended}`)
  assert.ok(rig.producer.stats.sessions >= 10, `${rig.producer.stats.sessions} sessions`)
})

test('a session that leaves while a fragment of the spool waits for its share: whenever it is stopped, no timer is left', async () => {
  for (let at = 0; at < 60; at++) {
    const storage = new ForgetfulFiles()
    const rig = await new Rig({
      ...videoOnly,
      bufferBytes: 64 * 1024,
      overflow: 'drop-oldest',
      spool: { storage, directory: '/spool', capacityBytes: 4 * 1024 * 1024, bytesPerSecond: 3000 },
      rotateAfterMs: 5000,
    }).ready()
    rig.service.dial = () => refusedConnection
    const frames = media({ framesPerSecond: 10, pictureBytes: 1000, audio: false, durationMs: 25_000 })
    for (const frame of frames) {
      if (frame.pts === 10_000) rig.service.dial = () => undefined
      rig.producer.putFrame(frame)
      await rig.clock.advance(100)
    }
    await rig.clock.advance(at * 173)
    const ended = rig.producer.stop(0)
    await rig.clock.until(() => rig.summary !== undefined, 10_001)
    await rig.over(await ended)
  }
})
