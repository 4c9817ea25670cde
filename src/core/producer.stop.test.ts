/** The end: whenever it is asked for, and how long it may take. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

test('nothing more is taken after stop, and stopping twice gives the same end', async () => {
  const rig = await new Rig().ready()
  const frames = media({ durationMs: 1500 })
  await rig.play(frames)
  const first = rig.producer.stop(10_000)
  const [frame] = frames
  assert.ok(frame, 'there is one')
  assert.throws(() => rig.producer.putFrame(frame), { code: 'STOPPED' })
  const second = rig.producer.stop(10_000)
  await rig.clock.until(() => rig.summary !== undefined)
  assert.equal(await first, await second)
  assert.equal(await rig.producer.stop(0), await first)
  assert.throws(() => rig.producer.putFrame(frame), { code: 'STOPPED' })
  await rig.over(await first)
})

test('stopped before anything was put, or even started, it ends in order', async () => {
  const idle = await new Rig().ready()
  assert.equal((await idle.finish()).exitStatus, 0)
  const never = new Rig()
  assert.equal((await never.finish()).exitStatus, 0)
  const starting = new Rig()
  starting.producer.start()
  assert.equal((await starting.finish()).exitStatus, 0)
})

test('stopped while the stream is being created, nothing goes on behind', async () => {
  const rig = new Rig()
  rig.service.streams.clear()
  rig.producer.start()
  await rig.clock.until(() => rig.service.operations.length === 3)
  assert.equal((await rig.finish()).exitStatus, 0)
})

test('a second stop may shorten the first', async () => {
  const rig = await new Rig().ready()
  rig.service.persistMs = Number.POSITIVE_INFINITY
  await rig.play(media({ durationMs: 1200 }))
  const startMs = rig.clock.monotonicMs()
  void rig.producer.stop(100_000)
  await rig.finish(0)
  assert.equal(rig.clock.monotonicMs(), startMs)
})

test('when all is stored, the end of the response is waited for a second only', async () => {
  for (const storedBeforeStop of [false, true]) {
    const rig = await new Rig().ready()
    rig.service.endsResponse = false
    rig.service.persistMs = storedBeforeStop ? 5 : 100
    await rig.play(media({ durationMs: 1200 }))
    const startMs = rig.clock.monotonicMs()
    assert.equal((await rig.finish()).exitStatus, 0)
    assert.equal(rig.clock.monotonicMs() - startMs < 1500, true)
  }
})
