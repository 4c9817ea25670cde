import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pressureText } from './buffer/pressureText.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('no report says that the uplink is slower than the stream where it is not', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 512 * 1024, overflow: 'drop-oldest' }).ready()
  const frames = media({ framesPerSecond: 10, pictureBytes: 2000, audio: false, durationMs: 200_000 })
  for (const frame of frames) {
    if (frame.pts === 10_000) {
      rig.service.dial = () => refusedConnection
      for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    }
    if (frame.pts === 70_000) {
      rig.service.dial = () => undefined
      rig.service.bytesPerMs = 22
    }
    rig.producer.putFrame(frame)
    await rig.clock.advance(100)
  }
  checkTexts(rig)
})

test('acks that are slow, on a network that is fast, are not told as an uplink that is slow', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 128 * 1024, overflow: 'drop-oldest' }).ready()
  rig.service.persistMs = 20_000
  const frames = media({ framesPerSecond: 10, pictureBytes: 2000, audio: false, durationMs: 60_000 })
  for (const frame of frames) {
    rig.producer.putFrame(frame)
    await rig.clock.advance(100)
  }
  checkTexts(rig)
})

function checkTexts(rig: Rig): void {
  for (const { report } of rig.of('pressure')) {
    const slower = report.uplinkBitsPerSecond < report.streamBitsPerSecond
    assert.equal(pressureText(report).includes(' < '), slower && report.kind !== 'over')
  }
}
