import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DeleteStreamCommand, DescribeStreamCommand, UpdateDataRetentionCommand } from '@aws-sdk/client-kinesis-video'
import { endOfFragment, fullCluster, header } from './ingest/testing/media.ts'
import { open, opened, startMs, stream, untilEvent, withStream } from './testing/putMediaClient.ts'
import { chunkOf, lastChunk, putMediaHead, RawClient, recordingRelay } from './testing/rawClient.ts'
import { controlClient } from './testing/temporaryKvs.ts'

describe('PutMedia answers', () => {
  it('100 and then 200 before any media, in chunks', async () => {
    await withStream({}, async (local) => {
      const client = open(local, { ...stream, expect: '100-continue' })
      await client.untilReceived('200 OK')
      await client.until(() => client.received.endsWith('\r\n\r\n'))
      assert.match(client.received, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
      assert.match(client.received, /\r\nTransfer-Encoding: chunked\r\n/i)
      client.destroy()
    })
  })

  it('200 before any media where no 100 is asked for', async () => {
    await withStream({}, async (local) => {
      const client = await opened(local)
      assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/)
      client.destroy()
    })
  })

  it('each ack in one chunk and one TLS record, the last of them before the client ends', async () => {
    await withStream({}, async (local) => {
      const relay = await recordingRelay(local.port)
      const client = RawClient.open(local, relay.port)
      client.write(putMediaHead(local, stream))
      await client.untilReceived('200 OK')
      const before = relay.types().length
      const body = [
        header(),
        fullCluster(startMs),
        fullCluster(startMs + 3000),
        fullCluster(startMs + 6000),
        endOfFragment,
      ]
      client.write(chunkOf(Buffer.concat(body)))
      await client.until(() => client.acks().filter((type) => type === 'PERSISTED').length === 3)
      assert.equal(client.acks().length, 9)
      assert.equal(relay.types().length - before, 9)
      const chunks = client.received.slice(client.received.indexOf('\r\n\r\n') + 4)
      const expected = [...chunks.matchAll(/([0-9a-f]+)\r\n(\{[^}]*\}\n)\r\n/g)]
      assert.equal(expected.map(([whole]) => whole).join(''), chunks)
      for (const [, size, line] of expected) assert.equal(Number.parseInt(size ?? '', 16), line?.length)
      client.write(lastChunk)
      await client.until(() => client.received.endsWith('\r\n0\r\n\r\n'))
      client.destroy()
      await relay.close()
    })
  })

  it('PERSISTED by the retention that holds at the time of the fragment', async () => {
    await withStream({}, async (local, StreamARN) => {
      const control = await controlClient(local)
      const change = async (Operation: 'INCREASE_DATA_RETENTION' | 'DECREASE_DATA_RETENTION') => {
        const { StreamInfo } = await control.send(new DescribeStreamCommand({ StreamARN }))
        const CurrentVersion = StreamInfo?.Version
        const DataRetentionChangeInHours = 1
        await control.send(
          new UpdateDataRetentionCommand({ StreamARN, CurrentVersion, Operation, DataRetentionChangeInHours }),
        )
      }
      const client = await opened(local)
      await change('DECREASE_DATA_RETENTION')
      client.write(chunkOf(Buffer.concat([header(), fullCluster(startMs), endOfFragment])))
      await client.untilReceived('RECEIVED')
      client.write(chunkOf(Buffer.concat([fullCluster(startMs + 3000)])))
      await client.until(() => client.acks().length === 3)
      await change('INCREASE_DATA_RETENTION')
      client.write(chunkOf(endOfFragment))
      await client.untilReceived('PERSISTED')
      assert.deepEqual(client.acks(), ['BUFFERING', 'RECEIVED', 'BUFFERING', 'RECEIVED', 'PERSISTED'])
      client.destroy()
      control.destroy()
    })
  })

  it('errors only, where the client wants no acks', async () => {
    await withStream({}, async (local) => {
      const client = await opened(local, { 'x-amzn-fragment-acknowledgment-required': '0' })
      client.write(chunkOf(Buffer.concat([header(), fullCluster(startMs), fullCluster(startMs)])))
      await client.untilReceived('0\r\n\r\n')
      assert.deepEqual(client.acks(), ['ERROR 4004'])
      client.destroy()
    })
  })

  it('everything to a client that ends its side after its last chunk', async () => {
    for (const http of [false, true]) {
      await withStream({ http }, async (local) => {
        const client = await opened(local)
        client.write(chunkOf(Buffer.concat([header(), fullCluster(startMs), endOfFragment])))
        client.socket.end(lastChunk)
        await client.untilEnded()
        assert.deepEqual(client.acks(), ['BUFFERING', 'RECEIVED', 'PERSISTED'])
        assert.ok(client.received.endsWith('\r\n0\r\n\r\n'))
        await client.until(() => client.closed)
      })
    }
  })

  it('and ends where the client ends in the middle of its body', async () => {
    await withStream({}, async (local, _arn, events) => {
      const client = await opened(local)
      client.write(chunkOf(header()))
      client.socket.end()
      await untilEvent(local, events, 'closed')
      await client.until(() => client.closed)
    })
  })

  it('an error that a client with "Connection: close" can read', async () => {
    await withStream({}, async (local) => {
      const client = await opened(local, { connection: 'close' })
      for (let n = 0; n < 16; n++) client.write(chunkOf(Buffer.alloc(65_536, 'x')))
      await client.untilEnded()
      assert.deepEqual(client.acks(), ['ERROR 4006'])
      assert.equal(client.error, null)
      client.destroy()
      const whole = await opened(local, { connection: 'close' })
      whole.write(Buffer.concat([chunkOf(header()), lastChunk]))
      await whole.untilEnded()
      whole.destroy()
    })
  })

  it('an error and an orderly end, however much the client goes on to send', async () => {
    await withStream({}, async (local) => {
      const relay = await recordingRelay(local.port)
      const client = RawClient.open(local, relay.port)
      client.write(putMediaHead(local, stream))
      await client.untilReceived('200 OK')
      client.write(chunkOf(Buffer.alloc(1_000_000, 'x')))
      client.write(chunkOf(Buffer.alloc(1_000_000, 'x')))
      await client.untilEnded()
      assert.deepEqual(client.acks(), ['ERROR 4006'])
      assert.ok(client.received.endsWith('\r\n0\r\n\r\n'))
      assert.equal(client.error, null)
      assert.equal(relay.types().at(-1), 21)
      client.destroy()
      await relay.close()
    })
  })

  it('an error to a stream that is deleted meanwhile', async () => {
    await withStream({}, async (local, StreamARN) => {
      const client = await opened(local)
      client.write(chunkOf(Buffer.concat([header(), fullCluster(startMs)])))
      await client.untilReceived('BUFFERING')
      const control = await controlClient(local)
      await control.send(new DeleteStreamCommand({ StreamARN }))
      control.destroy()
      await client.untilEnded()
      assert.deepEqual(client.acks(), ['BUFFERING', 'ERROR 4008'])
      client.destroy()
      const again = open(local)
      await again.untilReceived('404')
      again.destroy()
    })
  })
})
