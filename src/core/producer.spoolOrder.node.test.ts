import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('a backlog in the spool goes out oldest first while PERSISTED takes three seconds', async () => {
  const storage = new ForgetfulFiles()
  const rig = await new Rig({
    tracks: [{ codec: 'h264' }],
    bufferBytes: 64 * 1024,
    overflow: 'drop-oldest',
    spool: { storage, directory: '/spool', capacityBytes: 4 * 1024 * 1024 },
  }).ready()
  rig.service.persistMs = 3000
  const frames = media({ framesPerSecond: 10, pictureBytes: 1000, audio: false, durationMs: 120_000 })
  for (const frame of frames) {
    if (frame.pts === 10_000) {
      rig.service.dial = () => refusedConnection
      for (const session of rig.service.sessions) session.connection.close(refusedConnection)
    }
    if (frame.pts === 70_000) rig.service.dial = () => undefined
    assert.equal(rig.producer.putFrame(frame), true)
    await rig.clock.advance(100)
  }
  const ended = rig.producer.stop(120_000)
  await rig.clock.until(() => rig.summary !== undefined, 120_001)
  const { stats, exitStatus } = await ended
  const began = rig.service.sessions.flatMap(({ fragments }) => fragments.map(({ timecodeMs }) => timecodeMs))
  const back = began.filter((time, n) => time < (began[n - 1] ?? 0)).length
  assert.equal(exitStatus, 0)
  assert.deepEqual(
    rig.storedNumbers(),
    frames.map((_, n) => n),
  )
  assert.ok(back <= 1, `times go back ${back} times`)
  assert.ok(stats.sessions < 30, `${stats.sessions} sessions`)
  rig.assertSound()
  assert.equal(rig.service.network.open.size, 0, 'connections left')
})
