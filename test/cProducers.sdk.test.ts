/**
 * AWS's C SDK against the local endpoint: a scripted client that sends byte for byte what that program was seen to send,
 * and that insists on what it insists on.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { LocalKvs } from '../src/local/index.ts'
import { cSdk, endOfFragment, tags } from './drive/cMatroska.ts'
import { assertAccepted, assertAcks, assertStored, clusterBytes, media, streamName } from './drive/cMedia.ts'
import { startEndpoint } from './drive/endpoint.ts'
import { amzDate, type CRequest, RawConnection, signedHead } from './drive/rawProducer.ts'
import { storedClusters } from './drive/stored.ts'

const sdkAgent = 'AWS-PRODUCER-SDK-KVS/1.6.4 GCC/12.2.0 Linux/6.1.0 x86_64'

/** The Host header of the C SDK: curl's URL without its port; signed so. */
function hostOf(local: LocalKvs): string {
  return new URL(local.url).hostname
}

describe('the C SDK', () => {
  /** A request of the control plane: one connection each, `Host` without the port, and signed so. */
  async function call(t: TestContext, local: LocalKvs, path: string, body: string) {
    const connection = await RawConnection.open(t, local, '127.0.0.1')
    const request: CRequest = {
      path,
      headers: [
        ['Host', hostOf(local)],
        ['user-agent', sdkAgent],
        ['X-Amz-Date', amzDate()],
      ],
      unsigned: [
        ['Accept', '*/*'],
        ['content-type', 'application/json'],
        ['content-length', String(Buffer.byteLength(body))],
        // Sent and not signed, as the SDK does with temporary credentials.
        ['x-amz-security-token', local.credentials.sessionToken ?? ''],
      ],
      payload: body,
    }
    connection.write(signedHead(request, local, 'Authorization') + body)
    return await connection.json()
  }

  async function putMedia(t: TestContext, local: LocalKvs, type: 'RELATIVE' | 'ABSOLUTE', start: string) {
    const connection = await RawConnection.open(t, local, '127.0.0.1')
    const request: CRequest = {
      path: '/putMedia',
      headers: [
        ['Host', hostOf(local)],
        ['connection', 'keep-alive'],
        ['transfer-encoding', 'chunked'],
        ['user-agent', sdkAgent],
        ['X-Amz-Date', amzDate()],
        ['x-amzn-fragment-acknowledgment-required', '1'],
        ['x-amzn-fragment-timecode-type', type],
        ['x-amzn-producer-start-timestamp', start],
        ['x-amzn-stream-name', streamName],
      ],
      unsigned: [
        ['Accept', '*/*'],
        ['content-type', 'application/json'],
        ['x-amz-security-token', local.credentials.sessionToken ?? ''],
        ['Expect', '100-continue'],
      ],
      payload: '',
    }
    connection.write(signedHead(request, local, 'Authorization'))
    // curl sends nothing before this, for a second at least.
    assert.equal((await connection.head()).status, 100)
    assertAccepted(await connection.head())
    return connection
  }

  const temporary = {
    credentials: { accessKeyId: 'ASIATEMPORARY000', secretAccessKey: 'temporary/secret', sessionToken: 'a/token==' },
  }

  test('from DescribeStream to the last PERSISTED, RELATIVE, cut at 16 KB', async (t) => {
    const { local, media: stored } = await startEndpoint(t, temporary)
    const name = `{\n\t"StreamName": "${streamName}"\n}`
    assert.equal((await call(t, local, '/describeStream', name)).head.status, 404)
    const creation = `{\n\t"DeviceName": "device",\n\t"StreamName": "${streamName}",\n\t"MediaType": "video/h264",\n\t"DataRetentionInHours": 2\n}`
    const created = await call(t, local, '/createStream', creation)
    assert.equal(created.head.status, 200)
    assert.match(String(created.body['StreamARN']), /^arn:aws:kinesisvideo:us-west-2:\d{12}:stream\/c\/\d+$/)
    const described = await call(t, local, '/describeStream', name)
    assert.equal((described.body['StreamInfo'] as Record<string, unknown>)['Status'], 'ACTIVE')
    const location = `{\n\t"StreamName": "${streamName}",\n\t"APIName": "PUT_MEDIA"\n}`
    const located = await call(t, local, '/getDataEndpoint', location)
    assert.equal(located.body['DataEndpoint'], local.url)

    const { header: head, clusters } = await media(cSdk)
    // Milliseconds without leading zeros: 1795328189.45 is meant as .045, and read as a decimal.
    const connection = await putMedia(t, local, 'RELATIVE', '1795328189.45')
    const timecodes = [0, 1600, 3200]
    const body = Buffer.concat([head, ...timecodes.map((timecode, n) => clusterBytes(timecode, clusters[n] ?? []))])
    // curl's first chunk is 16378 bytes: 16 KB less what surrounds it.
    for (let at = 0; at < body.length; at += 16_378) connection.chunk(body.subarray(at, at + 16_378))
    const acks = [...(await connection.acksUntil('PERSISTED', 2))]
    // At the end a tag and no last chunk: the SDK waits for PERSISTED first.
    connection.chunk(tags(8, [endOfFragment]))
    acks.push(...(await connection.acksUntil('PERSISTED')))
    assertAcks(acks, timecodes)
    assert.ok(connection.silent)
    connection.write('0\r\n\r\n')
    assert.equal((await connection.nextChunk()).text, '')
    connection.drop()
    const kept = await storedClusters(await stored(streamName))
    assert.equal(kept.length, 3)
    for (const [n, timecode] of timecodes.entries()) assertStored(kept[n], timecode, clusters[n])
    const [first] = (await stored(streamName)).fragments()
    assert.equal(first?.producerMs, 1_795_328_189_450)
  })

  test('metadata after each Cluster, and an end of fragment before each key frame, ABSOLUTE', async (t) => {
    const { local, media: stored } = await startEndpoint(t, temporary)
    await call(t, local, '/createStream', JSON.stringify({ StreamName: streamName, DataRetentionInHours: 2 }))
    const { header: head, clusters } = await media(cSdk)
    const startMs = Date.now()
    const connection = await putMedia(t, local, 'ABSOLUTE', `${Math.floor(startMs / 1000)}.${startMs % 1000}`)
    connection.chunk(head)
    for (const [n, frames] of clusters.entries()) {
      connection.chunk(clusterBytes(startMs + n * 1600, frames))
      for (let key = 1; key < 10; key++) connection.chunk(tags(8, [[`TEST_KEY_${key}`, `TEST_VALUE_${key}`]]))
      connection.chunk(tags(8, [endOfFragment]))
      // Each is confirmed before the next one begins.
      assertAcks(await connection.acksUntil('PERSISTED'), [startMs + n * 1600])
    }
    const kept = await storedClusters(await stored(streamName))
    for (const [n, frames] of clusters.entries()) assertStored(kept[n], startMs + n * 1600, frames)
    assert.equal(kept[2]?.tags.get('TEST_KEY_9'), 'TEST_VALUE_9')
    connection.write('0\r\n\r\n')
    assert.equal((await connection.nextChunk()).text, '')
  })

  test('a broken connection: the same fragment again, under the same timecode', async (t) => {
    const { local, media: stored, event } = await startEndpoint(t, temporary)
    await call(t, local, '/createStream', JSON.stringify({ StreamName: streamName, DataRetentionInHours: 2 }))
    const { header: head, clusters } = await media(cSdk)
    const [one = [], two = []] = clusters
    const first = await putMedia(t, local, 'RELATIVE', '1795328189.317')
    first.chunk(Buffer.concat([head, clusterBytes(0, one), clusterBytes(1600, two.slice(0, 50))]))
    await first.acksUntil('PERSISTED')
    first.drop()
    await event((each) => each.type === 'closed' && each.session === 1)
    const second = await putMedia(t, local, 'RELATIVE', '1795328189.317')
    second.chunk(Buffer.concat([head, clusterBytes(1600, two), tags(8, [endOfFragment])]))
    assertAcks(await second.acksUntil('PERSISTED'), [1600])
    const kept = await storedClusters(await stored(streamName))
    assert.equal(kept.length, 2)
    assertStored(kept[0], 0, one)
    assertStored(kept[1], 1600, two)
  })

  test('a session of a header and Tags, without a Cluster, ends in order', async (t) => {
    const { local, media: stored } = await startEndpoint(t, temporary)
    await call(t, local, '/createStream', JSON.stringify({ StreamName: streamName, DataRetentionInHours: 2 }))
    const { header: head } = await media(cSdk)
    const connection = await putMedia(t, local, 'RELATIVE', '1795328189.7')
    connection.chunk(head)
    connection.chunk(tags(8, [['TEST_KEY_1', 'TEST_VALUE_1']]))
    connection.chunk(tags(8, [endOfFragment]))
    connection.write('0\r\n\r\n')
    assert.equal((await connection.nextChunk()).text, '')
    assert.deepEqual((await stored(streamName)).fragments(), [])
  })

  test('an ERROR ack, after which the connection ends in order', async (t) => {
    const { local } = await startEndpoint(t, temporary)
    await call(t, local, '/createStream', JSON.stringify({ StreamName: streamName, DataRetentionInHours: 2 }))
    const { header: head, clusters } = await media(cSdk)
    const connection = await putMedia(t, local, 'RELATIVE', '1795328189.7')
    connection.chunk(Buffer.concat([head, clusterBytes(1600, clusters[0] ?? []), clusterBytes(0, clusters[1] ?? [])]))
    const acks = await connection.acksUntil('ERROR')
    const error = acks.at(-1)
    assert.deepEqual([error?.ErrorId, error?.FragmentTimecode], [4004, 0])
    assert.equal((await connection.nextChunk()).text, '')
    await connection.end()
  })
})
