import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Credentials } from './aws/credentials/credentials.ts'
import { Producer } from './producer.ts'
import { FakeClock } from './testing/fakeClock.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { controlOrigin, FakeService } from './testing/fakeService.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { CountedBlocks, Rig, testCredentials, testPlatform } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const
const minuteMs = 60_000

for (const limit of [2]) {
  test(`what a leaving session waits for is given up by the overflow (${limit} at a time): the stream goes on`, async () => {
    const rig = await new Rig({
      ...videoOnly,
      rotateAfterMs: 20_000,
      overflow: 'drop-oldest',
      bufferBytes: 32 * 1024,
    }).ready()
    rig.service.connectionLimit = limit
    // What is sent in the last moments of the first session is never confirmed.
    rig.service.ackDelayMs = (session, { EventType }) => {
      const first = session === rig.service.sessions[0] && rig.clock.monotonicMs() > 15_000
      return first && EventType === 'PERSISTED' ? Number.POSITIVE_INFINITY : 0
    }
    await rig.play(media({ durationMs: 4 * minuteMs, audio: false, pictureBytes: 400 }))
    assert.ok(rig.producer.stats.framesPersisted > 1800, `${rig.producer.stats.framesPersisted} of 2400 frames stored`)
    assert.ok(rig.producer.stats.sessions >= 8, `${rig.producer.stats.sessions} sessions`)
    assert.ok((rig.producer.stats.lost.overflow?.frames ?? 0) < 300)
  })
}

test('a source that falls silent while the network is gone: the session ends in order once all is stored', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.idleMs = 30_000
  await rig.play(media({ durationMs: 5000, audio: false }))
  rig.service.dial = () => refusedConnection
  for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
  await rig.clock.advance(100_000)
  rig.service.dial = () => undefined
  await rig.clock.advance(20_000)
  const last = rig.service.sessions[rig.service.sessions.length - 1]
  await rig.clock.advance(40_000)
  assert.equal(last?.ended, true, 'ended in order, not by the service')
  await rig.finish()
})

test('a provider of credentials that never answers does not keep a stream in connecting for ever', async () => {
  let hangs = false
  const fresh: Credentials = {
    accessKeyId: 'KEY',
    secretAccessKey: 'secret',
    expiration: new Date(Date.UTC(2026, 10, 22, 8, 1)),
  }
  const rig = new Rig({
    ...videoOnly,
    giveUpAfterMs: minuteMs,
    credentials: () => (hangs ? new Promise(() => undefined) : Promise.resolve(fresh)),
  })
  rig.service.nowMs = () => rig.clock.wallMs()
  await rig.ready()
  hangs = true
  await rig.play(media({ durationMs: 40_000, audio: false }))
  for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
  for (const frame of media({ durationMs: 6 * minuteMs, audio: false }).slice(400)) {
    if (frame.pts === 90_000) for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    if (rig.summary !== undefined) break
    rig.producer.putFrame(frame)
    await rig.clock.advance(100)
  }
  assert.ok(
    rig.summary !== undefined || rig.of('retry').length > 3,
    `nothing is said for minutes, state ${rig.producer.state}`,
  )
})

test('a producer that cannot be made gives the folder of its spool back', () => {
  const storage = new ForgetfulFiles()
  const clock = new FakeClock()
  const service = new FakeService(clock)
  const options = {
    streamName: 'cam',
    region: 'us-west-2',
    endpoint: controlOrigin,
    credentials: testCredentials,
    tracks: [{ codec: 'h264' }],
    bufferBytes: 1500,
    create: true,
    tags: {},
    userAgent: 'test/1',
    spool: { storage, directory: '/spool', capacityBytes: 4 * 1024 * 1024 },
  } as const
  const make = (bufferBytes: number) =>
    new Producer(testPlatform(clock, service, new CountedBlocks(1024)), { ...options, bufferBytes }, () => undefined)
  assert.throws(() => make(1500), { code: 'CONFIGURATION' })
  make(256 * 1024)
})

test('a retention that is set to 0 while it streams: media goes on', async () => {
  const rig = await new Rig({ ...videoOnly, overflow: 'drop-oldest', bufferBytes: 128 * 1024 }).ready()
  rig.clock.setTimer(10_000, () => {
    const stream = rig.service.streams.get('cam')
    if (stream !== undefined) stream.retentionHours = 0
    for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
  })
  const frames = media({ durationMs: 10 * minuteMs, audio: false, pictureBytes: 400 })
  await rig.play(frames)
  const { stats } = rig.producer
  assert.ok(stats.framesPersisted > 4000, `${stats.framesPersisted} of ${frames.length} frames confirmed`)
})

for (const [status, type] of [
  [401, ''],
  [403, ''],
  [403, 'ExpiredTokenException'],
  [400, ''],
  [404, ''],
  [500, ''],
  [503, 'X'],
] as const) {
  test(`credentials that can be had anew, and ${status} ${type} once at a reconnect`, async () => {
    let asked = 0
    const rig = new Rig({
      ...videoOnly,
      credentials: () =>
        Promise.resolve({
          accessKeyId: `KEY${asked++}`,
          secretAccessKey: 's',
          sessionToken: 't',
          expiration: new Date(Date.UTC(2026, 10, 22, 9)),
        }),
    })
    rig.service.nowMs = () => rig.clock.wallMs()
    await rig.ready()
    let times = 0
    rig.service.refuse = (operation) =>
      operation === 'putMedia' && rig.service.sessions.length === 1 && times++ < 1 ? { status, type } : undefined
    rig.clock.setTimer(3000, () => {
      for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    })
    await rig.play(media({ durationMs: 20_000, audio: false }))
    if (rig.summary === undefined) await rig.finish()
    assert.equal(rig.summary?.exitStatus, 0)
  })
}
