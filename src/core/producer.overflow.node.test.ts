/** A network that takes less than the source gives: what is lost is what the options say, and it is said. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProducerOptions } from './options.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const live = { tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 } as const
/** 10 kB/s in fragments of a second. */
const source = { framesPerSecond: 10, pictureBytes: 1000, audio: false } as const

/** Plays for a minute without a network from the tenth second to the fortieth; the source never waits. */
async function outage(options: Partial<ProducerOptions>): Promise<Rig> {
  const rig = await new Rig({ ...live, ...options }).ready()
  const frames = media({ ...source, durationMs: 60_000 })
  for (const frame of frames) {
    if (frame.pts === 10_000) {
      rig.service.dial = () => refusedConnection
      for (const session of rig.service.sessions) session.connection.close(refusedConnection)
    }
    if (frame.pts === 40_000) rig.service.dial = () => undefined
    assert.equal(rig.producer.putFrame(frame), true, `frame at ${frame.pts}`)
    await rig.clock.advance(100)
  }
  return rig
}

/** Runs of numbers that are missing among those of the frames put. */
function gaps(rig: Rig, count: number): [number, number][] {
  const stored = new Set(rig.storedNumbers())
  const found: [number, number][] = []
  for (let n = 0; n < count; n++) {
    if (stored.has(n)) continue
    const last = found[found.length - 1]
    if (last !== undefined && last[1] === n - 1) last[1] = n
    else found.push([n, n])
  }
  return found
}

/** The one gap in what is stored, which is of whole fragments. */
function onlyGap(rig: Rig): readonly [first: number, last: number] {
  const [gap, ...more] = gaps(rig, 600)
  assert.deepEqual(more, [])
  const [first, last] = gap ?? [0, 0]
  assert.ok(first % 10 === 0 && last % 10 === 9, `whole fragments, not ${first} to ${last}`)
  return [first, last]
}

test('drop-oldest: what is live goes on, whole fragments of the outage are lost, and the numbers say so', async () => {
  const rig = await outage({ overflow: 'drop-oldest' })
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  const [first, last] = onlyGap(rig)
  assert.ok(first >= 90 && first <= 110)
  assert.ok(last >= 330 && last <= 399, 'the newest before the end of the outage are there')
  // What had just been stored as the connection broke, and was not known to be, may be counted as lost.
  const unknown = (stats.lost.overflow?.frames ?? 0) - (last - first + 1)
  assert.ok(unknown === 0 || unknown === 10, `${unknown} frames lost that are stored`)
  assert.deepEqual(Object.keys(stats.lost), ['overflow'])
  assert.ok(rig.blocks.most <= live.bufferBytes)
  rig.assertSound()
})

test('drop-newest: what the buffer has goes out, and what comes while it is full is lost', async () => {
  const rig = await outage({ overflow: 'drop-newest' })
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  const [first, last] = onlyGap(rig)
  assert.ok(first >= 140 && first <= 170, 'the oldest of the outage are there')
  assert.equal(stats.lost.overflow?.frames, last - first + 1)
  rig.assertSound()
})

test('drop-newest: a fragment that is on its way ends where the buffer is full', async () => {
  const rig = await new Rig({ ...live, overflow: 'drop-newest' }).ready()
  const frames = media({ ...source, durationMs: 30_000, gopMs: 15_000 })
  rig.service.bytesPerMs = 6
  for (const frame of frames) {
    assert.equal(rig.producer.putFrame(frame), true)
    await rig.clock.advance(100)
  }
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  const lost = stats.lost.overflow?.frames ?? 0
  assert.ok(lost > 0 && lost < 200)
  assert.equal(stats.framesPersisted, frames.length - lost)
  rig.assertSound()
})

test('pressure is told with its rates, once, and when it is over', async () => {
  const rig = await outage({ overflow: 'drop-oldest' })
  const kinds = rig.of('pressure').map(({ report }) => report.kind)
  assert.deepEqual(kinds, ['filling', 'overflowing', 'over'])
  const over = rig.of('pressure')[2]?.report
  assert.equal(over?.framesLost, rig.producer.stats.lost.overflow?.frames)
  await rig.finish()
})

test('a buffer of 20 s does not span more', async () => {
  const rig = await outage({ overflow: 'drop-oldest', bufferBytes: 1024 * 1024, bufferDurationMs: 20_000 })
  const { stats } = await rig.finish()
  const lost = stats.lost.overflow?.frames ?? 0
  // Of the 30 s without a network, and up to 10 s until it is tried again, about 20 s are left.
  assert.ok(lost >= 90 && lost <= 200, `${lost} frames lost`)
  assert.equal(gaps(rig, 600).length, 1)
})

test('--max-latency skips to what is live, as soon as it is too far behind', async () => {
  const rig = await outage({ bufferBytes: 1024 * 1024, maxLatencyMs: 5000 })
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.deepEqual(Object.keys(stats.lost), ['too-late'])
  const found = gaps(rig, 600)
  assert.ok(found.length >= 1 && found.every(([first, last]) => first % 10 === 0 && last % 10 === 9))
  assert.ok((stats.lost['too-late']?.frames ?? 0) >= 240)
  rig.assertSound()
})

test('an open fragment that outgrows the buffer while nothing can be sent gives way with all that depends on it', async () => {
  const rig = new Rig({ ...live, overflow: 'drop-oldest' })
  rig.service.dial = () => refusedConnection
  rig.producer.start()
  const frames = media({ ...source, durationMs: 36_000, gopMs: 12_000 })
  for (const frame of frames) {
    assert.equal(rig.producer.putFrame(frame), true)
    await rig.clock.advance(100)
  }
  rig.service.dial = () => undefined
  await rig.clock.until(() => rig.producer.state === 'idle' || rig.producer.state === 'streaming')
  assert.equal(
    rig.producer.putFrame({ track: 1, pts: 36_000, dts: 36_000, data: frames[0]?.data ?? new Uint8Array(0) }),
    true,
  )
  const { stats } = await rig.finish()
  assert.equal(stats.lost.overflow?.frames, 360)
  assert.equal(stats.framesPersisted, 1)
})

test('a live source drops the oldest where nothing else was said', async () => {
  const rig = await outage({ live: true })
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.deepEqual(Object.keys(stats.lost), ['overflow'])
  assert.ok(onlyGap(rig)[1] >= 330)
})
