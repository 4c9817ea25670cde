import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  GetMediaForFragmentListCommand,
  KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media'
import { GetMediaCommand, KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media'
import { endOfFragment, fullCluster, header } from './ingest/testing/media.ts'
import { opened, startMs, withStream } from './testing/putMediaClient.ts'
import { chunkOf, getMediaCall, RawClient } from './testing/rawClient.ts'
import { clientOptions } from './testing/temporaryKvs.ts'

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
      client.write(getMediaCall(local))
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
