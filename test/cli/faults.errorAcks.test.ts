/** The service ends a session with an ERROR ack: one case for each id, and one that nobody knows. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Fault } from '../../src/local/index.ts'
import { assertAccounted, assertComplete, type FaultyRun, streamThrough } from '../drive/faulty.ts'

/** The fragment is at fault: it is dropped, and all others arrive. */
const dropped = [4001, 4002, 4004, 4006, 4009, 4010, 4011]
/** It is sent again. */
const sentAgain = [4000, 4003, 4007, 4008, 4503, 4507, 5000, 5001, 4999]
/** Somebody has to change something first. */
const ended = [4005, 4012, 4500, 4501, 4502, 4504, 4505, 4506]

/** Of the second fragment: when it has begun, when it is complete, or when it has been received. */
function errorAck(id: number, index: number): Fault {
  const when = (['begin', 'end', 'store'] as const)[index % 3] ?? 'begin'
  return { fault: 'errorAck', id, fragment: 2, when, timecode: index % 4 !== 3 }
}

function assertDropped({ status, lines, end }: FaultyRun): void {
  const lost = lines.filter((line) => line['event'] === 'lost')
  assert.deepEqual(
    lost.map((line) => line['reason']),
    ['refused'],
  )
  assert.deepEqual([status, end['fragmentsPersisted'], end['sessions']], [74, 2, 2])
}

describe('an ERROR ack', { concurrency: 10 }, () => {
  for (const [index, id] of dropped.entries()) {
    test(`${id}: the fragment is dropped and reported`, async (t) => {
      const run = await streamThrough(t, { faults: [errorAck(id, index)] })
      assertDropped(run)
      assertAccounted(run)
    })
  }

  for (const [index, id] of sentAgain.entries()) {
    test(`${id}: the fragment is sent again`, async (t) => {
      const run = await streamThrough(t, { faults: [errorAck(id, index)] })
      assert.equal(run.end['sessions'], 2)
      assertComplete(run)
    })
  }

  for (const [index, id] of ended.entries()) {
    test(`${id}: the end`, async (t) => {
      const run = await streamThrough(t, { faults: [errorAck(id, index)] })
      assert.deepEqual([run.status, run.end['sessions'], run.stored.length], [69, 1, 1])
      assertAccounted(run)
    })
  }

  test('three fragments in a row refused: the end', async (t) => {
    const run = await streamThrough(t, { faults: [{ fault: 'errorAck', id: 4004, when: 'end', times: 'always' }] })
    const error = run.lines.find((line) => line['event'] === 'error')
    assert.deepEqual([run.status, error?.['code'], run.stored.length], [69, 'FRAGMENT_REFUSED', 0])
    const lost = run.lines.filter((line) => line['event'] === 'lost')
    assert.equal(lost.length, 3)
  })
})
