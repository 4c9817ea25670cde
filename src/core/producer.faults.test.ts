/** The network breaks, and everything at once: nothing is lost, and the sums hold. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KvsError } from './errors.ts'
import { framesLost } from './stats.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

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
