import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerEvent } from './events.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const

/** Stops at the first such event; then the end must come by itself, and no later than a few seconds. */
async function stopsAt(
  rig: Rig,
  is: (event: ProducerEvent) => boolean,
  frames: ReturnType<typeof media>,
): Promise<number> {
  let stoppedMs = -1
  rig.onEvent = (event) => {
    if (stoppedMs < 0 && is(event)) {
      stoppedMs = rig.clock.monotonicMs()
      void rig.producer.stop(100_000)
    }
  }
  rig.producer.start()
  for (const frame of frames) {
    try {
      rig.producer.putFrame(frame)
    } catch (error) {
      assert.equal((error as { code: string }).code, 'STOPPED')
      break
    }
    await rig.clock.advance(100)
  }
  assert.ok(stoppedMs >= 0, 'the event has come')
  rig.service.bytesPerMs = undefined
  await rig.clock.until(() => rig.summary !== undefined, 200_000)
  await rig.clock.advance(20_000)
  assert.equal(rig.service.network.open.size, 0, 'connections left')
  assert.equal(rig.ownClock.pending, 0, 'timers left')
  rig.assertSound()
  return rig.clock.monotonicMs() - stoppedMs - 20_000
}

for (const state of ['preparing', 'locating', 'idle', 'connecting', 'streaming', 'waiting'] as const) {
  test(`stopped when it is told of ${state}`, async () => {
    const rig = new Rig(videoOnly)
    let calls = 0
    rig.service.refuse = (operation) =>
      operation === 'describeStream' && calls++ === 0 ? { status: 500, type: '' } : undefined
    const after: string[] = []
    const took = await stopsAt(
      rig,
      (event) => {
        if (rig.summary !== undefined && event.type !== 'end') after.push(event.type)
        return event.type === 'state' && event.state === state
      },
      media({ durationMs: 8000, audio: false }),
    )
    const operations = rig.service.operations.length
    console.log(state, took, rig.summary?.exitStatus, rig.summary?.error?.message, operations, after)
    assert.ok(took < 15_000, `${took} ms`)
    assert.deepEqual(after, [])
  })
}

test('stopped before anything is put, when told of preparing the second time', async () => {
  const rig = new Rig(videoOnly)
  let calls = 0
  rig.service.refuse = (operation) =>
    operation === 'describeStream' && calls++ === 0 ? { status: 500, type: '' } : undefined
  let seen = 0
  rig.onEvent = (event) => {
    if (event.type === 'state' && event.state === 'preparing' && ++seen === 2) void rig.producer.stop(10_000)
  }
  await leavesNothing(rig)
})

test('stopped when it is told of locating, before anything is put', async () => {
  const rig = new Rig(videoOnly)
  rig.onEvent = (event) => {
    if (event.type === 'state' && event.state === 'locating') void rig.producer.stop(10_000)
  }
  await leavesNothing(rig)
})

test('stopped out of "a fragment is larger than the buffer"', async () => {
  const rig = new Rig({ ...videoOnly, bufferBytes: 16 * 1024 })
  const took = await stopsAt(
    rig,
    (event) => event.type === 'warning',
    media({ durationMs: 20_000, gopMs: 18_000, audio: false, pictureBytes: 500 }),
  )
  assert.ok(took < 5000, `${took} ms`)
  assert.deepEqual(rig.summary?.stats.lost, {})
})

for (const overflow of ['drop-oldest', 'drop-newest'] as const) {
  test(`stopped out of the first loss, ${overflow}`, async () => {
    const rig = new Rig({ ...videoOnly, bufferBytes: 32 * 1024, overflow })
    let down = true
    rig.service.dial = () => (down && rig.clock.monotonicMs() > 1000 ? refusedConnection : undefined)
    rig.clock.setTimer(1500, () => {
      for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
    })
    const took = await stopsAt(
      rig,
      (event) => {
        if (event.type !== 'lost') return false
        down = false
        return true
      },
      media({ durationMs: 60_000, audio: false, pictureBytes: 500 }),
    )
    console.log(overflow, took, rig.summary?.stats.lost, rig.summary?.exitStatus)
    assert.ok(took < 20_000, `${took} ms`)
    const { stats } = rig.summary ?? assert.fail()
    assert.equal(stats.lost['not-delivered'], undefined)
  })
}

test('stopped out of the report of pressure', async () => {
  const rig = new Rig({ ...videoOnly, bufferBytes: 64 * 1024, overflow: 'drop-oldest' })
  rig.service.bytesPerMs = 2
  const took = await stopsAt(
    rig,
    (event) => event.type === 'pressure',
    media({ durationMs: 60_000, audio: false, pictureBytes: 500 }),
  )
  // What the buffer holds takes half a minute on this network.
  assert.ok(took < 60_000, `${took} ms`)
  assert.equal(rig.summary?.stats.lost['not-delivered'], undefined)
})

/** It ends by itself, and nothing of it goes on. */
async function leavesNothing(rig: Rig): Promise<void> {
  rig.producer.start()
  await rig.clock.until(() => rig.summary !== undefined)
  const operations = rig.service.operations.length
  await rig.clock.advance(30_000)
  assert.equal(rig.service.network.open.size, 0, 'connections left')
  assert.equal(rig.service.operations.length, operations, 'nothing is asked after the end')
  assert.equal(rig.ownClock.pending, 0, 'timers left')
}
