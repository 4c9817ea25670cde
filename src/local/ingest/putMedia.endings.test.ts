/** How a session ends other than by the end of its body. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceLimits } from './limits.ts'
import { fullCluster, header } from './testing/media.ts'
import { brief, newBench, newSession } from './testing/session.ts'

const good = fullCluster(1000)

test('silence: IDLE every 5 s, the end after 30 s, with the fragment completed', async () => {
  const { session, acks, timers, closes } = await newBench()
  timers.advance(4000)
  await session.push(Buffer.concat([header(), good]))
  timers.advance(29_999)
  assert.deepEqual(brief(acks), ['BUFFERING 1000', 'IDLE', 'IDLE', 'IDLE', 'IDLE', 'IDLE'])
  timers.advance(1)
  await session.done
  assert.deepEqual(brief(acks).slice(6), ['RECEIVED 1000', 'PERSISTED 1000'])
  assert.deepEqual([closes, timers.pending], [[8], 0])
})

test('silence inside a frame ends in a read error, so that it is sent again', async () => {
  const { session, acks, timers } = await newBench()
  await session.push(Buffer.concat([header(), good.subarray(0, good.length - 1)]))
  timers.advance(30_000)
  await session.done
  assert.equal(brief(acks).pop(), 'ERROR 4000 at 1000')
})

test('after 45 minutes: ERROR 4003', async () => {
  const { session, acks, timers } = await newBench({
    limits: { ...serviceLimits, idleCloseMs: Number.POSITIVE_INFINITY },
  })
  await session.push(Buffer.concat([header(), good]))
  timers.advance(45 * 60_000 - 1)
  assert.equal(brief(acks).pop(), 'IDLE')
  timers.advance(1)
  await session.done
  assert.equal(brief(acks).pop(), 'ERROR 4003 at 1000')
})

test('the stream is deleted: ERROR 4008 at once', async () => {
  const { session, acks, store, stream, closes } = await newBench()
  await session.push(Buffer.concat([header(), good]))
  session.streamDeleted()
  assert.deepEqual(brief(acks), ['BUFFERING 1000', 'ERROR 4008'])
  assert.deepEqual(closes, [2])
  await store.delete('camera')
  await session.done
  assert.equal(stream.closed, true)
})

test('a broken connection: what is whole is stored, what is not is dropped, nobody is told', async () => {
  const { session, acks, stream, closes, timers } = await newBench()
  await session.push(Buffer.concat([header(), good, fullCluster(3000)]))
  const before = acks.length
  await session.aborted()
  assert.equal(acks.length, before)
  assert.deepEqual(closes, [])
  assert.deepEqual(
    stream.fragments().map(({ timecode }) => timecode),
    [1000],
  )
  assert.equal(timers.pending, 0)
})

test('a disk that fails: ERROR 5001, and the next session stores again', async () => {
  const bench = await newBench()
  await bench.session.push(Buffer.concat([header(), good]))
  bench.files.failWith = 'ENOSPC'
  await bench.session.endOfBody()
  assert.deepEqual(brief(bench.acks), ['BUFFERING 1000', 'RECEIVED 1000', 'ERROR 5001 at 1000'])
  assert.deepEqual(bench.closes, [3])
  bench.files.failWith = null
  const next = newSession(bench.store, bench.files)
  await next.session.push(Buffer.concat([header(), good]))
  await next.session.endOfBody()
  assert.deepEqual(brief(next.acks), ['BUFFERING 1000', 'RECEIVED 1000', 'PERSISTED 1000'])
  assert.equal(bench.stream.fragments().length, 1)
})
