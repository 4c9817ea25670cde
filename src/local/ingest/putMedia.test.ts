import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as media from './testing/media.ts'
import { bodyOf, brief, everything, newBench, startMs } from './testing/session.ts'

const { block, cluster, endOfFragment, fullCluster, header, tags } = media

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('one fragment after the other: buffering, received, persisted, and stored byte for byte', async () => {
  const { session, acks, stream, closes } = await newBench()
  const clusters = [fullCluster(1000), Buffer.concat([fullCluster(3000), tags({ place: 'door' })]), fullCluster(5000)]
  await session.push(Buffer.concat([header(), ...clusters]))
  await session.endOfBody()
  for (const timecode of [1000, 3000, 5000]) {
    const own = brief(acks).filter((ack) => ack.endsWith(` ${timecode}`))
    assert.deepEqual(own, [`BUFFERING ${timecode}`, `RECEIVED ${timecode}`, `PERSISTED ${timecode}`])
  }
  assert.deepEqual(
    brief(acks).filter((ack) => ack.startsWith('PERSISTED')),
    ['PERSISTED 1000', 'PERSISTED 3000', 'PERSISTED 5000'],
  )
  assert.deepEqual(closes, [9])
  const stored = await everything(stream)
  assert.deepEqual(
    stored.map(({ body }) => body),
    clusters.map((bytes) => bytes.toString('hex')),
  )
  assert.ok(stored.every((fragment) => fragment.header === header().toString('hex')))
  const numbers = stream.fragments().map((fragment) => fragment.number)
  assert.deepEqual(
    acks.flatMap((ack) => (ack.type === 'PERSISTED' ? [ack.number] : [])),
    numbers,
  )
})

test('the record of a fragment: times, length, size, tracks', async () => {
  const { session, stream, timers } = await newBench({ timecodeType: 'RELATIVE', startTimestampMs: 1_600_000_000_123 })
  await session.push(header())
  timers.advance(700)
  await session.push(fullCluster(2000))
  timers.advance(900)
  await session.endOfBody()
  const [fragment] = stream.fragments()
  assert.equal(fragment?.timecode, 2000)
  assert.equal(fragment?.producerMs, 1_600_000_002_123)
  assert.equal(fragment?.serverMs, startMs + 700, 'when it began to arrive')
  assert.equal(fragment?.lengthMs, 2001, 'up to the end of the last frame')
  assert.equal(fragment?.sizeBytes, fullCluster(2000).length)
  assert.deepEqual(
    fragment?.segment.tracks.map(({ number, type, codecId }) => [number, type, codecId]),
    [
      [1, 'video', 'V_MPEG4/ISO/AVC'],
      [2, 'audio', 'A_AAC'],
    ],
  )
})

test('the timecode scale counts: acks carry the timecode as sent, records milliseconds', async () => {
  const { session, acks, stream } = await newBench()
  const tracks = [{ number: 1 }]
  await session.push(
    Buffer.concat([header({ tracks, scaleNs: 10_000_000 }), cluster(500, [block(1, 0), block(1, 20)])]),
  )
  await session.endOfBody()
  assert.equal(brief(acks)[0], 'BUFFERING 500')
  assert.equal(stream.latest?.producerMs, 5000)
  assert.equal(stream.latest?.lengthMs, 400)
})

test('the end-of-fragment tag completes a fragment while the session goes on', async () => {
  const { session, acks, stream, closes } = await newBench()
  const first = Buffer.concat([fullCluster(1000), tags({ a: 'b' }), endOfFragment])
  await session.push(Buffer.concat([header(), first]))
  await settle()
  assert.deepEqual(brief(acks), ['BUFFERING 1000', 'RECEIVED 1000', 'PERSISTED 1000'])
  assert.deepEqual(closes, [])
  const late = tags({ late: 'tag' })
  await session.push(Buffer.concat([endOfFragment, late, fullCluster(3000)]))
  await session.endOfBody()
  const bodies = (await everything(stream)).map(({ body }) => body)
  assert.deepEqual(
    bodies,
    [first, Buffer.concat([endOfFragment, late, fullCluster(3000)])].map((b) => b.toString('hex')),
  )
})

test('a header with tags and no Cluster is a session without acks', async () => {
  const { session, acks, stream, closes } = await newBench()
  await session.push(Buffer.concat([header(), tags({ encoder: 'x' }), endOfFragment]))
  await session.endOfBody()
  assert.deepEqual([acks, closes, stream.latest], [[], [0], null])
})

test('an empty body is a session without acks', async () => {
  const { session, acks, closes } = await newBench()
  await session.endOfBody()
  assert.deepEqual([acks, closes], [[], [0]])
})

test('known sizes, also of the Segment, and what muxers put between are taken as they are', async () => {
  const { session, acks, stream } = await newBench()
  const cues = media.element(0x1c53bb6b, Buffer.alloc(40))
  const voids = media.element(0xec, Buffer.alloc(30))
  const inside = Buffer.concat([
    media.element(0x1549a966, [media.uint(0x2ad7b1, 1_000_000)]),
    voids,
    media.tracksElement([{ number: 1 }]),
    tags({ ENCODER: 'Lavf' }),
  ])
  const clusters = [media.sizedCluster(0, [block(1, 0)]), Buffer.concat([media.sizedCluster(40, [block(1, 0)]), cues])]
  const segment = media.element(0x18538067, [inside, ...clusters])
  await session.push(Buffer.concat([media.ebmlHeader(), segment]))
  await session.endOfBody()
  assert.deepEqual(
    brief(acks).filter((ack) => !ack.startsWith('P')),
    ['BUFFERING 0', 'RECEIVED 0', 'BUFFERING 40', 'RECEIVED 40'],
  )
  assert.deepEqual(
    (await everything(stream)).map(({ body }) => body),
    clusters.map((bytes) => bytes.toString('hex')),
  )
})

test('retention 0: nothing is PERSISTED, and yet it can be read', async () => {
  const { session, acks, stream } = await newBench({ retentionHours: 0 })
  await session.push(Buffer.concat([header(), fullCluster(1000)]))
  await session.endOfBody()
  assert.deepEqual(brief(acks), ['BUFFERING 1000', 'RECEIVED 1000'])
  assert.equal(stream.fragments().length, 1)
})

test('rates that the service would not take are warned of, once', async () => {
  const { session, acks, warnings, timers } = await newBench()
  await session.push(header({ tracks: [{ number: 1 }] }))
  for (let i = 0; i < 20; i++) {
    await session.push(cluster(i * 100, [block(1, 0, Buffer.alloc(1_000_000))]))
    timers.advance(10)
  }
  await session.endOfBody()
  assert.equal(warnings.length, 2)
  assert.deepEqual(
    brief(acks).filter((ack) => ack.startsWith('ERROR')),
    [],
  )
})

test('a slow disk holds the producer back; waiting is not silence; memory stays bounded', async () => {
  const { session, acks, timers, files, stream } = await newBench()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  files.beforeSync = () => held
  await session.push(header({ tracks: [{ number: 1 }] }))
  await session.push(cluster(1000, []))
  const frame = block(1, 0, Buffer.alloc(60_000))
  let wait: Promise<void> | null = null
  let taken = 0
  for (; wait === null; taken += frame.length) wait = session.push(frame)
  assert.ok(taken < 2_000_000, `${taken} bytes were taken`)
  timers.advance(120_000)
  assert.deepEqual(brief(acks), ['BUFFERING 1000'])
  release()
  await wait
  assert.equal(session.push(block(1, 40)), null)
  await session.endOfBody()
  assert.equal(brief(acks).pop(), 'PERSISTED 1000')
  assert.equal(
    (await bodyOf(stream, stream.fragments()[0] ?? assert.fail())).length,
    taken + cluster(1000, []).length + block(1, 40).length,
  )
})

test('many small fragments hold the producer back too', async () => {
  const { session, files } = await newBench({ limits: 'off' })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  files.beforeSync = () => held
  await session.push(header({ tracks: [{ number: 1 }] }))
  let sent = 0
  let wait: Promise<void> | null = null
  while (wait === null && sent < 100) wait = session.push(cluster(++sent * 100, [block(1, 0)]))
  assert.ok(sent < 20, `${sent} fragments were taken`)
  release()
  await wait
  await session.endOfBody()
})
