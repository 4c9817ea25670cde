/** The fault plan at work, as clients see it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Fault, LocalKvs, LocalKvsEvent } from './index.ts'
import { endOfFragment, fullCluster, header } from './ingest/testing/media.ts'
import { open, opened, startMs, withStream } from './testing/putMediaClient.ts'
import { call, chunkOf, isWhole, RawClient, signedHead } from './testing/rawClient.ts'
import { withLocalKvs } from './testing/temporaryKvs.ts'

const describeBody = JSON.stringify({ StreamName: 'cam' })
const whole = Buffer.concat([fullCluster(startMs), endOfFragment])
const twoFragments = chunkOf(Buffer.concat([header(), fullCluster(startMs), fullCluster(startMs + 3000)]))

/** The kinds of the faults that have struck. */
function struck(events: readonly LocalKvsEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'fault' ? [event.fault.fault] : []))
}

/** Names and times of what is stored. */
async function timecodes(local: LocalKvs): Promise<readonly number[] | undefined> {
  return (await local.media('cam'))?.fragments().map(({ timecode }) => timecode)
}

/** Every call that gets an answer, by its status. */
async function statusOf(local: LocalKvs, path: string): Promise<string | undefined> {
  return /^HTTP\/1\.1 (\d+)/.exec(await call(local, path, describeBody))?.[1]
}

describe('a fault plan', () => {
  it('answers an error as the service does, or as something in between, and then no more', async () => {
    await withStream({}, async (local, _arn, events) => {
      local.setFaults([
        {
          fault: 'refuse',
          operation: 'describeStream',
          status: 400,
          error: 'ThrottlingException',
          message: 'Rate exceeded',
        },
        { fault: 'refuse', operation: 'describeStream', status: 502, nth: 2 },
      ])
      const first = await call(local, '/describeStream', describeBody)
      assert.match(first, /^HTTP\/1\.1 400 .*x-amzn-ErrorType: ThrottlingException\r\n.*"Message":"Rate exceeded"/s)
      const second = await call(local, '/describeStream', describeBody)
      assert.match(second, /^HTTP\/1\.1 502 /)
      assert.doesNotMatch(second, /x-amzn-errortype|__type/i)
      assert.equal(await statusOf(local, '/describeStream'), '200')
      assert.deepEqual(struck(events), ['refuse', 'refuse'])
    })
  })

  it('refuses PutMedia of one stream, and leaves the others alone', async () => {
    await withStream({}, async (local) => {
      const refusal = { fault: 'refuse', operation: 'putMedia', status: 503, error: 'ServiceUnavailable' } as const
      local.setFaults([
        { ...refusal, stream: 'other' },
        { ...refusal, nth: 2 },
      ])
      const client = await opened(local)
      const refused = open(local)
      await refused.until(() => isWhole(refused.received))
      assert.match(refused.received, /^HTTP\/1\.1 503 /)
      for (const each of [client, refused]) each.destroy()
    })
  })

  for (const how of ['close', 'fin', 'reset'] as const) {
    it(`cuts the connection, amid an answer and before one: ${how}`, async () => {
      await withStream({}, async (local) => {
        for (const at of ['answer', 'inAnswer'] as const) {
          local.setFaults([{ fault: 'cut', operation: 'describeStream', at, how }])
          const client = RawClient.open(local)
          client.write(signedHead(local, '/describeStream', [], describeBody) + describeBody)
          await client.until(() => client.ended || client.error !== null)
          // Behind data Node.js takes a reset for an end.
          if (at === 'answer') assert.equal(client.error === null, how !== 'reset', String(client.error))
          if (how !== 'reset') assert.equal(client.received.startsWith('HTTP/1.1 200'), at === 'inAnswer')
          assert.ok(!isWhole(client.received))
          client.destroy()
        }
      })
    })
  }

  it('cuts PutMedia between fragments: what was not known to be complete is not stored', async () => {
    await withStream({}, async (local) => {
      local.setFaults([{ fault: 'cut', at: 'border', fragment: 2 }])
      const client = await opened(local)
      client.write(twoFragments)
      await client.untilReceived('PERSISTED')
      client.write(chunkOf(fullCluster(startMs + 6000)))
      await client.untilEnded()
      assert.ok(!client.acks().includes('ERROR'), client.received)
      client.destroy()
      assert.deepEqual(await timecodes(local), [startMs])
    })
  })

  const moments: readonly (readonly [Fault & { readonly fault: 'errorAck' }, readonly string[], number])[] = [
    [{ fault: 'errorAck', id: 4507, when: 'begin' }, ['BUFFERING', 'ERROR 4507'], 0],
    [{ fault: 'errorAck', id: 4006, when: 'end', timecode: false }, ['BUFFERING', 'ERROR 4006'], 0],
    [{ fault: 'errorAck', id: 4999, when: 'store' }, ['BUFFERING', 'RECEIVED', 'ERROR 4999'], 0],
    [
      { fault: 'errorAck', id: 5001, fragment: 2 },
      ['BUFFERING', 'RECEIVED', 'PERSISTED', 'BUFFERING', 'ERROR 5001'],
      1,
    ],
  ]
  for (const [fault, wanted, stored] of moments) {
    it(`refuses a fragment: ${JSON.stringify(fault)}`, async () => {
      await withStream({}, async (local) => {
        local.setFaults([fault])
        const client = await opened(local)
        client.write(chunkOf(Buffer.concat([header(), whole])))
        if (fault.fragment === 2) {
          await client.untilReceived('PERSISTED')
          client.write(chunkOf(fullCluster(startMs + 3000)))
        }
        await client.untilEnded()
        assert.deepEqual(client.acks(), wanted)
        const ack = /\{"EventType":"ERROR"[^}]*\}/.exec(client.received)?.[0] ?? ''
        assert.equal(ack.includes('FragmentTimecode'), fault.timecode !== false)
        assert.equal((await timecodes(local))?.length, stored)
        client.destroy()
      })
    })
  }

  it('keeps acks back, and what is stored is stored', async () => {
    await withStream({}, async (local) => {
      local.setFaults([{ fault: 'noAcks', types: ['BUFFERING', 'PERSISTED'] }])
      const client = await opened(local)
      client.write(Buffer.concat([chunkOf(Buffer.concat([header(), whole])), Buffer.from('0\r\n\r\n')]))
      await client.untilReceived('\r\n0\r\n')
      assert.deepEqual(client.acks(), ['RECEIVED'])
      assert.deepEqual(await timecodes(local), [startMs])
      client.destroy()
    })
  })

  it('lets acks come late, all of them and the end, in their order', async () => {
    await withStream({}, async (local, _arn, events) => {
      local.setFaults([{ fault: 'delay', operation: 'putMedia', before: 'acks', ms: 30 }])
      const client = await opened(local)
      client.write(Buffer.concat([chunkOf(Buffer.concat([header(), whole])), Buffer.from('0\r\n\r\n')]))
      await client.untilReceived('\r\n0\r\n')
      assert.deepEqual(client.acks(), ['BUFFERING', 'RECEIVED', 'PERSISTED'])
      assert.deepEqual(struck(events), ['delay'])
      client.destroy()
    })
  })

  for (const fault of ['halfOpen', 'stall'] as const) {
    it(`falls silent, and makes room for the next one: ${fault}`, async () => {
      await withStream({ concurrentPutMedia: 1 }, async (local, _arn, events) => {
        local.setFaults([{ fault, bytes: header().length + whole.length + 10 }])
        const client = await opened(local)
        client.write(chunkOf(Buffer.concat([header(), whole, fullCluster(startMs + 3000)])))
        while (!struck(events).includes(fault)) await new Promise((resolve) => local.once('event', resolve))
        const next = await opened(local)
        next.write(chunkOf(Buffer.concat([header(), whole])))
        await next.untilReceived('PERSISTED')
        assert.ok(!client.ended && !client.acks().some((ack) => ack.startsWith('ERROR')))
        local.setFaults([{ fault: 'cut', atMs: 0, how: 'reset' }])
        await client.until(() => client.error !== null)
        for (const each of [client, next]) each.destroy()
      })
    })
  }

  it('ends sessions as too old, at a moment or at an age', async () => {
    await withStream({}, async (local) => {
      const now = await opened(local)
      local.setFaults([{ fault: 'endSession', atMs: 0 }, { fault: 'endSession' }])
      const later = await opened(local)
      for (const client of [now, later]) {
        await client.untilEnded()
        assert.deepEqual(client.acks(), ['ERROR 4003'])
        client.destroy()
      }
    })
  })

  it('moves the streams to another name, and back', async () => {
    await withStream({}, async (local) => {
      const endpoint = async () =>
        /"DataEndpoint":"([^"]+)"/.exec(
          await call(local, '/getDataEndpoint', JSON.stringify({ StreamName: 'cam', APIName: 'PUT_MEDIA' })),
        )?.[1]
      const before = await endpoint()
      const client = await opened(local)
      local.setFaults([{ fault: 'changeEndpoint' }])
      await client.untilEnded()
      assert.equal(await endpoint(), `https://127.0.0.1:${local.port}`)
      const refused = open(local)
      await refused.until(() => isWhole(refused.received))
      assert.match(refused.received, /^HTTP\/1\.1 400 .*InvalidEndpointException/s)
      local.setFaults([{ fault: 'changeEndpoint' }])
      assert.equal(await endpoint(), before)
      const again = await opened(local)
      for (const each of [client, refused, again]) each.destroy()
    })
  })

  it('ends with the endpoint, whatever waits', async () => {
    await withLocalKvs({ faults: [{ fault: 'delay', ms: 3_600_000 }] }, async (local) => {
      const client = RawClient.open(local)
      const delayed = new Promise((resolve) => local.once('event', resolve))
      client.write(`${signedHead(local, '/listStreams', [], '{}')}{}`)
      await delayed
      await local.stop()
      await client.until(() => client.ended || client.closed)
      assert.equal(client.received, '')
    })
  })

  it('is checked', async () => {
    await withLocalKvs({}, async (local) => {
      const wrong = [{ fault: 'cut', at: 'noon' }] as unknown as Fault[]
      assert.throws(() => local.setFaults(wrong), /faults: fault 1: at: "noon" is not one of answer/)
    })
  })
})

describe('credentials that expire', () => {
  /** The endpoint as somebody with temporary credentials uses it. */
  function withTemporary(local: LocalKvs, lifeMs?: number): LocalKvs {
    return Object.create(local, { credentials: { value: local.temporaryCredentials(lifeMs) } }) as LocalKvs
  }

  it('are good until then, and then say so; PutMedia is ended with 4003', async () => {
    let passedMs = 0
    await withStream({ nowMs: () => Date.now() + passedMs }, async (local) => {
      const short = withTemporary(local, 1000)
      const client = await opened(short)
      await client.untilEnded()
      assert.deepEqual(client.acks(), ['ERROR 4003'])
      client.destroy()
      const temporary = withTemporary(local, 60_000)
      assert.equal(await statusOf(temporary, '/describeStream'), '200')
      passedMs = 62_000
      const expired = await call(temporary, '/describeStream', describeBody)
      assert.match(expired, /^HTTP\/1\.1 403 .*ExpiredTokenException.*security token .* is expired/s)
    })
  })

  it('expire by the plan, all or one of them', async () => {
    await withStream({}, async (local) => {
      const [one, two] = [withTemporary(local), withTemporary(local)]
      const clients = await Promise.all([one, local].map((each) => opened(each)))
      local.setFaults([{ fault: 'expireCredentials', accessKeyId: one.credentials.accessKeyId }])
      await clients[0]?.untilEnded()
      assert.deepEqual(clients[0]?.acks(), ['ERROR 4003'])
      assert.equal(await statusOf(one, '/describeStream'), '403')
      assert.equal(await statusOf(two, '/describeStream'), '200')
      local.setFaults([{ fault: 'expireCredentials' }])
      await clients[1]?.untilEnded()
      assert.equal(await statusOf(two, '/describeStream'), '403')
      assert.equal(await statusOf(local, '/describeStream'), '403')
      local.setFaults([])
      assert.equal(await statusOf(local, '/describeStream'), '200')
      assert.equal(await statusOf(two, '/describeStream'), '403')
      for (const client of clients) client.destroy()
    })
  })
})
