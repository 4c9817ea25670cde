import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from './errors.ts'
import type { Frame } from './frame/frame.ts'
import { framesLost } from './stats.ts'
import { media, picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const refusedConnection = new KvsError('CONNECT_FAILED', 'connection refused')

test('cut at any byte, nothing is lost, and what is sent again is the same to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 6000 }), { maxLength: 4 }),
      fc.constantFrom(undefined, 3, 40),
      fc.constantFrom(5, 900),
      async (cuts, bytesPerMs, persistMs) => {
        const rig = await new Rig().ready()
        rig.service.cut = (session) => cuts[session - 1]
        rig.service.bytesPerMs = bytesPerMs
        rig.service.persistMs = persistMs
        const frames = media({ durationMs: 4000 })
        await rig.play(frames)
        const { stats, exitStatus } = await rig.finish()
        assert.equal(exitStatus, 0)
        assert.equal(framesLost(stats), 0)
        // Each frame once, in the order of its track.
        for (const track of [1, 2]) {
          const put = frames.flatMap((frame, number) => (frame.track === track ? [number] : []))
          assert.deepEqual(
            rig.storedNumbers().filter((number) => frames[number]?.track === track),
            put,
          )
        }
        rig.assertSound()
      },
    ),
    { numRuns: 40 },
  )
})

test('the same fragment has the same bytes in every session, confirmed or not', async () => {
  const rig = await new Rig().ready()
  rig.service.persistMs = 100_000
  rig.service.cut = (session) => (session < 4 ? 3500 : undefined)
  await rig.play(media({ durationMs: 4000 }))
  rig.service.persistMs = 5
  await rig.finish(300_000)
  const seen = new Map<number, Uint8Array>()
  let repeated = 0
  for (const fragment of rig.service.sessions.flatMap((session) => session.fragments)) {
    if (!fragment.complete) continue
    const before = seen.get(fragment.timecodeMs)
    if (before !== undefined) {
      repeated++
      assert.deepEqual(fragment.bytes, before)
    }
    seen.set(fragment.timecodeMs, fragment.bytes)
  }
  assert.equal(repeated > 2, true)
  rig.assertSound()
})

test('a connection that breaks is taken up again with a pause and a report', async () => {
  const rig = await new Rig().ready()
  rig.service.cut = (session) => (session === 1 ? 1500 : undefined)
  await rig.play(media({ durationMs: 3000 }))
  const { stats } = await rig.finish()
  assert.equal(stats.sessions, 2)
  assert.equal(stats.sessionsFailed, 1)
  const [retry] = rig.of('retry')
  assert.equal(retry?.error.code, 'CONNECTION_LOST')
  assert.equal((retry?.delayMs ?? 0) >= 100 && (retry?.delayMs ?? 0) < 200, true)
  assert.deepEqual(
    rig.of('state').map(({ state }) => state),
    ['preparing', 'locating', 'idle', 'connecting', 'streaming', 'waiting', 'idle', 'connecting', 'streaming', 'ended'],
  )
})

test('a session that the service ends is followed by another, and nothing is lost', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 4000 })
  await rig.play(frames.slice(0, 40))
  for (const connection of rig.service.network.open) {
    if (connection.options.host === 'data.test') connection.close(null)
  }
  await rig.play(frames.slice(40))
  const { stats, exitStatus } = await rig.finish()
  assert.deepEqual([exitStatus, stats.sessions, stats.sessionsFailed], [0, 2, 1])
  assert.equal(rig.storedNumbers().length, frames.length)
})

/** What happens once to the second fragment: the error, where in the fragment it comes, and what must follow. */
const errorCases: readonly [ids: readonly number[], fate: 'lost' | 'kept' | 'fatal', first: string][] = [
  [[4001, 4002, 4004, 4006, 4009, 4010, 4011], 'lost', 'putMedia'],
  [[4000, 4003, 4007, 4503, 5000, 5001, 4999], 'kept', 'putMedia'],
  [[4008, 4507], 'kept', 'describeStream'],
  [[4005, 4012, 4500, 4501, 4502, 4504, 4505, 4506], 'fatal', ''],
]
for (const [ids, fate, first] of errorCases) {
  for (const at of ['begin', 'end'] as const) {
    test(`after errors ${ids.join(', ')} at a fragment's ${at} it is ${fate}`, async () => {
      for (const id of ids) await errorOnce(id, at, fate, first)
    })
  }
}

async function errorOnce(id: number, at: 'begin' | 'end', fate: string, first: string): Promise<void> {
  const rig = await new Rig().ready()
  let before = 0
  rig.service.error = (fragment, session, where) => {
    if (session !== rig.service.sessions[0] || session.fragments.indexOf(fragment) !== 1 || where !== at) return
    before = rig.service.operations.length
    return id
  }
  const frames = media({ durationMs: 5000 })
  await rig.play(frames)
  const { stats, error, exitStatus } = rig.summary ?? (await rig.finish())
  const operation = rig.service.operations[before] ?? ''
  assert.equal(stats.acks.ERROR, 1)
  if (fate === 'fatal') {
    assert.equal(exitStatus, 69)
    assert.equal(error?.aws, String(id))
    assert.equal(operation, '')
    return
  }
  assert.equal(operation, first)
  assert.equal(exitStatus, fate === 'lost' ? 74 : 0)
  const inSecond = frames.filter((frame) => frame.pts >= 1000 && frame.pts < 2000).length
  assert.equal(stats.lost.refused?.fragments, fate === 'lost' ? 1 : undefined)
  assert.equal(stats.lost.refused?.frames, fate === 'lost' ? inSecond : undefined)
  assert.equal(rig.storedNumbers().length, frames.length - (fate === 'lost' ? inSecond : 0))
  assert.equal(rig.of('lost').length, fate === 'lost' ? 1 : 0)
  rig.assertSound()
}

test('an open fragment that is refused is dropped, and what follows waits for the next key frame', async () => {
  const rig = await new Rig({ tracks: [{ codec: 'h264' }] }).ready()
  rig.service.error = (fragment, session, where) =>
    where === 'begin' && session === rig.service.sessions[0] && session.fragments.indexOf(fragment) === 1
      ? 4006
      : undefined
  const frames = media({ durationMs: 4000, audio: false })
  await rig.play(frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.deepEqual(
    rig.storedNumbers(),
    frames.flatMap((frame, n) => (frame.pts < 1000 || frame.pts >= 2000 ? [n] : [])),
  )
  assert.equal(stats.framesDiscarded, 0)
  assert.deepEqual([stats.lost.refused?.fragments, stats.lost.refused?.frames], [1, 10])
  const [lost] = rig.of('lost')
  assert.equal(lost?.error.aws, '4006')
  assert.equal((lost?.frames ?? 0) < 10, true)
})

test('an error that names no fragment means the oldest', async () => {
  const rig = await new Rig().ready()
  rig.service.errorTimecode = false
  rig.service.persistMs = 100_000
  rig.service.error = (fragment, session, at) =>
    at === 'end' && session === rig.service.sessions[0] && session.fragments.indexOf(fragment) === 2 ? 4006 : undefined
  const frames = media({ durationMs: 4000 })
  const startMs = rig.clock.wallMs()
  await rig.play(frames)
  rig.service.persistMs = 5
  const { exitStatus } = await rig.finish(300_000)
  assert.equal(exitStatus, 74)
  assert.equal(rig.of('lost')[0]?.timecodeMs, startMs)
})

test('several fragments refused in a row end it with 69', async () => {
  const rig = await new Rig().ready()
  rig.service.error = (_fragment, _session, at) => (at === 'end' ? 4011 : undefined)
  await rig.play(media({ durationMs: 20_000 }))
  assert.equal(rig.summary?.exitStatus, 69)
  assert.equal(rig.summary?.error?.aws, '4011')
  assert.equal(rig.summary?.stats.lost.refused?.fragments, 3)
  await rig.over(rig.summary)
})

test('refused now and then, it goes on', async () => {
  const rig = await new Rig().ready()
  rig.service.error = (fragment, _session, at) =>
    at === 'end' && Math.floor(fragment.timecodeMs / 1000) % 3 === 0 ? 4011 : undefined
  await rig.play(media({ durationMs: 15_000 }))
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.equal(stats.lost.refused?.fragments, 5)
  assert.equal(stats.fragmentsPersisted, 10)
})

test('an error while the source waits for room drops the fragment and lets the source go on', async () => {
  const rig = await new Rig({ bufferBytes: 64 * 1024 }).ready()
  rig.service.bytesPerMs = 10
  rig.service.error = (fragment, session, at) =>
    at === 'begin' && session === rig.service.sessions[0] && session.fragments.indexOf(fragment) === 1
      ? 4006
      : undefined
  const frames = media({ durationMs: 6000, pictureBytes: 5000 })
  await rig.play(frames)
  const { exitStatus, stats } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.equal(stats.lost.refused?.fragments, 1)
  assert.equal(rig.blocks.most <= 64 * 1024, true)
})

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

test('the latency of an ack counts from the session that brought it', async () => {
  const rig = await new Rig().ready()
  rig.service.persistMs = Number.POSITIVE_INFINITY
  await rig.play(media({ durationMs: 3000 }))
  rig.service.persistMs = 5
  for (const connection of rig.service.network.open) connection.close(null)
  rig.service.dial = () => refusedConnection
  await rig.clock.advance(60_000)
  rig.service.dial = () => undefined
  const { stats } = await rig.finish()
  assert.equal(stats.fragmentsPersisted, 3)
  assert.equal((stats.ackLatencyMs.quantile(1) ?? Number.NaN) < 2000, true)
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

test('refused for ever, it gives up when told to, with the last reason', async () => {
  const rig = new Rig({ giveUpAfterMs: 30_000 })
  rig.service.dial = () => refusedConnection
  rig.producer.start()
  await rig.clock.until(() => rig.summary !== undefined)
  assert.equal(rig.summary?.exitStatus, 75)
  assert.equal(rig.summary?.error?.code, 'GAVE_UP')
  assert.equal(rig.summary?.error?.message.includes('connection refused'), true)
  const tries = rig.of('retry').length
  assert.ok(tries >= 5 && tries <= 12, `${tries} tries`)
  const delays = rig.of('retry').map(({ delayMs }) => delayMs)
  assert.equal(
    delays.every((delayMs, n) => delayMs >= Math.min(10_000, 100 * 2 ** n) && delayMs <= 20_000),
    true,
  )
})

test('refused until stopped without having been reached once, it says so', async () => {
  const rig = new Rig()
  rig.service.dial = () => refusedConnection
  rig.producer.start()
  await rig.clock.advance(5000)
  const summary = await rig.finish(0)
  assert.equal(summary.exitStatus, 75)
})

test('the network going and coming while it streams costs nothing', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 20_000 })
  rig.service.cut = (session) => (session === 1 ? 3000 : undefined)
  let refusals = 0
  rig.service.dial = (host) => (rig.service.sessions.length === 1 && refusals++ < 5 ? down(host) : undefined)
  await rig.play(frames)
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(rig.storedNumbers().length, frames.length)
  assert.equal(refusals >= 5, true)
})

function down(host: string): KvsError | 'silence' {
  return host === 'data.test' ? 'silence' : refusedConnection
}

test('denied credentials end it at once with 77', async () => {
  for (const operation of ['describeStream', 'getDataEndpoint', 'putMedia']) {
    const rig = new Rig()
    rig.service.refuse = (each) =>
      each === operation ? { status: 403, type: 'AccessDeniedException', message: 'not you' } : undefined
    rig.producer.start()
    for (const frame of media({ durationMs: 1200 })) rig.producer.putFrame(frame)
    await rig.clock.until(() => rig.summary !== undefined, 2000)
    assert.equal(rig.summary?.exitStatus, 77, operation)
    assert.equal(rig.of('retry').length, 0)
    assert.equal(rig.summary?.stats.lost['not-delivered']?.frames, rig.summary?.stats.framesPut)
    assert.ok(rig.summary, 'there is one')
    await rig.over(rig.summary)
  }
})

test('a busy service is tried again, and a missing stream that may not be created is not', async () => {
  const busy = new Rig()
  let refusals = 3
  busy.service.refuse = () => (refusals-- > 0 ? { status: 503, type: 'ServiceUnavailable' } : undefined)
  await busy.ready()
  assert.equal(busy.of('retry').length, 3)
  await busy.finish()
  const missing = new Rig({ create: false })
  missing.service.streams.clear()
  missing.producer.start()
  await missing.clock.until(() => missing.summary !== undefined, 5000)
  assert.equal(missing.summary?.error?.code, 'STREAM_NOT_FOUND')
  assert.equal(missing.summary?.exitStatus, 69)
})

test('a stream deleted while it streams is created again', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 6000 })
  await rig.play(frames.slice(0, 30))
  rig.service.streams.clear()
  for (const connection of rig.service.network.open) connection.close(null)
  await rig.play(frames.slice(30))
  assert.equal((await rig.finish()).exitStatus, 0)
  assert.equal(rig.service.operations.includes('createStream'), true)
  assert.equal(rig.storedNumbers().length, frames.length)
})

test('PutMedia is called no more than 5 times a second', async () => {
  const rig = await new Rig().ready()
  const calls: number[] = []
  rig.service.refuse = (operation) => {
    if (operation !== 'putMedia') return undefined
    calls.push(rig.clock.monotonicMs())
    return calls.length < 8 ? { status: 400, type: 'ConnectionLimitExceededException' } : undefined
  }
  await rig.play(media({ durationMs: 2000 }))
  assert.equal((await rig.finish()).exitStatus, 0)
  for (const [index, ms] of calls.entries()) {
    if (index > 0) assert.equal(ms - (calls[index - 1] ?? 0) >= 200, true)
  }
})

test('whoever stops it out of its own events breaks nothing', async () => {
  for (const type of ['retry', 'lost', 'ack', 'state'] as const) {
    for (let nth = 0; nth < 10; nth++) {
      const rig = new Rig()
      let seen = 0
      rig.events.push = (...events) => {
        if (events[0]?.type === type && seen++ === nth) void rig.producer.stop(nth % 2 === 0 ? 0 : 3000)
        return Array.prototype.push.apply(rig.events, events)
      }
      rig.service.cut = (session) => (session === 2 ? 1800 : undefined)
      rig.service.error = (_fragment, session, at) =>
        at === 'end' && session === rig.service.sessions[0] ? 4006 : undefined
      rig.producer.start()
      for (const frame of media({ durationMs: 3000 })) {
        try {
          rig.producer.putFrame(frame)
        } catch (error) {
          if (rig.summary === undefined) assert.equal((error as KvsError).code, 'STOPPED')
        }
        if (frame.track === 1) await rig.clock.advance(100)
      }
      await rig.finish(10_000)
    }
  }
})

test('whatever goes wrong in whatever order, the sums hold and it ends', async () => {
  const fault = fc.record({
    cut: fc.option(fc.integer({ min: 0, max: 40_000 }), { nil: undefined }),
    error: fc.option(
      fc.record({ id: fc.constantFrom(4000, 4004, 4006, 4008, 4011, 5000), nth: fc.nat(3), end: fc.boolean() }),
      { nil: undefined },
    ),
    refuse: fc.option(fc.constantFrom('ServiceUnavailable', 'ThrottlingException'), { nil: undefined }),
    down: fc.constantFrom(undefined, 'refused', 'silence'),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 5 }),
      fc.constantFrom(undefined, 20, 200),
      fc.constantFrom(1, 200, 3000),
      fc.constantFrom(0, 2000, 120_000),
      fc.constantFrom(500, 3500),
      async (faults, bytesPerMs, persistMs, stopMs, pictureBytes) => {
        const rig = new Rig({ bufferBytes: 64 * 1024 }, 2048)
        const { service } = rig
        service.bytesPerMs = bytesPerMs
        service.persistMs = persistMs
        service.cut = (session) => faults[session - 1]?.cut
        service.error = (fragment, session, at) => {
          const error = faults[service.sessions.indexOf(session)]?.error
          if (error === undefined || error.end !== (at === 'end')) return undefined
          return session.fragments.indexOf(fragment) === error.nth ? error.id : undefined
        }
        let calls = 0
        service.refuse = () => {
          const type = faults[calls++]?.refuse
          return type === undefined ? undefined : { status: 503, type }
        }
        let dials = 0
        service.dial = () => {
          const down = faults[dials++]?.down
          return down === 'refused' ? refusedConnection : down === 'silence' ? 'silence' : undefined
        }
        rig.producer.start()
        await rig.play(media({ durationMs: 5000, pictureBytes }))
        const summary = rig.summary ?? (await rig.finish(stopMs))
        await rig.over(summary)
        assert.equal(rig.blocks.most <= 64 * 1024, true)
        rig.assertSound()
        // What is said to be stored is stored.
        assert.equal(new Set(rig.storedNumbers()).size >= summary.stats.framesPersisted, true)
      },
    ),
    { numRuns: 80 },
  )
})
