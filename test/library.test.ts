/** The library as the README shows it: Producer, and putMedia() by itself. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video'
import { type Ack, KvsError, Producer, type ProducerOptions, putMedia, type Summary } from '../src/node/index.ts'
import { startEndpoint, type TestEndpoint } from './drive/endpoint.ts'
import { temporaryFolder } from './drive/folder.ts'
import { sdkClients } from './drive/sdk.ts'
import { annexBUnits, assertMedia, expectedAudio, expectedVideo, frameFiles, samples } from './drive/source.ts'
import { clustersOf, type StoredCluster, sizedUnits, storedClusters } from './drive/stored.ts'
import { ffmpeg, mux } from './drive/tools.ts'
import { within } from './drive/within.ts'

function serviceOf({ local }: TestEndpoint) {
  const { region, url, caFile, credentials } = local
  return { region, endpoint: url, caPath: caFile ?? undefined, credentials }
}

function options(endpoint: TestEndpoint, more: Partial<ProducerOptions> = {}): ProducerOptions {
  return { ...serviceOf(endpoint), streamName: 'library', tracks: [{ codec: 'h264' }], ...more }
}

/** Puts one, and waits for room where there is none. */
async function put(producer: Producer, frame: Parameters<Producer['putFrame']>[0]): Promise<number> {
  let waits = 0
  while (!producer.putFrame(frame)) {
    waits++
    await within(producer.drained(), () => 'room in the buffer')
  }
  return waits
}

function assertBalanced({ stats }: Summary): void {
  const lost = Object.values(stats.lost).reduce((sum, loss) => sum + loss.frames, 0)
  assert.equal(stats.framesPut, stats.framesPersisted + stats.framesDiscarded + lost)
}

describe('Producer', { concurrency: 3 }, () => {
  test('await using: pictures and sound, with events', async (t) => {
    const endpoint = await startEndpoint(t)
    const [video, audio] = [await frameFiles(samples, 'h264'), await frameFiles(samples, 'aac')]
    const states: string[] = []
    const acks: Ack[] = []
    let summary: Summary | undefined
    let created: boolean | undefined
    {
      const tracks = [{ codec: 'h264' }, { codec: 'aac', sampleRateHz: 48_000, channels: 2 }] as const
      await using producer = new Producer(options(endpoint, { tracks, tags: { made: 'by a test' } }))
      producer.on('state', (state) => states.push(state))
      producer.on('ack', (ack) => acks.push(ack))
      producer.on('stream', (stream) => {
        created = stream.created
      })
      producer.on('end', (end) => {
        summary = end
      })
      let sound = 0
      for (let n = 0; n < 100; n++) {
        await put(producer, { track: 1, pts: n * 40, data: video[n] ?? Buffer.alloc(0) })
        for (; (sound * 1024) / 48 < (n + 1) * 40; sound++) {
          await put(producer, { track: 2, pts: (sound * 1024) / 48, data: audio[sound] ?? Buffer.alloc(0) })
        }
      }
    }
    assert.equal(created, true)
    assert.equal(states[0], 'preparing')
    assert.equal(states.at(-1), 'ended')
    assert.ok(states.includes('streaming'))
    assert.equal(acks.filter((ack) => ack.type === 'PERSISTED').length, 3)
    assert.equal(summary?.error, null)
    assert.ok(summary)
    assertBalanced(summary)
    assert.equal(summary.stats.framesPersisted, summary.stats.framesPut)
    const expected = [await expectedVideo(samples, 'h264', 4000), await expectedAudio(samples, 'aac', 4000)]
    assertMedia(await storedClusters(await endpoint.media('library')), expected)
    assert.deepEqual({ ...endpoint.local.streams[0]?.tags }, { made: 'by a test' })
  })

  test('a full buffer: false, drained, and nothing lost', async (t) => {
    const endpoint = await startEndpoint(t, { limits: 'off' })
    const frames = await frameFiles(samples, 'h264')
    const producer = new Producer(options(endpoint, { bufferBytes: 1024 * 1024, fragmentsPerSecond: 1000 }))
    let waits = 0
    let peak = 0
    const count = 3000
    for (let n = 0; n < count; n++) {
      waits += await put(producer, { pts: n * 40, data: frames[n % 160] ?? Buffer.alloc(0) })
      peak = Math.max(peak, producer.bufferedBytes)
    }
    const summary = await producer.stop()
    assert.ok(waits > 0, 'the buffer was never full')
    assert.ok(peak <= 1024 * 1024, `${peak} bytes`)
    assert.equal(summary.error, null)
    assert.equal(summary.stats.framesPersisted, count)
    assertMedia(await storedClusters(await endpoint.media('library')), [
      await expectedVideo(samples, 'h264', count * 40),
    ])
  })

  test('frames that cannot be taken do no harm to the others', async (t) => {
    const endpoint = await startEndpoint(t)
    const frames = await frameFiles(samples, 'h264')
    const producer = new Producer(options(endpoint))
    const data = frames[0] ?? Buffer.alloc(0)
    assert.throws(() => producer.putFrame({ pts: 0, data: new Uint8Array(0) }), { code: 'MEDIA_INVALID' })
    assert.throws(() => producer.putFrame({ pts: 0, track: 2, data }), { code: 'USAGE' })
    for (let n = 0; n < 45; n++) {
      const frame = frames[n] ?? Buffer.alloc(0)
      assert.equal(producer.putFrame({ pts: n * 40, data: frame }), true)
      if (n === 20) assert.throws(() => producer.putFrame({ pts: 0, data: Buffer.of(0, 0, 1) }), KvsError)
    }
    const summary = await producer.stop()
    assertBalanced(summary)
    assert.equal(summary.stats.framesPersisted, 45)
    assert.throws(() => producer.putFrame({ pts: 9000, data }), { code: 'STOPPED' })
    assert.deepEqual(await producer.stop(), summary)
  })

  test('what is put is copied: the caller may use its memory again', async (t) => {
    const endpoint = await startEndpoint(t)
    const frames = await frameFiles(samples, 'h264')
    const producer = new Producer(options(endpoint))
    const scratch = Buffer.alloc(64 * 1024)
    for (const [n, frame] of frames.slice(0, 50).entries()) {
      const data = scratch.subarray(0, frame.copy(scratch))
      producer.putFrame({ pts: n * 40, data })
      data.fill(0xee)
    }
    assert.equal((await producer.stop()).error, null)
    assertMedia(await storedClusters(await endpoint.media('library')), [await expectedVideo(samples, 'h264', 2000)])
  })

  test('B-frames: stored in decoding order, with their own times', async (t) => {
    const endpoint = await startEndpoint(t)
    const frames = await bFrames(t)
    // Its own clock begins anywhere.
    const producer = new Producer(options(endpoint, { ptsOriginMs: Date.now() - 5_000_000 }))
    for (const { pts, dts, data } of frames) producer.putFrame({ pts: pts + 5_000_000, dts: dts + 5_000_000, data })
    const summary = await producer.stop()
    assert.equal(summary.error, null)
    assert.equal(summary.stats.framesPersisted, frames.length)
    assert.equal(summary.stats.timesRepaired, 0)
    const clusters = await storedClusters(await endpoint.media('library'))
    assert.ok(clusters.length > 1)
    const stored = clusters.flatMap((cluster) => cluster.frames)
    const first = (stored[0]?.timeMs ?? 0) - (frames[0]?.pts ?? 0)
    assert.deepEqual(
      stored.map((frame) => frame.timeMs - first),
      frames.map((frame) => Math.round(frame.pts)),
    )
    assert.ok(
      stored.some((frame, n) => frame.timeMs < (stored[n - 1]?.timeMs ?? 0)),
      'no B-frames',
    )
    for (const [n, frame] of stored.entries()) {
      assert.deepEqual(sizedUnits(frame.data), annexBUnits(frames[n]?.data ?? Buffer.alloc(0)))
    }
  })

  test('AbortSignal: over at once, and the books balance', async (t) => {
    const endpoint = await startEndpoint(t)
    const frames = await frameFiles(samples, 'h264')
    const abort = new AbortController()
    const producer = new Producer(options(endpoint, { signal: abort.signal }))
    const ended = new Promise<Summary>((resolve) => producer.once('end', resolve))
    for (let n = 0; n < 20; n++) producer.putFrame({ pts: n * 40, data: frames[n] ?? Buffer.alloc(0) })
    abort.abort()
    const summary = await within(ended, () => 'the end of an aborted producer')
    assertBalanced(summary)
    assert.throws(() => producer.putFrame({ pts: 0, data: frames[0] ?? Buffer.alloc(0) }), KvsError)
    assert.throws(() => new Producer(options(endpoint, { signal: abort.signal })), { name: 'AbortError' })
  })

  test('await using throws where media was lost', async (t) => {
    const endpoint = await startEndpoint(t)
    const frames = await frameFiles(samples, 'h264')
    const run = async () => {
      const credentials = { accessKeyId: endpoint.local.credentials.accessKeyId, secretAccessKey: 'wrong' }
      await using producer = new Producer(options(endpoint, { credentials }))
      for (let n = 0; n < 10; n++) producer.putFrame({ pts: n * 40, data: frames[n] ?? Buffer.alloc(0) })
    }
    await assert.rejects(run(), { code: 'ACCESS_DENIED' })
  })
})

describe('putMedia()', { concurrency: 2 }, () => {
  for (const writer of ['ffmpeg', 'mkvmerge'] as const) {
    test(`takes a file of ${writer} and tells of every fragment`, async (t) => {
      const endpoint = await startEndpoint(t)
      const file = await recording(t, writer, false)
      const bytes = await readFile(file)
      await createStream(t, endpoint)
      const startTimestampMs = Date.now()
      const relative = { timecodeType: 'RELATIVE', startTimestampMs } as const
      await using session = await putMedia({ ...serviceOf(endpoint), streamName: 'library', ...relative })
      const acks: Ack[] = []
      const reading = (async () => {
        for await (const ack of session.acks()) acks.push(ack)
      })()
      for (let at = 0; at < bytes.length; at += 10_000) await session.write(bytes.subarray(at, at + 10_000))
      await session.end()
      await reading
      const sent = clustersOf(bytes)
      assert.ok(sent.length > 1)
      const persisted = acks.filter((ack) => ack.type === 'PERSISTED')
      assert.deepEqual(
        persisted.map((ack) => ack.timecodeMs),
        sent.map((cluster) => cluster.timecode),
      )
      const stream = await endpoint.media('library')
      assert.deepEqual((await storedClusters(stream)).map(framesOf), sent.map(framesOf))
      assert.equal(stream.fragments()[0]?.producerMs, startTimestampMs + (sent[0]?.timecode ?? 0))
    })
  }

  test('a file whose Clusters break the rules of the service: an ERROR ack says which', async (t) => {
    const endpoint = await startEndpoint(t)
    await createStream(t, endpoint)
    // Players do not mind, but the service does: mkvmerge ends a Cluster within a moment that has sound alone.
    const bytes = await readFile(await recording(t, 'mkvmerge', true))
    const session = await putMedia({ ...serviceOf(endpoint), streamName: 'library' })
    const sending = async () => {
      for (let at = 0; at < bytes.length; at += 10_000) await session.write(bytes.subarray(at, at + 10_000))
      await session.end()
    }
    const sent = sending().catch((error: unknown) => assert.ok(error instanceof KvsError))
    const errors: (string | null)[] = []
    for await (const ack of session.acks()) if (ack.type === 'ERROR') errors.push(ack.errorCode)
    assert.deepEqual(errors, ['FRAMES_MISSING_FOR_TRACK'])
    await sent
  })

  test('refused: the error of the service', async (t) => {
    const endpoint = await startEndpoint(t)
    await assert.rejects(putMedia({ ...serviceOf(endpoint), streamName: 'nowhere' }), { code: 'STREAM_NOT_FOUND' })
  })

  test('what is no Matroska: an ERROR ack, and the request is over', async (t) => {
    const endpoint = await startEndpoint(t)
    await createStream(t, endpoint)
    const session = await putMedia({ ...serviceOf(endpoint), streamName: 'library' })
    await session.write(Buffer.from('no Matroska at all'))
    const types: (number | null)[] = []
    for await (const ack of session.acks()) types.push(ack.errorId)
    assert.deepEqual(types, [4006])
    await assert.rejects(session.write(Buffer.alloc(10)), KvsError)
  })
})

/** putMedia() takes a stream that is there: it does not create it. */
async function createStream(t: TestContext, { local }: TestEndpoint): Promise<void> {
  const { control } = await sdkClients(t, local)
  await control.send(new CreateStreamCommand({ StreamName: 'library', DataRetentionInHours: 2 }))
}

function framesOf({ timecode, frames }: StoredCluster) {
  return { timecode, frames }
}

/** Three seconds with a key frame every second, Clusters at each of them. */
async function recording(t: TestContext, writer: 'ffmpeg' | 'mkvmerge', sound: boolean): Promise<string> {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'ffmpeg.mkv')
  const tone = sound ? ['-f', 'lavfi', '-i', 'sine=r=48000:d=3'] : []
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=3', ...tone]
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-bf', '0']
  await ffmpeg(...sources, ...video, '-c:a', 'aac', '-cluster_time_limit', '1000', file)
  if (writer === 'ffmpeg') return file
  const muxed = join(folder, 'mkvmerge.mkv')
  await mux(muxed, '--cluster-length', '1000ms', file)
  return muxed
}

interface TimedFrame {
  readonly pts: number
  readonly dts: number
  readonly data: Buffer
}

/** Pictures with two B-frames between references, in decoding order, as an encoder hands them out. */
async function bFrames(t: TestContext): Promise<readonly TimedFrame[]> {
  const file = join(await temporaryFolder(t), 'b.mkv')
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=4']
  const coding = ['-c:v', 'libx264', '-preset', 'fast', '-g', '50', '-bf', '2', '-sc_threshold', '0']
  await ffmpeg(...source, ...coding, file)
  const parsed = clustersOf(await readFile(file))
  const avcC = Buffer.from(parsed[0]?.tracks[0]?.codecPrivate ?? [])
  const frames = parsed.flatMap((cluster) => cluster.frames)
  return frames.map((frame, n) => {
    const units = sizedUnits(frame.data).flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit])
    const sets = frame.key ? parameterSets(avcC).flatMap((unit) => [Buffer.of(0, 0, 0, 1), unit]) : []
    return { pts: frame.timeMs, dts: n * 40 - 80, data: Buffer.concat([...sets, ...units]) }
  })
}

/** SPS and PPS out of an avcC with one of each (ISO/IEC 14496-15 section 5.3.3.1). */
function parameterSets(avcC: Buffer): readonly Buffer[] {
  const spsEnd = 8 + avcC.readUInt16BE(6)
  const ppsEnd = spsEnd + 3 + avcC.readUInt16BE(spsEnd + 1)
  return [avcC.subarray(8, spsEnd), avcC.subarray(spsEnd + 3, ppsEnd)]
}
