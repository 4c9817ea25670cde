import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

for (const spooled of [false, true]) {
  for (const breaks of [false, true]) {
    for (const stopMs of [0, 1000, 90_000]) {
      test(`sent fragments given up, ${spooled ? 'with' : 'without'} a spool, ${breaks ? 'broken' : 'whole'}, stopped within ${stopMs} ms`, async () => {
        const storage = new ForgetfulFiles()
        const spool = { storage, directory: '/spool', capacityBytes: 1024 * 1024 }
        const rig = await new Rig({
          tracks: [{ codec: 'h264' }],
          overflow: 'drop-oldest',
          bufferBytes: 64 * 1024,
          ...(spooled && { spool }),
        }).ready()
        if (spooled) storage.freeBytes = 150_000
        rig.service.persistMs = 25_000
        for (const frame of media({ framesPerSecond: 10, pictureBytes: 1000, audio: false, durationMs: 60_000 })) {
          if (breaks && frame.pts === 40_000)
            for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
          assert.equal(rig.producer.putFrame(frame), true)
          await rig.clock.advance(100)
        }
        const ended = rig.producer.stop(stopMs)
        await rig.clock.until(() => rig.summary !== undefined, stopMs + 1)
        await rig.over(await ended)
        rig.assertSound()
      })
    }
  }
}
