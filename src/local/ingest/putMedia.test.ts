import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceLimits } from './limits.ts'
import * as media from './testing/media.ts'
import { bodyOf, brief, everything, newBench, newSession, startMs } from './testing/session.ts'

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

const many = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`tag${i}`, 'x']))
const good = fullCluster(1000)
const wrong: Record<string, { body: Buffer; error: string; relative?: number | null }> = {
  'no Matroska': { body: Buffer.from('hello'), error: 'ERROR 4006' },
  'garbage after the header': { body: Buffer.concat([header(), Buffer.from([0])]), error: 'ERROR 4006' },
  'a body cut inside a frame': {
    body: Buffer.concat([header(), good.subarray(0, good.length - 1)]),
    error: 'ERROR 4006 at 1000',
  },
  'a second EBML header': { body: Buffer.concat([header(), good, header()]), error: 'ERROR 4006 at 1000' },
  'a second Segment': { body: Buffer.concat([header(), media.open(0x18538067)]), error: 'ERROR 4006' },
  'a second Tracks': { body: Buffer.concat([header(), media.tracksElement([{ number: 3 }])]), error: 'ERROR 4006' },
  'Tracks after a Cluster': {
    body: Buffer.concat([header(), good, media.tracksElement([])]),
    error: 'ERROR 4006 at 1000',
  },
  'a Cluster without tracks': { body: Buffer.concat([header({ tracks: [] }), good]), error: 'ERROR 4006' },
  'the same track twice': { body: header({ tracks: [{ number: 1 }, { number: 1 }] }), error: 'ERROR 4006' },
  'a Cluster without a timecode': {
    body: Buffer.concat([header(), media.open(0x1f43b675), block(1, 0)]),
    error: 'ERROR 4006',
  },
  'an empty Cluster without a timecode': {
    body: Buffer.concat([header(), media.open(0x1f43b675)]),
    error: 'ERROR 4006',
  },
  'a timecode scale of 0': { body: header({ scaleNs: 0 }), error: 'ERROR 4006' },
  'four tracks': { body: header({ tracks: [1, 2, 3, 4].map((number) => ({ number })) }), error: 'ERROR 4005' },
  'an undeclared track': {
    body: Buffer.concat([header(), cluster(1000, [block(1, 0), block(3, 0)])]),
    error: 'ERROR 4010 at 1000',
  },
  'a track without a frame': {
    body: Buffer.concat([header(), cluster(1000, [block(1, 0), block(1, 40)])]),
    error: 'ERROR 4011 at 1000',
  },
  'a Cluster without frames': { body: Buffer.concat([header(), cluster(1000, [])]), error: 'ERROR 4011 at 1000' },
  'the same timecode again': { body: Buffer.concat([header(), good, good]), error: 'ERROR 4004 at 1000' },
  'the same timecode again, with frames that are later all the same': {
    body: Buffer.concat([header(), cluster(1000, [block(1, -9), block(2, -9)]), cluster(1000, [block(1, 0)])]),
    error: 'ERROR 4004 at 1000',
  },
  'a frame not after the fragment before': {
    body: Buffer.concat([header(), good, cluster(2000, [block(1, 501)])]),
    error: 'ERROR 4004 at 2000',
  },
  'a fragment longer than 20 s': {
    body: Buffer.concat([header(), cluster(1000, [block(1, 0), block(1, 20_001)])]),
    error: 'ERROR 4002 at 1000',
  },
  'a fragment longer than 20 s with its end first': {
    body: Buffer.concat([header(), cluster(10_000, [block(1, 19_999), block(1, -2)])]),
    error: 'ERROR 4002 at 10000',
  },
  'a frame that makes the fragment too large': {
    body: Buffer.concat([
      header(),
      cluster(1000, [media.idOf(0xa3), media.sizeOf(50_000_000, 8), Buffer.from('81000080', 'hex')]),
    ]),
    error: 'ERROR 4001 at 1000',
  },
  'too many tags': { body: Buffer.concat([header(), good, tags(many)]), error: 'ERROR 4009 at 1000' },
  'a tag name too long': {
    body: Buffer.concat([header(), good, tags({ ['ä'.repeat(65)]: '' })]),
    error: 'ERROR 4009 at 1000',
  },
  'a tag value too long': {
    body: Buffer.concat([header(), good, tags({ a: 'x'.repeat(257) })]),
    error: 'ERROR 4009 at 1000',
  },
  'a reserved tag name': { body: Buffer.concat([header(), good, tags({ AWS_X: '' })]), error: 'ERROR 4009 at 1000' },
  'a RELATIVE session without a start': {
    body: Buffer.concat([header(), good]),
    error: 'ERROR 4007 at 1000',
    relative: null,
  },
  'a start that is no time': { body: Buffer.concat([header(), good]), error: 'ERROR 4007 at 1000', relative: -5 },
  'a timecode beyond all time': {
    body: Buffer.concat([header(), cluster(2 ** 53 - 1, [block(1, 0)])]),
    error: 'ERROR 4007 at 9007199254740991',
  },
  'endless bytes before the first Cluster': {
    body: Buffer.concat([header(), media.element(0xec, Buffer.alloc(4_200_000))]),
    error: 'ERROR 4006',
  },
}

for (const [name, { body, error, relative }] of Object.entries(wrong)) {
  test(`refused: ${name}`, async () => {
    const options = relative === undefined ? {} : ({ timecodeType: 'RELATIVE', startTimestampMs: relative } as const)
    const { session, acks, closes, timers } = await newBench(options)
    await session.push(body)
    await session.endOfBody()
    assert.equal(brief(acks).pop(), error)
    assert.equal(brief(acks).filter((ack) => ack.startsWith('ERROR')).length, 1)
    assert.deepEqual(closes, [acks.length], 'closed once, after the error')
    assert.equal(timers.pending, 0)
    await session.push(good)
    assert.deepEqual(closes, [acks.length], 'what follows is ignored')
  })
}

test('what a muxer counts of each track is stored, and is no tag of the producer', async () => {
  const { session, acks, stream } = await newBench()
  const statistics = [tags(many, 1), tags(many, 2)]
  const last = Buffer.concat([fullCluster(3000), ...statistics])
  await session.push(Buffer.concat([header(), fullCluster(1000), last]))
  await session.endOfBody()
  assert.deepEqual(brief(acks).at(-1), 'PERSISTED 3000')
  assert.equal(stream.latest?.sizeBytes, last.length)
})

test('within the limits: 10 tags, the reserved ones besides, 20 s, frames in any order', async () => {
  const { session, acks } = await newBench()
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${'n'.repeat(126)}${i}`, 'v'.repeat(256)]))
  const notification = tags({ AWS_KINESISVIDEO_NOTIFICATION: '', AWS_KINESISVIDEO_IMAGE_GENERATION: '' })
  const long = cluster(1000, [block(1, 0), block(1, 20_000), block(2, 500), block(1, 80), block(1, 40)])
  await session.push(Buffer.concat([header(), tags(many), long, tags(ten), notification, endOfFragment]))
  await session.push(Buffer.concat([tags(ten), cluster(21_001, [block(1, 0), block(2, 0)])]))
  await session.endOfBody()
  assert.deepEqual(
    brief(acks).filter((ack) => ack.startsWith('R')),
    ['RECEIVED 1000', 'RECEIVED 21001'],
  )
  assert.deepEqual(
    brief(acks).filter((ack) => ack.startsWith('ERROR')),
    [],
  )
})

test('without limits only what breaks the format is refused', async () => {
  const { session, acks } = await newBench({ limits: 'off' })
  const tracks = [1, 2, 3, 4].map((number) => ({ number }))
  const blocks = [block(1, 0), block(2, 0), block(3, 0), block(4, 0), block(1, 30_000)]
  await session.push(Buffer.concat([header({ tracks }), cluster(1000, blocks), tags(many), cluster(1000, blocks)]))
  await session.endOfBody()
  assert.equal(brief(acks).pop(), 'ERROR 4004 at 1000')
  assert.ok(brief(acks).includes('PERSISTED 1000'))
})

test('an error is told after the acks of the fragments before it', async () => {
  const { session, acks } = await newBench()
  await session.push(Buffer.concat([header(), good, cluster(3000, [block(3, 0)])]))
  await session.done
  assert.deepEqual(brief(acks), [
    'BUFFERING 1000',
    'RECEIVED 1000',
    'BUFFERING 3000',
    'PERSISTED 1000',
    'ERROR 4010 at 3000',
  ])
})

test('a disk that fails: ERROR 5001, and the next session stores again', async () => {
  const bench = await newBench()
  await bench.session.push(Buffer.concat([header(), good]))
  bench.files.failWith = 'ENOSPC'
  await bench.session.endOfBody()
  assert.deepEqual(brief(bench.acks), ['BUFFERING 1000', 'RECEIVED 1000', 'ERROR 5001 at 1000'])
  assert.deepEqual(bench.closes, [3])
  bench.files.failWith = null
  const next = newSession(bench.store, bench.files)
  await next.session.push(Buffer.concat([header(), good]))
  await next.session.endOfBody()
  assert.deepEqual(brief(next.acks), ['BUFFERING 1000', 'RECEIVED 1000', 'PERSISTED 1000'])
  assert.equal(bench.stream.fragments().length, 1)
})

test('silence: IDLE every 5 s, the end after 30 s, with the fragment completed', async () => {
  const { session, acks, timers, closes } = await newBench()
  timers.advance(4000)
  await session.push(Buffer.concat([header(), good]))
  timers.advance(29_999)
  assert.deepEqual(brief(acks), ['BUFFERING 1000', 'IDLE', 'IDLE', 'IDLE', 'IDLE', 'IDLE'])
  timers.advance(1)
  await session.done
  assert.deepEqual(brief(acks).slice(6), ['RECEIVED 1000', 'PERSISTED 1000'])
  assert.deepEqual([closes, timers.pending], [[8], 0])
})

test('silence inside a frame ends in a read error, so that it is sent again', async () => {
  const { session, acks, timers } = await newBench()
  await session.push(Buffer.concat([header(), good.subarray(0, good.length - 1)]))
  timers.advance(30_000)
  await session.done
  assert.equal(brief(acks).pop(), 'ERROR 4000 at 1000')
})

test('after 45 minutes: ERROR 4003', async () => {
  const { session, acks, timers } = await newBench({
    limits: { ...serviceLimits, idleCloseMs: Number.POSITIVE_INFINITY },
  })
  await session.push(Buffer.concat([header(), good]))
  timers.advance(45 * 60_000 - 1)
  assert.equal(brief(acks).pop(), 'IDLE')
  timers.advance(1)
  await session.done
  assert.equal(brief(acks).pop(), 'ERROR 4003 at 1000')
})

test('the stream is deleted: ERROR 4008 at once', async () => {
  const { session, acks, store, stream, closes } = await newBench()
  await session.push(Buffer.concat([header(), good]))
  session.streamDeleted()
  assert.deepEqual(brief(acks), ['BUFFERING 1000', 'ERROR 4008'])
  assert.deepEqual(closes, [2])
  await store.delete('camera')
  await session.done
  assert.equal(stream.closed, true)
})

test('a broken connection: what is whole is stored, what is not is dropped, nobody is told', async () => {
  const { session, acks, stream, closes, timers } = await newBench()
  await session.push(Buffer.concat([header(), good, fullCluster(3000)]))
  const before = acks.length
  await session.aborted()
  assert.equal(acks.length, before)
  assert.deepEqual(closes, [])
  assert.deepEqual(
    stream.fragments().map(({ timecode }) => timecode),
    [1000],
  )
  assert.equal(timers.pending, 0)
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
