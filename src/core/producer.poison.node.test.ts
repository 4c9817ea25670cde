import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

for (const id of [4007, 5001]) {
  test(`a source that waits, and a fragment that meets ${id} whenever it is sent: the stream goes on`, async () => {
    const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 }).ready()
    let poison: number | undefined
    let times = 0
    rig.service.error = (fragment, session, at) => {
      poison ??= session.fragments.length === 5 ? fragment.timecodeMs : undefined
      if (at !== 'end' || fragment.timecodeMs !== poison) return undefined
      times++
      return id
    }
    const frames = media({ durationMs: 20 * 60_000, audio: false, pictureBytes: 500 })
    let taken = 0
    for (const frame of frames) {
      if (rig.producer.putFrame(frame)) taken++
      await rig.clock.advance(100)
    }
    console.log(id, times, taken, rig.producer.stats.framesPersisted, rig.producer.stats.lost)
    assert.ok(
      rig.producer.stats.framesPersisted > 1000,
      `${rig.producer.stats.framesPersisted} of ${frames.length} frames stored; the fragment was sent ${times} times`,
    )
  })
}
