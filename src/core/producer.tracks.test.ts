/** Tracks that fall silent, come again, come late or not at all, or change their format. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from './frame/frame.ts'
import { adtsPacket, numberOf, packet, picture } from './testing/media.ts'
import { annexB, h264Idr, h264Pps, h264Sps } from './testing/nalStreams.ts'
import { Rig } from './testing/rig.ts'

const adts = { tracks: [{ codec: 'h264' }, { codec: 'aac' }] } as const

function video(ms: number, keyFrame = ms % 1000 === 0): Frame {
  return { track: 1, pts: ms, dts: ms, data: picture(ms / 100, keyFrame) }
}

function sound(ms: number): Frame {
  return { track: 2, pts: ms, dts: ms, data: packet(ms / 100) }
}

/** Plays pictures and sound, each within its times. */
async function play(rig: Rig, toMs: number, has: (track: 1 | 2, ms: number) => boolean, fromMs = 0): Promise<void> {
  for (let ms = fromMs; ms < toMs; ms += 100) {
    if (has(1, ms)) await rig.put(video(ms))
    if (has(2, ms)) await rig.put(sound(ms))
    await rig.clock.advance(100)
  }
}

/** Tracks of each session, and how many fragments it stored. */
function sessions(rig: Rig): [number[], number][] {
  return rig.service.sessions.map(({ tracks, fragments }) => [tracks.map(({ number }) => number), fragments.length])
}

test('sound that stops is silence for ten seconds, and then not declared until it comes again', async () => {
  const rig = await new Rig().ready()
  await play(rig, 40_000, (track, ms) => track === 1 || ms < 5000 || ms >= 30_500)
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual(sessions(rig), [
    [[1, 2], 15],
    [[1], 16],
    [[1, 2], 9],
  ])
  assert.equal(stats.silentFrames, 10)
  // From when it came to the next key frame.
  assert.equal(stats.framesDiscarded, 5)
  assert.equal(rig.of('warning').length, 1)
})

test('sound without a packet of silence is no longer declared once a fragment has none', async () => {
  const main = { codec: 'aac', codecPrivate: new Uint8Array([0x09, 0x90]) } as const
  const rig = await new Rig({ tracks: [{ codec: 'h264' }, main] }).ready()
  await play(rig, 8000, (track, ms) => track === 1 || ms < 2000)
  await rig.finish()
  assert.deepEqual(sessions(rig), [
    [[1, 2], 3],
    [[1], 5],
  ])
  assert.deepEqual(
    rig.service.sessions.map(({ faults }) => faults.length),
    [1, 0],
  )
})

test('sound that falls behind in a live stream is moved, and told once', async () => {
  const rig = await new Rig({ live: true }).ready()
  for (let ms = 0; ms < 40_000; ms += 100) {
    await rig.put(video(ms))
    await rig.put({ ...sound(ms), pts: ms * 0.95, dts: ms * 0.95 })
    await rig.clock.advance(100)
  }
  const { stats } = await rig.finish()
  rig.assertSound()
  assert.equal((stats.repairs.drift ?? 0) >= 2, true)
  assert.equal(rig.of('warning').filter(({ message }) => message.includes('lags')).length, 1)
})

test('pictures that stop: sound goes on by itself, nothing is lost, and pictures join it again', async () => {
  const rig = await new Rig().ready()
  await play(rig, 60_000, (track, ms) => track === 2 || ms < 5000 || ms >= 45_300)
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual([stats.framesDiscarded, stats.lost], [0, {}])
  assert.deepEqual(
    sessions(rig).map(([tracks]) => tracks),
    [[1, 2], [2], [1, 2]],
  )
  assert.equal(rig.service.sessions[1]?.tracks[0]?.codecId, 'A_AAC')
  assert.equal(rig.of('warning').length, 2)
})

test('a track that never comes is waited for a little, and declared when it does', async () => {
  const rig = await new Rig(adts).ready()
  const data = (frame: Frame) => (frame.track === 2 ? { ...frame, data: adtsPacket(numberOf(frame.data)) } : frame)
  for (let ms = 0; ms < 30_000; ms += 100) {
    await rig.put(video(ms))
    if (ms >= 20_500) await rig.put(data(sound(ms)))
    await rig.clock.advance(100)
  }
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual(sessions(rig), [
    [[1], 16],
    [[1, 2], 9],
  ])
  assert.equal(stats.framesDiscarded, 50 + 5)
  assert.equal(stats.silentFrames, 0)
  assert.deepEqual(
    rig.of('warning').map(({ message }) => message),
    ['audio has not come: the stream begins without it'],
  )
})

test('sound for which there is never a picture goes on by itself after a while', async () => {
  const rig = await new Rig().ready()
  await play(rig, 20_000, (track) => track === 2)
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  // Five seconds for the format of the pictures, ten for a key frame.
  assert.deepEqual(sessions(rig), [[[2], 5]])
  assert.equal(stats.framesDiscarded, 150)
})

test('a key frame with other parameter sets begins a fragment and a session, however young the fragment is', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
  const other = annexB(h264Sps({ widthMbs: 20, heightUnits: 15 }), h264Pps(), h264Idr)
  await rig.put(video(0, true))
  await rig.put(video(100, false))
  await rig.put({ ...video(200), data: other })
  await rig.put({ ...video(300), data: other })
  await rig.clock.advance(1000)
  const { exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual(
    rig.service.sessions.map(({ tracks, fragments }) => [
      tracks[0]?.width,
      fragments.map(({ frames }) => frames.length),
    ]),
    [
      [640, [2]],
      [320, [2]],
    ],
  )
})

test('a group of pictures without end is split, and that is told once', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
  for (let ms = 0; ms < 60_000; ms += 100) await rig.put(video(ms, ms === 0))
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.equal(stats.fragmentsSplit, 3)
  assert.equal(rig.of('warning').length, 1)
})

test('frames without any time are spread over the time that they take to come, in a live stream', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }], live: true }).ready()
  for (let ms = 0; ms < 5000; ms += 100) {
    await rig.put({ ...video(ms), pts: Number.NaN, dts: Number.NaN })
    await rig.clock.advance(100)
  }
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual(stats.repairs, { missing: 50 })
  const [first, last] = [rig.service.stored[0], rig.service.stored[4]]
  assert.equal((last?.timecodeMs ?? 0) - (first?.timecodeMs ?? 0), 4000)
  assert.equal(rig.of('warning').length, 1)
})

test('frames held up are timed as they came, not as often as they were put', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }], bufferBytes: 8 * 1024 }).ready()
  for (let n = 0; n < 200; n++) {
    const pts = n % 5 === 0 ? n * 100 : Number.NaN
    await rig.put({ track: 1, pts, dts: pts, data: picture(n, n % 10 === 0, 500) })
  }
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.equal(stats.repairs.missing, 160)
  const times = rig.service.stored.flatMap(({ frames }) => frames.map(({ timeMs }) => timeMs))
  assert.deepEqual(
    times.slice(10).map((ms) => ms - (times[0] ?? 0)),
    Array.from({ length: 190 }, (_, n) => 1000 + n * 100),
  )
})
