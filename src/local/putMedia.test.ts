import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  UpdateDataRetentionCommand,
} from '@aws-sdk/client-kinesis-video'
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media'
import { GetMediaCommand, KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media'
import type { LocalKvs, LocalKvsEvent, LocalKvsOptions } from './index.ts'
import { endOfFragment, fullCluster, header } from './ingest/testing/media.ts'
import { chunkOf, lastChunk, putMediaHead, RawClient, recordingRelay, signedHead } from './testing/rawClient.ts'
import { clientOptions, controlClient, inTemporaryFolder, withLocalKvs } from './testing/temporaryKvs.ts'

const stream = { 'x-amzn-stream-name': 'cam' }
const startMs = 1_700_000_000_000

/** An endpoint with the stream `cam`, and every event that it told. */
async function withStream(
  options: Partial<LocalKvsOptions>,
  task: (local: LocalKvs, arn: string, events: LocalKvsEvent[]) => Promise<void>,
): Promise<void> {
  await withLocalKvs(options, async (local) => {
    const events: LocalKvsEvent[] = []
    local.on('event', (event) => events.push(event))
    const client = await controlClient(local)
    const { StreamARN } = await client.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 1 }))
    client.destroy()
    await task(local, StreamARN ?? '', events)
  })
}

function open(local: LocalKvs, headers: Readonly<Record<string, string | undefined>> = stream): RawClient {
  const client = RawClient.open(local)
  client.write(putMediaHead(local, headers))
  return client
}

async function opened(local: LocalKvs, headers = {}): Promise<RawClient> {
  const client = open(local, { ...stream, ...headers })
  await client.untilReceived('200 OK')
  return client
}

const isEvent = (type: LocalKvsEvent['type']) => (event: LocalKvsEvent) => event.type === type

async function untilEvent(
  local: LocalKvs,
  events: readonly LocalKvsEvent[],
  type: LocalKvsEvent['type'],
): Promise<void> {
  while (!events.some(isEvent(type))) await once(local, 'event')
}

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

describe('PutMedia that breaks off', () => {
  it('keeps what was whole, drops the rest, and makes room', async () => {
    await withStream({ concurrentPutMedia: 1 }, async (local, _arn, events) => {
      const client = await opened(local)
      const whole = fullCluster(startMs)
      client.write(chunkOf(Buffer.concat([header(), whole, fullCluster(startMs + 3000)])))
      await client.untilReceived('PERSISTED')
      client.destroy()
      await untilEvent(local, events, 'closed')
      const media = await local.media('cam')
      assert.deepEqual(
        media?.fragments().map(({ timecode, sizeBytes }) => [timecode, sizeBytes]),
        [[startMs, whole.length]],
      )
      const next = await opened(local)
      next.destroy()
    })
  })

  it('while it waits behind another answer on its connection: its place is free again', async () => {
    await withStream({ concurrentPutMedia: 1 }, async (local, _arn, events) => {
      const client = RawClient.open(local)
      const live = JSON.stringify({ StreamName: 'cam', StartSelector: { StartSelectorType: 'NOW' } })
      client.write(signedHead(local, '/getMedia', [], live) + live)
      client.write(Buffer.concat([Buffer.from(putMediaHead(local, stream)), chunkOf(header())]))
      await untilEvent(local, events, 'opened')
      client.destroy()
      await untilEvent(local, events, 'closed')
      const next = await opened(local)
      next.destroy()
    })
  })

  it('with all that waits on its connection: GetMedia makes room as well', async () => {
    await withStream({}, async (local, _arn, events) => {
      const live = JSON.stringify({ StreamName: 'cam', StartSelector: { StartSelectorType: 'NOW' } })
      const read = (client: RawClient) => client.write(signedHead(local, '/getMedia', [], live) + live)
      const client = RawClient.open(local)
      for (let n = 0; n < 3; n++) read(client)
      client.write(putMediaHead(local, stream))
      await untilEvent(local, events, 'opened')
      client.destroy()
      await untilEvent(local, events, 'closed')
      for (let n = 0; n < 2; n++) {
        const next = RawClient.open(local)
        read(next)
        await next.untilReceived('\r\n\r\n')
        assert.match(next.received, /^HTTP\/1\.1 200 /)
      }
    })
  })

  it('because the endpoint stops: in order, and the media is there at the next start', async () => {
    await inTemporaryFolder(async (directory) => {
      await withStream({ directory }, async (local) => {
        const client = await opened(local)
        client.write(chunkOf(Buffer.concat([header(), fullCluster(startMs), endOfFragment])))
        await client.untilReceived('PERSISTED')
        await local.stop()
        await client.untilEnded()
        assert.equal(client.error, null)
        client.destroy()
      })
      await withLocalKvs({ directory }, async (local) => {
        const media = await local.media('cam')
        assert.equal(media?.fragments().length, 1)
        assert.equal(await local.media('other'), undefined)
      })
    })
  })

  it('and leaves media whose list of streams is lost: kept, with a word of it', async () => {
    await inTemporaryFolder(async (directory) => {
      await withStream({ directory }, async (local) => {
        const client = await opened(local)
        client.write(chunkOf(Buffer.concat([header(), fullCluster(startMs), endOfFragment])))
        await client.untilReceived('PERSISTED')
        client.destroy()
      })
      const list = join(directory, 'streams.json')
      const streams = await readFile(list, 'utf8')
      await rm(list)
      await withLocalKvs({ directory }, async (local) => {
        const [event] = await once(local, 'event')
        assert.match(event.message, /media of no stream that streams\.json names/)
      })
      await writeFile(list, streams)
      await withLocalKvs({ directory }, async (local) => {
        assert.equal((await local.media('cam'))?.fragments().length, 1)
      })
      await writeFile(list, streams.replace('"deleting": false', '"deleting": true'))
      await withLocalKvs({ directory }, async (local) => {
        assert.deepEqual(local.streams, [])
        assert.deepEqual(await readdir(join(directory, 'media')), [])
      })
    })
  })

  it('because it is silent for too long: in order', async () => {
    await withStream({ idleCloseMs: 50 }, async (local) => {
      const client = await opened(local)
      await client.untilEnded()
      assert.ok(client.received.endsWith('0\r\n\r\n'))
      client.destroy()
    })
  })
})

describe('media', () => {
  it('comes back to the AWS SDK, listed, by its number and live', async () => {
    await withStream({}, async (local) => {
      const producer = await opened(local)
      const head = header()
      const first = Buffer.concat([fullCluster(startMs), endOfFragment])
      producer.write(chunkOf(Buffer.concat([head, first])))
      await producer.untilReceived('PERSISTED')

      const archived = new KinesisVideoArchivedMediaClient(await clientOptions(local))
      const span = { StartTimestamp: new Date(startMs), EndTimestamp: new Date(startMs) }
      const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: span } as const
      const list = await archived.send(new ListFragmentsCommand({ StreamName: 'cam', FragmentSelector }))
      const number = list.Fragments?.[0]?.FragmentNumber ?? ''
      assert.equal(list.Fragments?.length, 1)
      assert.equal(list.Fragments?.[0]?.ProducerTimestamp?.getTime(), startMs)
      const chosen = new GetMediaForFragmentListCommand({ StreamName: 'cam', Fragments: [number] })
      const { ContentType, Payload } = await archived.send(chosen)
      assert.equal(ContentType, 'video/webm')
      const bytes = Buffer.from((await Payload?.transformToByteArray()) ?? [])
      assert.ok(bytes.includes(first.subarray(0, 100)) && bytes.subarray(0, 40).equals(head.subarray(0, 40)))
      const missing = new ListFragmentsCommand({ StreamName: 'none', FragmentSelector })
      await assert.rejects(archived.send(missing), { name: 'ResourceNotFoundException' })
      archived.destroy()

      const reader = new KinesisVideoMediaClient(await clientOptions(local))
      const StartSelector = { StartSelectorType: 'EARLIEST' } as const
      const live = await reader.send(new GetMediaCommand({ StreamName: 'cam', StartSelector }))
      assert.equal(live.ContentType, 'video/webm')
      const second = Buffer.concat([fullCluster(startMs + 3000), endOfFragment])
      let seen = Buffer.alloc(0)
      let sent = false
      for await (const piece of live.Payload as AsyncIterable<Uint8Array>) {
        seen = Buffer.concat([seen, piece])
        if (seen.includes(second)) break
        if (seen.includes(first) && !sent) producer.write(chunkOf(second))
        sent ||= seen.includes(first)
      }
      assert.ok(seen.includes(second))
      producer.destroy()
      reader.destroy()
    })
  })

  it('that is being waited for is over when the reader ends its side', async () => {
    await withStream({}, async (local) => {
      const client = RawClient.open(local)
      const live = JSON.stringify({ StreamName: 'cam', StartSelector: { StartSelectorType: 'NOW' } })
      client.write(signedHead(local, '/getMedia', [], live) + live)
      await client.untilReceived('200 OK')
      client.socket.end()
      await client.until(() => client.closed)
      assert.equal(client.error, null)
    })
  })

  it('that is being waited for holds nobody up who stops the endpoint', async () => {
    await withStream({}, async (local) => {
      const reader = new KinesisVideoMediaClient(await clientOptions(local))
      const StartSelector = { StartSelectorType: 'NOW' } as const
      const live = await reader.send(new GetMediaCommand({ StreamName: 'cam', StartSelector }))
      await local.stop()
      const rest = await live.Payload?.transformToByteArray()
      assert.equal(rest?.length, 0)
      reader.destroy()
    })
  })
})
