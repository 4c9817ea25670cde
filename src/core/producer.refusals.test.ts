/** A service that refuses, or cannot be reached: when it is tried again, and when that is the end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('refused for ever, it gives up when told to, with the last reason', async () => {
  const rig = new Rig({ giveUpAfterMs: 30_000 })
  rig.service.dial = () => refusedConnection
  rig.producer.start()
  await rig.clock.until(() => rig.summary !== undefined)
  assert.equal(rig.summary?.exitStatus, 75)
  assert.equal(rig.summary?.error?.code, 'GAVE_UP')
  assert.equal(rig.summary?.error?.message.includes('connection refused'), true)
  const tries = rig.of('retry').length
  assert.ok(tries >= 6 && tries <= 20, `${tries} tries`)
  const delays = rig.of('retry').map(({ delayMs }) => delayMs)
  assert.equal(
    delays.every((delayMs, n) => delayMs >= 20 && delayMs <= Math.min(10_000, 200 * 2 ** n)),
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
