import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ack, AckType, Fault } from '../frame/ack.ts'
import type { Fragment, FragmentState } from '../frame/fragment.ts'
import { faultOf, settle } from './settle.ts'

function fragment(timecodeMs: number, state: FragmentState): Fragment {
  return {
    timecodeMs,
    position: 0,
    lengthBytes: 1,
    state,
    frames: 1,
    frameBytes: 1,
    sentAtMs: 0,
    headGone: false,
    givenUp: false,
    number: 1,
    header: { bytes: new Uint8Array(1) },
    spooled: false,
  }
}

function ackOf(type: AckType, timecodeMs: number | null, errorId: number | null = null): Ack {
  return { type, timecodeMs, fragmentNumber: null, errorId, errorCode: null }
}

const states: readonly FragmentState[] = ['open', 'sealed', 'sent', 'received', 'persisted']

for (const retained of [true, false]) {
  test(`every ack for a fragment in every state, ${retained ? 'with' : 'without'} retention`, () => {
    for (const state of states) {
      const oldest = fragment(1, 'sent')
      const target = fragment(2, state)
      const kind = (type: AckType) => settle(ackOf(type, 2), [oldest, target], retained).kind
      const confirmed = state === 'sent' || state === 'received'
      assert.equal(kind('BUFFERING'), 'nothing', state)
      assert.equal(kind('IDLE'), 'nothing', state)
      assert.equal(kind('RECEIVED'), confirmed ? (retained ? 'received' : 'persisted') : 'nothing', state)
      assert.equal(kind('PERSISTED'), confirmed ? 'persisted' : 'nothing', state)
      if (!confirmed) continue
      assert.deepEqual(settle(ackOf('PERSISTED', 2), [oldest, target], retained), {
        kind: 'persisted',
        fragment: target,
      })
    }
  })
}

test('an ack for what is not there changes nothing', () => {
  for (const timecodeMs of [null, 7]) {
    for (const type of ['RECEIVED', 'PERSISTED'] as const) {
      assert.equal(settle(ackOf(type, timecodeMs), [fragment(1, 'sent')], true).kind, 'nothing')
    }
  }
})

const faults: readonly [Fault, readonly (number | null)[]][] = [
  ['fragment', [4001, 4002, 4004, 4006, 4009, 4010, 4011]],
  ['stream', [4008, 4507]],
  ['configuration', [4005, 4012, 4500, 4501, 4502, 4504, 4505, 4506]],
  ['session', [4000, 4003, 4007, 4503, 5000, 5001, 4013, 7000, 0, null]],
]

test('every error id has its fault, and names the fragment that it means', () => {
  const oldest = fragment(1, 'sent')
  const named = fragment(2, 'open')
  for (const [fault, ids] of faults) {
    for (const id of ids) {
      assert.equal(faultOf(id), fault, String(id))
      const blames = fault === 'fragment'
      const meant = (timecodeMs: number | null) => settle(ackOf('ERROR', timecodeMs, id), [oldest, named], true)
      assert.deepEqual(meant(2), { kind: 'failed', fault, fragment: named })
      // Without a timecode it is the oldest, where a fragment is at fault at all.
      assert.deepEqual(meant(null), { kind: 'failed', fault, fragment: blames ? oldest : undefined })
      // What has been given up meanwhile costs no other.
      assert.deepEqual(meant(9), { kind: 'failed', fault: blames ? 'session' : fault, fragment: undefined })
      const alone = { kind: 'failed', fault: blames ? 'session' : fault, fragment: undefined }
      assert.deepEqual(settle(ackOf('ERROR', 2, id), [], true), alone)
    }
  }
})
