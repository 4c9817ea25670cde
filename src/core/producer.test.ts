import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const numbers = (frames: readonly unknown[]) => frames.map((_, index) => index)

test('without faults every frame is stored exactly once, in one session', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 5000 })
  await rig.play(frames)
  const summary = await rig.finish()
  assert.equal(summary.exitStatus, 0)
  assert.equal(summary.error, null)
  assert.equal(rig.service.sessions.length, 1)
  assert.equal(rig.service.sessions[0]?.ended, true)
  assert.equal(rig.service.stored.length, 5)
  assert.deepEqual(
    rig.storedNumbers().sort((a, b) => a - b),
    numbers(frames),
  )
  assert.equal(summary.stats.framesPersisted, frames.length)
  assert.equal(
    summary.stats.bytesPersisted,
    frames.reduce((sum, frame) => sum + frame.data.length, 0),
  )
  assert.equal(summary.stats.bytesSent, rig.service.sessions[0]?.bytes.length)
  assert.deepEqual(summary.stats.acks, { BUFFERING: 5, RECEIVED: 5, PERSISTED: 5, ERROR: 0, IDLE: 0 })
  const p50 = summary.stats.ackLatencyMs.quantile(0.5) ?? 0
  assert.ok(p50 > 0 && p50 < 2000, `an ack latency of ${p50} ms`)
  rig.assertSound()
})

test('a session declares the tracks, and names the end of the last fragment', async () => {
  const rig = await new Rig().ready()
  await rig.play(media({ durationMs: 1500 }))
  await rig.finish()
  const session = rig.service.sessions[0]
  assert.deepEqual(
    session?.tracks.map(({ number, codecId, width, sampleRateHz }) => [number, codecId, width, sampleRateHz]),
    [
      [1, 'V_MPEG4/ISO/AVC', 640, 0],
      [2, 'A_AAC', 0, 48_000],
    ],
  )
  assert.deepEqual(session?.tags, ['AWS_KINESISVIDEO_END_OF_FRAGMENT'])
  assert.equal(session?.head.headers.get('x-amzn-fragment-timecode-type'), 'ABSOLUTE')
})

test('a stream that is missing is created with what was asked for', async () => {
  const rig = new Rig({ tags: { site: 'roof' }, retentionHours: 24 })
  rig.service.streams.clear()
  await rig.ready()
  assert.deepEqual(rig.service.operations.slice(0, 2), ['describeStream', 'createStream'])
  const stream = rig.service.streams.get('cam')
  assert.deepEqual([stream?.retentionHours, stream?.tags], [24, { site: 'roof' }])
  assert.equal(rig.of('stream')[0]?.stream.created, true)
  await rig.finish()
})

test('a stream that is not as asked for is used and warned about', async () => {
  const rig = await new Rig({ retentionHours: 24 }).ready()
  assert.equal(
    rig.of('warning').some(({ message }) => message.includes('2 hours, not 24')),
    true,
  )
  await rig.finish()
})

test('without retention RECEIVED is enough', async () => {
  const rig = new Rig({ retentionHours: 0 })
  rig.service.addStream('cam', 0)
  await rig.ready()
  await rig.play(media({ durationMs: 3000 }))
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.fragmentsPersisted, 3)
  assert.equal(stats.acks.PERSISTED, 0)
})

test('with retention RECEIVED is not enough', async () => {
  const rig = await new Rig().ready()
  rig.service.persistMs = Number.POSITIVE_INFINITY
  await rig.play(media({ durationMs: 3000 }))
  const startMs = rig.clock.monotonicMs()
  const { stats, exitStatus, error } = await rig.finish(7000)
  assert.equal(rig.clock.monotonicMs() - startMs, 7000)
  assert.equal(exitStatus, 74)
  assert.equal(error?.code, 'DATA_LOST')
  assert.equal(stats.lost['not-delivered']?.fragments, 3)
  assert.equal(stats.acks.RECEIVED, 3)
})

test('a service that says nothing instead of 100 gets the media after a second', async () => {
  const rig = await new Rig().ready()
  rig.service.continues = false
  await rig.play(media({ durationMs: 3000 }))
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(rig.service.stored.length, 3)
})

test('acks for what was not sent, or is not there, change nothing', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 3000 })
  for (const frame of frames) {
    await rig.play([frame])
    await rig.clock.advance(frame.track === 1 ? 100 : 0)
    const session = rig.service.sessions[0]
    const open = session?.fragments[session.fragments.length - 1]
    session?.ack({ EventType: 'PERSISTED', FragmentTimecode: open?.timecodeMs ?? 1 })
    session?.ack({ EventType: 'PERSISTED', FragmentTimecode: 12_345 })
    session?.ack({ EventType: 'RECEIVED' })
    session?.ack({ EventType: 'IDLE' })
  }
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.fragmentsPersisted, 3)
  assert.equal(rig.storedNumbers().length, frames.length)
})

test('media put before the stream is ready is kept and sent', async () => {
  const rig = new Rig()
  rig.producer.start()
  const frames = media({ durationMs: 2000 })
  for (const frame of frames) assert.equal(rig.producer.putFrame(frame), true)
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(rig.storedNumbers().length, frames.length)
})

test('the dump is exactly what was sent, a file per session', async () => {
  const files: { bytes: number[]; closed: number }[] = []
  const dump = () => {
    const file = { bytes: [] as number[], closed: 0 }
    files.push(file)
    return { write: (bytes: Uint8Array) => void file.bytes.push(...bytes), close: () => void file.closed++ }
  }
  const rig = await new Rig({ dump }).ready()
  rig.service.cut = (session) => (session === 1 ? 2000 : undefined)
  await rig.play(media({ durationMs: 3000 }))
  await rig.finish()
  assert.equal(files.length, 2)
  assert.deepEqual(
    files.map((file) => file.closed),
    [1, 1],
  )
  assert.deepEqual(new Uint8Array(files[1]?.bytes ?? []), rig.service.sessions[1]?.bytes)
  const first = rig.service.sessions[0]?.bytes ?? new Uint8Array(0)
  assert.equal(first.length > 1000, true)
  assert.deepEqual(new Uint8Array(files[0]?.bytes ?? []).subarray(0, first.length), first)
})
