/**
 * AWS's C producers against the local endpoint: scripted clients that send byte for byte what those programs were seen
 * to send, and that insist on what those programs insist on.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { LocalKvs } from '../src/local/index.ts'
import {
  clusterStart,
  cSdk,
  type Dialect,
  embeddedC,
  endOfFragment,
  header,
  simpleBlock,
  tags,
} from './drive/cMatroska.ts'
import { startEndpoint } from './drive/endpoint.ts'
import { amzDate, type CRequest, type Head, type RawAck, RawConnection, signedHead } from './drive/rawProducer.ts'
import { annexBUnits, frameFiles, samples } from './drive/source.ts'
import { type StoredCluster, storedClusters } from './drive/stored.ts'

const streamName = 'c'
const uid = Buffer.from('67c6697351ff4aec29cdbaabf2fbe346', 'hex')
const sdkAgent = 'AWS-PRODUCER-SDK-KVS/1.6.4 GCC/12.2.0 Linux/6.1.0 x86_64'

/** One Cluster's worth of frames as these producers interleave them. */
interface CFrame {
  readonly track: number
  readonly relativeMs: number
  readonly key: boolean
  readonly data: Buffer
}

interface Media {
  readonly header: Buffer
  /** GOPs of 40 pictures, 1600 ms. */
  readonly clusters: readonly (readonly CFrame[])[]
}

/** The samples in a dialect, length-prefixed, audio that shares a picture's millisecond moved by one. */
async function media(dialect: Dialect, audioKeyFlags: boolean): Promise<Media> {
  const pictures = (await frameFiles(samples, 'h264')).map(annexBUnits)
  const packets = await frameFiles(samples, 'aac')
  const [sps, pps] = [7, 8].map((type) => (pictures[0] ?? []).find((unit) => ((unit[0] ?? 0) & 31) === type))
  assert.ok(sps && pps)
  const video = { width: 640, height: 360, avcC: avcC(sps, pps) }
  const audio = { rateHz: 48_000, channels: 2, config: Buffer.from('1190', 'hex') }
  const clusters = [0, 1, 2].map((gop) => {
    const frames: CFrame[] = []
    for (let n = 0; n < 40; n++) {
      const units = pictures[gop * 40 + n] ?? []
      frames.push({ track: 1, relativeMs: n * 40, key: n === 0, data: Buffer.concat(units.flatMap(sized)) })
    }
    for (let n = 0; n < 75; n++) {
      const atMs = Math.floor((n * 1024) / 48)
      const relativeMs = atMs % 40 === 0 ? atMs + 1 : atMs
      frames.push({ track: 2, relativeMs, key: audioKeyFlags, data: packets[gop * 75 + n] ?? Buffer.alloc(0) })
    }
    return frames.sort((a, b) => a.relativeMs - b.relativeMs)
  })
  return { header: header(dialect, uid, video, audio), clusters }
}

function sized(unit: Buffer): readonly Buffer[] {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(unit.length)
  return [size, unit]
}

function avcC(sps: Buffer, pps: Buffer): Buffer {
  const head = Buffer.of(1, sps[1] ?? 0, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe1)
  return Buffer.concat([
    head,
    sized(sps)[0]?.subarray(2) ?? head,
    sps,
    Buffer.of(1),
    sized(pps)[0]?.subarray(2) ?? head,
    pps,
  ])
}

function clusterBytes(timecode: number, frames: readonly CFrame[]): Buffer {
  const blocks = frames.map(({ track, relativeMs, key, data }) => simpleBlock(track, relativeMs, key, data))
  return Buffer.concat([clusterStart(timecode), ...blocks])
}

/** The Host header of the C SDK: curl's URL without its port; signed so. */
function hostOf(local: LocalKvs): string {
  return new URL(local.url).hostname
}

function assertStored(
  stored: StoredCluster | undefined,
  timecode: number,
  frames: readonly CFrame[] | undefined,
): void {
  assert.equal(stored?.timecode, timecode)
  const expected = (frames ?? []).map((frame) => ({
    track: frame.track,
    timeMs: timecode + frame.relativeMs,
    key: frame.key,
    data: frame.data,
  }))
  assert.deepEqual(stored?.frames, expected)
}

describe('the bytes themselves', () => {
  test('headers and elements have the sizes seen on the wire', () => {
    const video = { width: 640, height: 480, avcC: Buffer.alloc(45) }
    const audio = { rateHz: 48_000, channels: 2, config: Buffer.from('1190', 'hex') }
    assert.equal(header(cSdk, uid, video, audio).length, 350)
    assert.equal(header(cSdk, uid, video, null).length, 280)
    assert.equal(header(cSdk, uid, null, audio).length, 232)
    assert.equal(header(embeddedC, uid, video, { ...audio, rateHz: 8000, channels: 1 }).length, 345)
    assert.equal(clusterStart(0x1a201ed4046).toString('hex'), '1f43b675ffe788000001a201ed4046a78100')
    assert.equal(
      simpleBlock(1, 0, true, Buffer.alloc(0x1d25d)).subarray(0, 13).toString('hex'),
      'a3010000000001d26181000080',
    )
    assert.equal(tags(8, [endOfFragment]).length, 84)
    assert.equal(tags(8, [['AWS_KINESISVIDEO_NOTIFICATION', '']]).length, 81)
    const pairs = Array.from({ length: 9 }, (_, n) => [`test_key_${n}`, `test_value_${n}`] as const)
    assert.equal(tags(2, pairs).length, 348)
  })
})

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

    const { header: head, clusters } = await media(cSdk, false)
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
    const { header: head, clusters } = await media(cSdk, false)
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
    const { header: head, clusters } = await media(cSdk, false)
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
    const { header: head } = await media(cSdk, false)
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
    const { header: head, clusters } = await media(cSdk, false)
    const connection = await putMedia(t, local, 'RELATIVE', '1795328189.7')
    connection.chunk(Buffer.concat([head, clusterBytes(1600, clusters[0] ?? []), clusterBytes(0, clusters[1] ?? [])]))
    const acks = await connection.acksUntil('ERROR')
    const error = acks.at(-1)
    assert.deepEqual([error?.ErrorId, error?.FragmentTimecode], [4004, 0])
    assert.equal((await connection.nextChunk()).text, '')
    await connection.end()
  })
})

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

    const { header: head, clusters } = await media(embeddedC, false)
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

function assertAccepted({ status, headers }: Head): void {
  assert.equal(status, 200)
  assert.equal(headers.get('transfer-encoding'), 'chunked')
}

/** All three acks of every fragment, each fragment's in their order, in what C parsers can read. */
function assertAcks(acks: readonly RawAck[], timecodes: readonly number[]): void {
  for (const timecode of timecodes) {
    const own = acks.filter((ack) => ack.FragmentTimecode === timecode)
    assert.deepEqual(
      own.map((ack) => ack.EventType),
      ['BUFFERING', 'RECEIVED', 'PERSISTED'],
      JSON.stringify(acks),
    )
    for (const ack of own) {
      assert.match(String(ack.FragmentNumber), /^\d{47}$/)
      assert.equal(typeof ack.FragmentTimecode, 'number')
      assert.ok(ack.wireBytes <= 1024)
    }
  }
  assert.equal(acks.length, 3 * timecodes.length)
}
