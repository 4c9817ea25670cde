import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('drop-oldest and a bound of time: a network that stalls costs the oldest only, and the source is never held up', async () => {
  const rig = await new Rig({
    tracks: [{ codec: 'h264' }],
    overflow: 'drop-oldest',
    bufferDurationMs: 20_000,
    bufferBytes: 1024 * 1024,
  }).ready()
  const frames = media({ durationMs: 50_000, audio: false, pictureBytes: 500 })
  let refused = 0
  for (const frame of frames) {
    if (frame.pts === 5000) for (const connection of rig.service.network.open) connection.hold('up')
    if (!rig.producer.putFrame(frame)) refused++
    await rig.clock.advance(100)
  }
  const lost = rig.producer.stats.lost.overflow?.frames ?? 0
  assert.equal(refused, 0, 'frames not taken from a live source')
  // 45 s without a network, of which 20 are kept.
  assert.ok(lost <= 300, `${lost} frames lost`)
})
