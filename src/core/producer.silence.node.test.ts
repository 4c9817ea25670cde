import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

for (const playedMs of [1000, 5000, 12_000, 19_000]) {
  test(`a source that falls silent after ${playedMs} ms: the fragment and the session end before the service's 30 s`, async () => {
    const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
    rig.service.idleMs = 30_000
    const frames = media({ durationMs: playedMs, audio: false })
    await rig.play(frames)
    await rig.clock.advance(60_000)
    const [session] = rig.service.sessions
    assert.deepEqual(
      rig.of('retry').map(({ error }) => error.message),
      [],
    )
    assert.equal(rig.service.sessions.length, 1, 'nothing is sent again')
    assert.equal(session?.ended, true, 'ended in order')
    const { exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
  })
}
