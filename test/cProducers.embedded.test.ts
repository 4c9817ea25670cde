/** AWS's embedded C producer against the local endpoint, as `cProducers.sdk.test.ts` has the C SDK. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { LocalKvs } from '../src/local/index.ts'
import { clusterStart, embeddedC, simpleBlock, tags } from './drive/cMatroska.ts'
import { assertAccepted, assertAcks, assertStored, media, streamName } from './drive/cMedia.ts'
import { startEndpoint } from './drive/endpoint.ts'
import { amzDate, type CRequest, RawConnection, signedHead } from './drive/rawProducer.ts'
import { storedClusters } from './drive/stored.ts'

describe('the embedded C producer', () => {
  const host = '127.0.0.77'

  /** An endpoint under an address of its own with the port that these clients have built in; by root only. */
  async function endpointAt443(t: TestContext) {
    try {
      return await startEndpoint(t, { host, port: 443 })
    } catch (error) {
      if (process.getuid?.() === 0) throw error
      return await startEndpoint(t, { host, advertise: `${host}:443` })
    }
  }

  async function call(t: TestContext, local: LocalKvs, path: string, body: string) {
    const connection = await RawConnection.open(t, local, host, false)
    const request: CRequest = {
      path,
      headers: [
        ['host', host],
        ['user-agent', 'myagent'],
        ['x-amz-date', amzDate()],
      ],
      unsigned: [
        ['accept', '*/*'],
        ['content-length', String(body.length)],
        ['content-type', 'application/json'],
      ],
      payload: body,
    }
    connection.write(signedHead(request, local, 'authorization'))
    connection.write(body)
    const reply = await connection.json()
    // Read once, and all of it has to be there.
    assert.equal(connection.records.length, 1, `${path} was answered in ${connection.records.length} TLS records`)
    return reply
  }

  async function putMedia(t: TestContext, local: LocalKvs) {
    const connection = await RawConnection.open(t, local, host, false)
    const request: CRequest = {
      path: '/putMedia',
      headers: [
        ['connection', 'keep-alive'],
        ['host', host],
        ['transfer-encoding', 'chunked'],
        ['user-agent', 'myagent'],
        ['x-amz-date', amzDate()],
        ['x-amzn-fragment-acknowledgment-required', '1'],
        ['x-amzn-fragment-timecode-type', 'ABSOLUTE'],
        ['x-amzn-producer-start-timestamp', (Date.now() / 1000).toFixed(3)],
        ['x-amzn-stream-name', streamName],
      ],
      unsigned: [
        ['accept', '*/*'],
        ['expect', '100-continue'],
      ],
      payload: '',
    }
    connection.write(signedHead(request, local, 'authorization'))
    // It sends nothing, not even the Matroska header, before the final status.
    let head = await connection.head()
    while (head.status === 100) head = await connection.head()
    assertAccepted(head)
    return connection
  }

  test('port 443, one TLS record per reply and per ack, and 200 before any media', async (t) => {
    const { local, media: stored, event } = await endpointAt443(t)
    const name = JSON.stringify({ StreamName: streamName })
    assert.equal((await call(t, local, '/describeStream', name)).head.status, 404)
    const creation = JSON.stringify({ StreamName: streamName, DataRetentionInHours: 2 })
    assert.equal((await call(t, local, '/createStream', creation)).head.status, 200)
    assert.equal((await call(t, local, '/describeStream', name)).head.status, 200)
    const location = JSON.stringify({ StreamName: streamName, APIName: 'PUT_MEDIA' })
    const { body } = await call(t, local, '/getDataEndpoint', location)
    // It takes what follows the first eight characters for a host name.
    assert.equal(body['DataEndpoint'], `https://${host}`)

    const { header: head, clusters } = await media(embeddedC)
    const connection = await putMedia(t, local)
    const before = connection.records.length
    const pairs = Array.from({ length: 9 }, (_, n) => [`test_key_${n}`, `test_value_${n}`] as const)
    const startMs = Date.now()
    connection.chunk(head)
    for (const [n, frames] of clusters.entries()) {
      // It writes four pieces per frame: the chunk's size, the block's head, the frame, the line's end.
      if (n > 0) connection.chunk(tags(2, pairs))
      connection.chunk(clusterStart(startMs + n * 1600))
      for (const { track, relativeMs, key, data } of frames) {
        const block = simpleBlock(track, relativeMs, key, data)
        connection.write(`${block.length.toString(16)}\r\n`)
        connection.write(block.subarray(0, 13))
        connection.write(block.subarray(13))
        connection.write('\r\n')
      }
    }
    const acks = await connection.acksUntil('PERSISTED', 2)
    assertAcks(
      acks.filter((ack) => ack.FragmentTimecode !== startMs + 3200),
      [startMs, startMs + 1600],
    )
    // Each ack is one chunk, and each chunk one record: the sizes on the wire say so.
    assert.deepEqual(
      connection.records.slice(before, before + acks.length),
      acks.map((ack) => ack.wireBytes),
    )
    // It just closes: no tag, no last chunk. The last fragment was never complete.
    connection.drop()
    await event((each) => each.type === 'closed')
    const kept = await storedClusters(await stored(streamName))
    assert.equal(kept.length, 2)
    for (const [n, cluster] of kept.entries()) assertStored(cluster, startMs + n * 1600, clusters[n])
  })
})
