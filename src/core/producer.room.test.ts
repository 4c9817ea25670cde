/** A buffer that gets full: it holds the source up, is emptied in order, and stays within its bounds. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from './frame/frame.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media, picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('a service that is slow holds the source up, in bounded memory, and loses nothing', async () => {
  for (const bytesPerMs of [1, 20, 100]) {
    const rig = await new Rig({ bufferBytes: 48 * 1024 }, 1024).ready()
    rig.service.bytesPerMs = bytesPerMs
    const frames = media({ durationMs: 8000, pictureBytes: 2000, keyPictureBytes: 9000 })
    await rig.play(frames)
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.equal(stats.framesPersisted, frames.length)
    assert.equal(rig.blocks.most <= 48 * 1024, true)
    rig.assertSound()
  }
})

const longGop = (numberOfFrames: number): Frame[] =>
  Array.from({ length: numberOfFrames }, (_, n) => {
    const keyFrame = n === 0 || n === numberOfFrames - 1
    return { track: 1, pts: n * 100, dts: n * 100, data: picture(n, keyFrame, 4000) }
  })

for (const bytesPerMs of [undefined, 200]) {
  test(`a fragment larger than the buffer streams on, with one warning (${bytesPerMs ?? 'all'} bytes/ms)`, async () => {
    const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 }).ready()
    rig.service.bytesPerMs = bytesPerMs
    await rig.play(longGop(100))
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.equal(stats.framesPersisted, 100)
    assert.equal(rig.blocks.most <= 64 * 1024, true)
    const warnings = rig.of('warning').filter(({ message }) => message.includes('--size'))
    assert.equal(warnings.length, 1)
  })
}

test('a fragment larger than the buffer is lost when the connection breaks, and accounted for as such', async () => {
  // At 20 bytes a millisecond the source waits for room as the connection breaks: it must go on.
  for (const bytesPerMs of [undefined, 20]) {
    const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 }).ready()
    rig.service.bytesPerMs = bytesPerMs
    rig.service.cut = (session) => (session === 1 ? 200_000 : undefined)
    await rig.play(longGop(100))
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 74)
    assert.equal(stats.lost['larger-than-buffer']?.fragments, 1)
    assert.equal(stats.lost['larger-than-buffer']?.frames, 99)
    assert.equal(rig.of('lost')[0]?.reason, 'larger-than-buffer')
    assert.deepEqual(rig.storedNumbers(), [99])
  }
})

test('a fragment that fits is not lost, however full the buffer was', async () => {
  // The buffer fills with one open fragment of which only a little has been taken when the connection breaks.
  const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 }, 16 * 1024).ready()
  rig.service.bytesPerMs = 8
  rig.service.cut = (session) => (session === 1 ? 6000 : undefined)
  const frames = longGop(15)
  for (const frame of frames) await rig.put(frame)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPersisted, 15)
})

test('a buffer full with one fragment that has to wait for its turn is emptied when that comes', async () => {
  const rig = await new Rig({
    tracks: [{ codec: 'h264' }],
    bufferBytes: 64 * 1024,
    fragmentsPerSecond: 1,
  }).ready()
  // The first fragment is refused: it has used up the turn of this second, and no ack will come to wake the source.
  rig.service.error = (_fragment, session) => (session === rig.service.sessions[0] ? 4006 : undefined)
  await rig.put({ track: 1, pts: -1000, dts: -1000, data: picture(900, true) })
  await rig.clock.advance(50)
  for (const frame of longGop(50)) await rig.put(frame)
  assert.equal((await rig.finish()).exitStatus, 74)
  assert.equal(rig.storedNumbers().length, 50)
})

test('a buffer full with one fragment is sent and emptied when the connection comes, drained or taken at once', async () => {
  for (const bytesPerMs of [undefined, 1000]) {
    const rig = new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 })
    rig.service.bytesPerMs = bytesPerMs
    rig.service.dial = (host) => (host === 'data.test' ? refusedConnection : undefined)
    rig.producer.start()
    const frames = longGop(60)
    let put = 0
    while (rig.producer.putFrame(frames[put] as Frame)) put++
    await rig.clock.advance(20_000)
    rig.service.dial = () => undefined
    for (const frame of frames.slice(put)) await rig.put(frame)
    const { exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.equal(rig.storedNumbers().length, 60)
  }
})

test('a backlog goes out no faster than 5 fragments in any second', async () => {
  const rig = await new Rig({ bufferBytes: 1024 * 1024 }).ready()
  const frames = media({ durationMs: 40_000 })
  for (const frame of frames) assert.equal(rig.producer.putFrame(frame), true)
  await rig.finish()
  const begun = rig.service.sessions.flatMap((session) => session.fragments.map((fragment) => fragment.beganAtMs))
  assert.equal(begun.length, 40)
  for (const [index, startMs] of begun.entries()) {
    const sixth = begun[index + 5]
    if (sixth !== undefined) assert.equal(sixth - startMs > 1000, true)
  }
  // And not much slower either.
  assert.equal((begun[39] ?? 0) - (begun[0] ?? 0) < 40 * 250, true)
})
