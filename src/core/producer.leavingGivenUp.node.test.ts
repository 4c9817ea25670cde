import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

for (const persistMs of [2000, 2500, 3000, 3500, 4000]) {
  for (const bufferBytes of [12, 16, 20]) {
    test(`all that a leaving session waits for is given up by the overflow (${persistMs} ms, ${bufferBytes} KB)`, async () => {
      const rig = await new Rig({
        tracks: [{ codec: 'h264' }],
        rotateAfterMs: 20_000,
        overflow: 'drop-oldest',
        bufferBytes: bufferBytes * 1024,
      }).ready()
      rig.service.persistMs = persistMs
      rig.service.ackDelayMs = (session, { EventType }) => {
        const first = session === rig.service.sessions[0] && rig.clock.monotonicMs() > 16_000
        return first && EventType === 'PERSISTED' ? Number.POSITIVE_INFINITY : 0
      }
      await rig.play(media({ durationMs: 4 * 60_000, audio: false, pictureBytes: 400 }))
      assert.ok(rig.producer.stats.sessions >= 9, `${rig.producer.stats.sessions} sessions in 240 s, 20 s each`)
    })
  }
}
