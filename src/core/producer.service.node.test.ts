import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from './errors.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const
const minuteMs = 60_000

test('a service that answers 200 only when media comes: sessions are handed over all the same', async () => {
  const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000 }).ready()
  rig.service.continues = false
  rig.service.sessionLifeMs = 40_000
  const frames = media({ durationMs: 2 * minuteMs, audio: false })
  await rig.play(frames)
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.ok(!rig.of('retry').some(({ error }) => error.aws === '4003'), 'the service had to end a session')
})

test('a data endpoint that moves while the old host is gone', async () => {
  for (const [name, answer] of [
    ['refused', refusedConnection],
    ['lost', new KvsError('CONNECTION_LOST', 'reset')],
    ['silence', 'silence'],
    ['dns', new KvsError('NAME_NOT_FOUND', 'no such host')],
  ] as const) {
    const rig = await new Rig(videoOnly).ready()
    const frames = media({ durationMs: 2 * minuteMs, audio: false })
    rig.clock.setTimer(10_000, () => {
      rig.service.dataHost = 'data2.test'
      rig.service.dial = (host) => (host === 'data.test' ? answer : undefined)
      for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    })
    await rig.play(frames)
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0, name)
    assert.ok(stats.sessions < 8, `${name}: ${stats.sessions} sessions`)
  }
})

for (const type of ['ConnectionLimitExceededException', 'ConnectionLimitExceeded']) {
  test(`a limit of one connection, said as ${type}`, async () => {
    const rig = await new Rig({ ...videoOnly, rotateAfterMs: 10_000 }).ready()
    rig.service.sessionLifeMs = 60_000
    rig.service.refuse = (operation) =>
      operation === 'putMedia' && rig.service.sessions.some(({ over }) => !over) ? { status: 400, type } : undefined
    await rig.play(media({ durationMs: 2 * minuteMs, audio: false }))
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.ok(stats.sessionsFailed <= 2, `${stats.sessionsFailed} sessions failed`)
  })
}
for (const type of ['InvalidEndpointException', 'InvalidEndpoint']) {
  test(`an endpoint that moves, said as ${type}`, async () => {
    const rig = await new Rig(videoOnly).ready()
    rig.clock.setTimer(10_000, () => {
      rig.service.dataHost = 'data2.test'
      for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    })
    rig.service.refuse = (operation, head) =>
      operation === 'putMedia' && rig.clock.monotonicMs() > 10_000 && head.headers.get('host') === 'data.test'
        ? { status: 400, type }
        : undefined
    await rig.play(media({ durationMs: 2 * minuteMs, audio: false }))
    const { stats, exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assert.ok(stats.sessionsFailed <= 3, `${stats.sessionsFailed} sessions failed`)
  })
}

for (const id of [4000, 4003, 4007, 5000, 5001, 9999]) {
  test(`a fragment that meets ${id} whenever it is sent does not stop the stream for ever`, async () => {
    const rig = await new Rig({ ...videoOnly, overflow: 'drop-oldest' }).ready()
    let poison: number | undefined
    let times = 0
    rig.service.error = (fragment, session, at) => {
      poison ??= session.fragments.length === 5 ? fragment.timecodeMs : undefined
      if (at !== 'end' || fragment.timecodeMs !== poison) return undefined
      times++
      return id
    }
    const frames = media({ durationMs: 10 * minuteMs, audio: false })
    await rig.play(frames)
    assert.ok(
      rig.producer.stats.framesPersisted > 3000,
      `${rig.producer.stats.framesPersisted} of ${frames.length} frames stored; it was sent ${times} times`,
    )
  })
}

test('one PERSISTED that never comes while others do: the fragment is sent again in a minute or so', async () => {
  const rig = await new Rig(videoOnly).ready()
  let lostAck: number | undefined
  rig.service.ackDelayMs = (session, fields) => {
    if (session.fragments.length === 3) lostAck ??= fields.FragmentTimecode
    return fields.EventType === 'PERSISTED' && fields.FragmentTimecode === lostAck && rig.service.sessions.length === 1
      ? Number.POSITIVE_INFINITY
      : 0
  }
  const frames = media({ durationMs: 5 * minuteMs, audio: false })
  await rig.play(frames)
  const { stats } = rig.producer
  assert.ok(
    stats.framesPut - stats.framesPersisted <= 20,
    `${stats.framesPut - stats.framesPersisted} frames not confirmed`,
  )
  assert.ok(
    stats.sessions > 1 || stats.framesPut - stats.framesPersisted <= 10,
    'a fragment was owed for nearly five minutes',
  )
})

test('an ERROR ack for a fragment that has been given up meanwhile costs no other one', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.persistMs = 5000
  let done = false
  rig.service.onSession = () => undefined
  const frames = media({ durationMs: 20_000, audio: false })
  rig.clock.setTimer(10_000, () => {
    const [session] = rig.service.sessions
    const [first] = session?.fragments ?? []
    done = true
    // Confirmed long ago.
    session?.fail(4006, first?.timecodeMs)
  })
  await rig.play(frames)
  const { stats } = await rig.finish()
  assert.ok(done)
  assert.deepEqual(stats.lost, {})
})

test('a stream that is being deleted while it streams is waited for and created again', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.clock.setTimer(5000, () => {
    const stream = rig.service.streams.get('cam')
    if (stream !== undefined) stream.status = 'DELETING'
    for (const session of rig.service.sessions) session.fail(4008)
  })
  rig.clock.setTimer(25_000, () => rig.service.deleteStream('cam', undefined))
  rig.service.refuse = (operation) =>
    operation === 'putMedia' && rig.service.streams.get('cam')?.status === 'DELETING'
      ? { status: 404, type: 'ResourceNotFoundException' }
      : undefined
  const frames = media({ durationMs: minuteMs, audio: false })
  await rig.play(frames)
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
})

test('a data endpoint that moves while the old host keeps silent is asked for anew', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.clock.setTimer(10_000, () => {
    rig.service.dataHost = 'data2.test'
    rig.service.dial = (host) => (host === 'data.test' ? 'silence' : undefined)
    for (const { connection } of rig.service.sessions) connection.close(null)
  })
  const frames = media({ durationMs: minuteMs, audio: false })
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.ok(stats.sessions <= 4, `${stats.sessions} sessions`)
  assert.equal(rig.service.operations.filter((operation) => operation === 'getDataEndpoint').length, 2)
})
