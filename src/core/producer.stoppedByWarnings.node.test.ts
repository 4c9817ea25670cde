import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from './frame/frame.ts'
import { media, picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

/** Stops at the first warning that says so; all must add up, and the end come within seconds. */
async function stopsAt(said: string, frames: readonly Frame[], audio: boolean): Promise<void> {
  const rig = await new Rig(audio ? {} : { tracks: [{ codec: 'h264' }] }).ready()
  let stoppedMs = -1
  rig.onEvent = (event) => {
    if (stoppedMs < 0 && event.type === 'warning' && event.message.includes(said)) {
      stoppedMs = rig.clock.monotonicMs()
      void rig.producer.stop(100_000)
    }
  }
  const startMs = rig.clock.monotonicMs()
  for (const frame of frames) {
    const waitMs = startMs + frame.dts - rig.clock.monotonicMs()
    if (waitMs > 0) await rig.clock.advance(waitMs)
    try {
      rig.producer.putFrame(frame)
    } catch (error) {
      assert.equal((error as { code: string }).code, 'STOPPED')
      break
    }
  }
  assert.ok(
    stoppedMs >= 0,
    `warnings: ${rig
      .of('warning')
      .map(({ message }) => message)
      .join('; ')}`,
  )
  await rig.clock.until(() => rig.summary !== undefined, 200_000)
  const tookMs = rig.clock.monotonicMs() - stoppedMs
  assert.ok(tookMs < 10_000, `the end took ${tookMs} ms`)
  await rig.over(rig.summary ?? assert.fail())
  rig.assertSound()
  assert.deepEqual(rig.summary?.stats.lost, {})
}

test('stopped out of "a fragment is split"', () =>
  stopsAt('is split', media({ durationMs: 40_000, gopMs: 60_000, audio: false }), false))
test('stopped out of "nothing comes of audio"', () =>
  stopsAt(
    'nothing comes of',
    media({ durationMs: 60_000 }).filter(({ track, pts }) => track === 1 || pts < 3000),
    true,
  ))
test('stopped out of "nothing comes of video"', () =>
  stopsAt(
    'nothing comes of',
    media({ durationMs: 60_000 }).filter(({ track, pts }) => track === 2 || pts < 3000),
    true,
  ))
test('stopped out of a border that is moved', () => {
  const frames: Frame[] = []
  for (let n = 0; n < 100; n++) {
    const ms = n * 100
    // A picture is shown before its key frame.
    frames.push({ track: 1, pts: n % 10 === 1 ? ms - 120 : ms, dts: ms, data: picture(n, n % 10 === 0) })
  }
  return stopsAt('', frames, false)
})
