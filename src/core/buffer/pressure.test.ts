import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fragment, FragmentState } from '../frame/fragment.ts'
import { type Load, oldestToDrop, Pressure, tooLate } from './pressure.ts'
import { pressureText } from './pressureText.ts'

const header = { bytes: new Uint8Array(1) }

function queue(...states: FragmentState[]): Fragment[] {
  return states.map((state, index) => ({
    number: index + 1,
    header,
    timecodeMs: 1000 * index,
    position: 10 * index,
    lengthBytes: 10,
    state,
    frames: 1,
    frameBytes: 10,
    sentAtMs: 0,
    headGone: false,
    givenUp: false,
    spooled: false,
  }))
}

const none = () => false

test('the oldest that is still to be sent gives way, then the oldest that waits for its ack, then the open one', () => {
  const drop = (...states: FragmentState[]) => oldestToDrop(queue(...states), none)?.number
  assert.equal(drop('received', 'sent', 'sealed', 'sealed', 'open'), 3)
  assert.equal(drop('received', 'sent', 'open'), 1)
  assert.equal(drop('open'), 1)
  assert.equal(drop(), undefined)
})

test('what is on its way never gives way', () => {
  const fragments = queue('sealed', 'sealed', 'open')
  assert.equal(oldestToDrop(fragments, ({ number }) => number === 1)?.number, 2)
  assert.equal(
    oldestToDrop(queue('open'), () => true),
    undefined,
  )
})

test('too far behind: all that is still to be sent is left out, but what is on its way', () => {
  const fragments = queue('sent', 'sealed', 'sealed', 'sealed', 'open')
  const isSending = ({ number }: Fragment) => number === 2
  assert.deepEqual(
    tooLate(fragments, isSending, 9000, 6000).map(({ number }) => number),
    [3, 4],
  )
  assert.deepEqual(tooLate(fragments, isSending, 8000, 6000), [])
  assert.deepEqual(tooLate(queue('open'), none, 90_000, 2000), [])
})

/** A second each: what is put, what is sent, and what is lost in it; the buffer takes 1000 bytes. */
function watch(seconds: readonly { put: number; sent: number; lost?: number; held: number }[]) {
  const pressure = new Pressure()
  const load = { nowMs: 0, bytesPut: 0, bytesSent: 0, framesLost: 0, heldBytes: 0, capacityBytes: 1000, spools: false }
  return seconds.flatMap(({ put, sent, lost = 0, held }) => {
    load.nowMs += 1000
    load.bytesPut += put
    load.bytesSent += sent
    load.framesLost += lost
    load.heldBytes = held
    const report = pressure.look({ ...load } satisfies Load)
    return report === undefined ? [] : [report]
  })
}

test('a network that is too slow is told once, with rates and when the buffer will be full', () => {
  const slow = Array.from({ length: 12 }, (_, n) => ({ put: 100, sent: 25, held: Math.min(1000, 75 * (n + 1)) }))
  const reports = watch(slow)
  assert.equal(reports.length, 1)
  const [report] = reports
  assert.equal(report?.kind, 'filling')
  assert.equal(Math.round(report?.streamBitsPerSecond ?? 0), 800)
  assert.equal(Math.round(report?.uplinkBitsPerSecond ?? 0), 200)
  assert.ok((report?.fullInMs ?? 0) > 1000 && (report?.fullInMs ?? 0) < 4000)
})

test('what is lost is told at once, then once a minute, and summed up when it is over', () => {
  const steady = Array.from({ length: 20 }, () => ({ put: 100, sent: 100, held: 100 }))
  const losing = Array.from({ length: 90 }, () => ({ put: 100, sent: 50, lost: 3, held: 950 }))
  const reports = watch([...steady, ...losing, ...steady])
  assert.deepEqual(
    reports.map(({ kind, framesLost }) => [kind, framesLost]),
    [
      ['overflowing', 3],
      ['overflowing', 183],
      ['over', 270],
    ],
  )
})

test('a buffer that is full of what is on its way is no pressure', () => {
  const full = Array.from({ length: 30 }, () => ({ put: 100, sent: 100, held: 900 }))
  assert.deepEqual(watch(full), [])
})

test('reports are sentences', () => {
  const rates = { uplinkBitsPerSecond: 512_000, streamBitsPerSecond: 4_200_000 }
  const text = (kind: 'filling' | 'overflowing' | 'over', framesLost: number) =>
    pressureText({ kind, ...rates, fullInMs: 3100, framesLost, spools: false })
  assert.equal(text('filling', 0), 'uplink 0.51 Mbit/s < stream 4.2 Mbit/s: the buffer is full in 4 s')
  assert.equal(
    text('overflowing', 60),
    'uplink 0.51 Mbit/s < stream 4.2 Mbit/s: the buffer is full, 60 frames lost so far',
  )
  assert.equal(text('over', 60), 'the network keeps up again; 60 frames were lost meanwhile')
  assert.equal(text('over', 0), 'the network keeps up again; nothing was lost meanwhile')
})
