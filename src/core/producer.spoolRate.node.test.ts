import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const source = { framesPerSecond: 10, pictureBytes: 1000, audio: false } as const

test('a share for catching up that is below the rate of the stream: one outage does not cost media for ever', async () => {
  const storage = new ForgetfulFiles()
  // 10 kB/s come in, the network is fast; what was kept may take 5 kB/s of it.
  const spool = { storage, directory: '/spool', capacityBytes: 1024 * 1024, bytesPerSecond: 5000 }
  const rig = await new Rig({
    tracks: [{ codec: 'h264' }],
    bufferBytes: 64 * 1024,
    overflow: 'drop-oldest',
    spool,
  }).ready()
  const frames = media({ ...source, durationMs: 15 * 60_000 })
  for (const frame of frames) {
    if (frame.pts === 10_000) {
      rig.service.dial = () => refusedConnection
      for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    }
    if (frame.pts === 40_000) rig.service.dial = () => undefined
    rig.producer.putFrame(frame)
    await rig.clock.advance(100)
  }
  assert.deepEqual(rig.producer.stats.lost, {})
})
