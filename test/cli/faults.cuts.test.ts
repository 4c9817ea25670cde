/** Connections that break at every sort of place, in every way, and services that are slow, silent or elsewhere. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Fault } from '../../src/local/index.ts'
import { assertComplete, patientSeconds, streamThrough } from '../drive/faulty.ts'

const ways = ['close', 'fin', 'reset'] as const

/** Each strikes the first PutMedia session. */
const places: Readonly<Record<string, object>> = {
  'before the answer': { at: 'answer' },
  'in the header': { at: 'header' },
  'at the first byte': { bytes: 1 },
  'at some byte': { bytes: 123_457 },
  'between fragments': { at: 'border', fragment: 1 },
  'in the end of a fragment': { at: 'end' },
  'after a while': { sessionMs: 1500 },
}

const operations = ['describeStream', 'createStream', 'getDataEndpoint'] as const

describe('a connection that is cut', { concurrency: 10 }, () => {
  for (const [index, [name, place]] of Object.entries(places).entries()) {
    const how = ways[index % 3] ?? 'close'
    test(`${name}: ${how}`, async (t) => {
      const run = await streamThrough(t, { faults: [{ fault: 'cut', how, ...place }] })
      assert.equal(run.end['sessions'], 2)
      assertComplete(run)
    })
  }

  for (const how of ways) {
    test(`in a block: ${how}`, async (t) => {
      const run = await streamThrough(t, { faults: [{ fault: 'cut', how, at: 'block', fragment: 2 }] })
      assert.equal(run.end['sessions'], 2)
      assertComplete(run)
    })

    test(`behind the body, when all is confirmed: ${how}`, async (t) => {
      const run = await streamThrough(t, { faults: [{ fault: 'cut', how, at: 'body' }] })
      assert.equal(run.end['sessions'], 1)
      assertComplete(run)
    })
  }

  for (const operation of operations) {
    for (const at of ['answer', 'inAnswer'] as const) {
      test(`${operation}: ${at}`, async (t) => {
        const faults = ways.map((how, index): Fault => ({ fault: 'cut', operation, at, how, nth: index + 1 }))
        assertComplete(await streamThrough(t, { faults, seconds: patientSeconds }))
      })
    }
  }

  test('again and again', async (t) => {
    const faults: readonly Fault[] = [{ fault: 'cut', at: 'block', fragment: 2, times: 2 }]
    await assertComplete(await streamThrough(t, { faults }))
  })
})

/** What the client is to come through without a break. */
const slow: Readonly<Record<string, readonly Fault[]>> = {
  'answers that take a second': [{ fault: 'delay', ms: 1000, times: 4 }],
  '200 long after 100': [{ fault: 'delay', operation: 'putMedia', before: 'ok', ms: 2000 }],
  'acks a second late': [{ fault: 'delay', operation: 'putMedia', before: 'acks', ms: 1000 }],
  'a body that is read slowly': [{ fault: 'throttle', bytesPerSecond: 300_000 }],
  'no acks but PERSISTED': [{ fault: 'noAcks', types: ['BUFFERING', 'RECEIVED', 'IDLE'] }],
}

/** What it has to break with, or is broken with. */
const broken: Readonly<Record<string, readonly Fault[]>> = {
  'no acks at all, until it is cut': [{ fault: 'noAcks' }, { fault: 'cut', at: 'block', fragment: 3 }],
  'no PERSISTED, until it is cut': [
    { fault: 'noAcks', types: ['PERSISTED'] },
    { fault: 'cut', at: 'block', fragment: 3 },
  ],
  'sessions that may not last': [{ fault: 'endSession', sessionMs: 1200, times: 2 }],
}

describe('a service that is slow', { concurrency: 10 }, () => {
  for (const [name, faults] of Object.entries(slow)) {
    test(name, async (t) => {
      const run = await streamThrough(t, { faults })
      assert.equal(run.end['sessions'], 1)
      assertComplete(run)
    })
  }
})

describe('a service that leaves the client alone', { concurrency: 10 }, () => {
  for (const [name, faults] of Object.entries(broken)) {
    test(name, async (t) => {
      const run = await streamThrough(t, { faults })
      assert.ok(Number(run.end['sessions']) > 1)
      assertComplete(run)
    })
  }

  for (const fault of ['halfOpen', 'stall'] as const) {
    test(`${fault}, until the connection is reset`, async (t) => {
      const run = await streamThrough(t, {
        faults: [{ fault, bytes: 200_000 }],
        meanwhile: async ({ local, event }) => {
          await event((each) => each.type === 'fault')
          local.setFaults([{ fault: 'cut', atMs: 0, how: 'reset' }])
        },
      })
      assert.equal(run.end['sessions'], 2)
      assertComplete(run)
    })
  }

  test('streams that move to another endpoint', async (t) => {
    const run = await streamThrough(t, {
      faults: [],
      meanwhile: async ({ local, event }) => {
        await event((each) => each.type === 'ack' && each.ack.type === 'PERSISTED')
        local.setFaults([{ fault: 'changeEndpoint' }])
      },
    })
    const refused = run.endpoint.events.filter((event) => event.type === 'refused').map((event) => event.error.type)
    assert.deepEqual(refused.slice(1), ['InvalidEndpointException'])
    assertComplete(run)
  })
})
