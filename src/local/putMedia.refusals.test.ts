import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endOfFragment, fullCluster, header } from './ingest/testing/media.ts'
import { open, opened, stream, untilEvent, withStream } from './testing/putMediaClient.ts'
import { chunkOf, lastChunk, putMediaHead, RawClient } from './testing/rawClient.ts'

describe('PutMedia refuses', () => {
  it('headers that make no sense, and ends the connection', async () => {
    await withStream({ limits: 'off' }, async (local, arn) => {
      const wrong: [number, Record<string, string | undefined>][] = [
        [400, {}],
        [400, { ...stream, 'x-amzn-stream-arn': arn }],
        [400, { 'x-amzn-stream-name': 'a b' }],
        [404, { 'x-amzn-stream-name': 'other' }],
        [404, { 'x-amzn-stream-arn': arn.replace(/\d$/, 'x').replace('x', arn.endsWith('0') ? '1' : '0') }],
        [400, { ...stream, 'x-amzn-fragment-timecode-type': undefined }],
        [400, { ...stream, 'x-amzn-fragment-timecode-type': 'absolute' }],
        [400, { ...stream, 'x-amzn-fragment-acknowledgment-required': 'yes' }],
        [400, { ...stream, 'x-amzn-producer-start-timestamp': 'now' }],
        [400, { ...stream, 'x-amzn-fragment-timecode-type': 'RELATIVE', 'x-amzn-producer-start-timestamp': undefined }],
        [
          400,
          {
            ...stream,
            'x-amzn-fragment-timecode-type': 'RELATIVE',
            'x-amzn-producer-start-timestamp': '1554245523434',
          },
        ],
      ]
      for (const [status, headers] of wrong) {
        const client = open(local, { ...headers, expect: '100-continue' })
        await client.untilEnded()
        assert.match(client.received, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(headers))
        const type = status === 400 ? 'InvalidArgumentException' : 'ResourceNotFoundException'
        assert.ok(client.received.includes(`x-amzn-ErrorType: ${type}\r\n`), client.received)
        assert.equal(client.error, null)
        client.destroy()
      }
      const right = [
        { 'x-amzn-stream-arn': arn },
        { ...stream, 'x-amzn-producer-start-timestamp': '1554245523434' },
        { ...stream, 'x-amzn-producer-start-timestamp': undefined },
        { ...stream, 'x-amzn-fragment-timecode-type': 'RELATIVE', 'x-amzn-producer-start-timestamp': '1554245523.5' },
        { ...stream, 'x-amzn-fragment-acknowledgment-required': undefined },
      ]
      for (const headers of right) {
        const client = open(local, headers)
        await client.untilReceived('200 OK')
        client.destroy()
      }
    })
  })

  it('HTTP/1.0, which knows no chunks', async () => {
    await withStream({}, async (local) => {
      const client = RawClient.open(local)
      client.write(putMediaHead(local, { ...stream, 'transfer-encoding': undefined }).replace('HTTP/1.1', 'HTTP/1.0'))
      await client.untilEnded()
      assert.match(client.received, /^HTTP\/1\.1 505 [\s\S]*needs HTTP\/1\.1/)
      client.destroy()
    })
  })

  it('reads the start of RELATIVE timecodes as decimal seconds', async () => {
    await withStream({}, async (local) => {
      const client = await opened(local, {
        'x-amzn-fragment-timecode-type': 'RELATIVE',
        'x-amzn-producer-start-timestamp': '1554245523.45',
      })
      client.write(chunkOf(Buffer.concat([header(), fullCluster(1000), endOfFragment])))
      await client.untilReceived('PERSISTED')
      const media = await local.media('cam')
      assert.equal(media?.fragments().at(-1)?.producerMs, 1_554_245_524_450)
      client.destroy()
    })
  })

  it('the newest of too many at once, until one is over', async () => {
    await withStream({ concurrentPutMedia: 2 }, async (local, _arn, events) => {
      const first = await opened(local)
      const second = await opened(local)
      const third = open(local)
      await third.untilEnded()
      assert.match(third.received, /^HTTP\/1\.1 400 [\s\S]*ConnectionLimitExceededException/)
      first.write(chunkOf(header()))
      first.write(lastChunk)
      await first.untilReceived('0\r\n\r\n')
      await untilEvent(local, events, 'closed')
      const fourth = await opened(local)
      for (const client of [first, second, third, fourth]) client.destroy()
    })
  })

  it('none of many calls where limits are off', async () => {
    await withStream({ limits: 'off', concurrentPutMedia: 1 }, async (local) => {
      const clients = Array.from({ length: 12 }, () => open(local))
      await Promise.all(clients.map((client) => client.untilReceived('200 OK')))
      for (const client of clients) client.destroy()
    })
  })
})
