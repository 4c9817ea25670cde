/** ERROR acks: what becomes of the fragment, and of those after it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

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
