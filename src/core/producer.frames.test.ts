/** What may be put, what becomes of it in the fragments, and what is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from './errors.ts'
import { adtsPacket, media, packet, parameterSets, picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('the first frame is now, on the clock of the wall', async () => {
  const rig = await new Rig().ready()
  const nowMs = rig.clock.wallMs()
  await rig.play(media({ durationMs: 1200 }).map((frame) => ({ ...frame, pts: frame.pts + 77, dts: frame.dts + 77 })))
  await rig.finish()
  assert.equal(rig.service.stored[0]?.timecodeMs, nowMs)
})

test('a start time that is given holds', async () => {
  const rig = await new Rig({ ptsOriginMs: 1_700_000_000_000 }).ready()
  await rig.play(media({ durationMs: 1200 }))
  await rig.finish()
  assert.equal(rig.service.stored[0]?.timecodeMs, 1_700_000_000_000)
})

test('frames before the first key frame are discarded and counted', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 2500 }).slice(1)
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  const before = frames.findIndex((frame) => frame.track === 1 && frame.data[4] === 0x67)
  assert.equal(stats.framesDiscarded, before)
  assert.equal(stats.framesPersisted, frames.length - before)
})

test('silence fills a fragment without sound, the last one too, and is counted', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 3000 }).filter((frame) => frame.track === 1 || frame.pts < 1000)
  await rig.play(frames)
  const { stats } = await rig.finish()
  assert.equal(stats.silentFrames, 2)
  assert.equal(stats.framesPersisted, frames.length)
  rig.assertSound()
  assert.deepEqual(
    rig.service.stored.map((fragment) => fragment.frames.filter((frame) => frame.data.length === 6).length),
    [0, 1, 1],
  )
})

for (const [codec, sampleRateHz, channels, bytes] of [
  ['alaw', 8000, 1, 160],
  ['mulaw', 192_000, 2, 7680],
] as const) {
  test(`silence of ${codec} at ${sampleRateHz} Hz has its room in every block of the buffer`, async () => {
    const tracks = [{ codec: 'h264' as const }, { codec, sampleRateHz, channels }]
    const rig = await new Rig({ tracks }, 512).ready()
    for (let n = 0; n < 40; n++) {
      await rig.put({ track: 1, pts: n * 1000, dts: n * 1000, data: picture(n, true, 80 + 37 * n) })
      // Often enough for the track to be declared.
      if (n % 8 === 0) await rig.put({ track: 2, pts: n * 1000, dts: n * 1000, data: packet(n) })
      await rig.clock.advance(500)
    }
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.equal(stats.silentFrames, 35)
    rig.assertSound()
    assert.equal(rig.service.stored[3]?.frames[1]?.data.length, bytes)
  })
}

test('ADTS headers are taken off, and the header is written from them', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }, { codec: 'aac' }] }).ready()
  const frames = media({ durationMs: 2200 })
  // Sound first: until it has come, nobody knows its format.
  await rig.put({ track: 2, pts: 0, dts: 0, data: adtsPacket(999) })
  await rig.play(frames.map((f, n) => (f.track === 2 ? { ...f, data: adtsPacket(n) } : f)))
  const { stats } = await rig.finish()
  assert.equal(rig.service.sessions[0]?.tracks[1]?.sampleRateHz, 48_000)
  const sound = rig.service.stored[0]?.frames.find((frame) => frame.track === 2)
  assert.deepEqual(sound?.data, packet(1))
  assert.equal(stats.framesDiscarded, 1)
})

test('parameter sets alone are no frame, and are not counted', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
  assert.equal(rig.producer.putFrame({ track: 1, pts: 0, dts: 0, data: parameterSets }), true)
  assert.equal(rig.producer.stats.framesPut, 0)
  await rig.play(media({ durationMs: 1200, audio: false }))
  const { stats } = await rig.finish()
  assert.equal(stats.framesPut, 12)
})

test('what is no frame throws and harms nothing else', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 3000 })
  const bad: [unknown, string][] = [
    [{ track: 1, pts: 700, dts: 700, data: new Uint8Array(50).fill(0x5a) }, 'MEDIA_INVALID'],
    [{ track: 1, pts: 700, dts: 700, data: new Uint8Array(0) }, 'MEDIA_INVALID'],
    [{ track: 2, pts: 700, dts: 700, data: new Uint8Array(0) }, 'MEDIA_INVALID'],
    [{ track: 3, pts: 700, dts: 700, data: picture(1, true) }, 'USAGE'],
    [{ track: 0, pts: 700, dts: 700, data: picture(1, true) }, 'USAGE'],
    [{ track: 1, pts: Number.POSITIVE_INFINITY, dts: 0, data: picture(1, true) }, 'USAGE'],
    [{ track: 1, pts: Number.NEGATIVE_INFINITY, dts: 0, data: picture(1, true) }, 'USAGE'],
    [{ track: 2, pts: -1e300, dts: 0, data: packet(1) }, 'USAGE'],
  ]
  for (const [at, frame] of frames.entries()) {
    await rig.play([frame])
    const [wrong, code] = bad[at] ?? []
    if (wrong === undefined) continue
    const put = () => rig.producer.putFrame(wrong as (typeof frames)[number])
    assert.throws(put, (error) => error instanceof KvsError && error.code === code)
  }
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPut, frames.length)
  assert.equal(rig.storedNumbers().length, frames.length)
  rig.assertSound()
})

test('a first frame at an impossible time does not fix the clock', async () => {
  const rig = await new Rig().ready()
  const never = { track: 1, pts: Number.POSITIVE_INFINITY, dts: 0, data: picture(1, true) }
  assert.throws(() => rig.producer.putFrame(never), { code: 'USAGE' })
  await rig.play(media({ durationMs: 1200 }))
  assert.equal((await rig.finish()).exitStatus, 0)
})

test('a decode time far before the picture, or behind it, is no reason to fail', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
  for (let n = 0; n < 8; n++) {
    const dts = n % 2 === 0 ? n * 1500 - 100_000 : n * 1500 + 100_000
    await rig.put({ track: 1, pts: n * 1500, dts, data: picture(n, true) })
    await rig.clock.advance(300)
  }
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual(rig.storedNumbers(), [0, 1, 2, 3, 4, 5, 6, 7])
  rig.assertSound()
})

test('an open group of pictures: a fragment begins at its recovery point, and what is shown before it keeps its time', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
  const recoveryPoint = new Uint8Array([0, 0, 0, 1, 6, 6, 1, 0xc4, 0x80, 0, 0, 0, 1, 0x41, 0x88, 0x80, 0xa5, 0xa5])
  // In order of decoding: an IDR only in the beginning, then intra pictures, each before two that are shown before it.
  for (let ms = 0; ms < 6000; ms += 300) {
    const intra = ms % 1500 === 0
    const data = ms > 0 && intra ? recoveryPoint : picture(ms, intra)
    await rig.put({ track: 1, pts: ms + 400, dts: ms, data })
    for (const later of ms === 0 ? [] : [100, 200]) {
      await rig.put({ track: 1, pts: ms + 100 + later, dts: ms + later, data: picture(ms + later, false) })
    }
  }
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual([stats.timesRepaired, stats.fragmentsSplit], [0, 0])
  const startMs = (rig.service.stored[0]?.timecodeMs ?? 0) - 400
  const begins = rig.service.stored.map(({ timecodeMs, frames }) => [timecodeMs, frames[0]?.timeMs, frames[1]?.timeMs])
  assert.deepEqual(
    begins.slice(1).map((times) => times.map((ms = 0) => ms - startMs)),
    [1500, 3000, 4500].map((ms) => [ms + 101, ms + 400, ms + 200]),
  )
})

test('a frame larger than the buffer is refused with the size needed, and the rest goes on', async () => {
  const rig = await new Rig({ bufferBytes: 64 * 1024 }).ready()
  const frames = media({ durationMs: 2000 })
  await rig.play(frames.slice(0, 8))
  const data = picture(500, false, 64 * 1024)
  assert.throws(
    () => rig.producer.putFrame({ track: 1, pts: 400, dts: 400, data }),
    (error) => error instanceof KvsError && error.code === 'FRAME_TOO_LARGE' && error.cure.includes('--size 66'),
  )
  await rig.play(frames.slice(8))
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPut, frames.length)
  assert.equal(rig.storedNumbers().length, frames.length)
})

test('the size that the refusal names is enough', async () => {
  const data = picture(0, true, 100_000)
  const frame = { track: 1, pts: 0, dts: 0, data }
  const small = await new Rig({ bufferBytes: 8 * 1024 }).ready()
  let named = 0
  assert.throws(
    () => small.producer.putFrame(frame),
    (error) => {
      if (!(error instanceof KvsError)) return false
      named = Number(error.cure.split(' ')[2])
      return true
    },
  )
  await small.finish()
  const large = await new Rig({ bufferBytes: named * 1024 }).ready()
  assert.equal(large.producer.putFrame(frame), true)
  await large.finish()
})
