import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { endOfFragment, fullCluster, header } from './ingest/testing/media.ts'
import { opened, startMs, stream, untilEvent, withStream } from './testing/putMediaClient.ts'
import { chunkOf, getMediaCall, putMediaHead, RawClient } from './testing/rawClient.ts'
import { inTemporaryFolder, withLocalKvs } from './testing/temporaryKvs.ts'

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
      client.write(getMediaCall(local))
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
      const read = (client: RawClient) => client.write(getMediaCall(local))
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
