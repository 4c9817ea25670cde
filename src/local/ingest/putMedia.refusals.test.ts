/** Bodies that break a rule of the service, each with its error, and bodies that just do not. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as media from './testing/media.ts'
import { brief, newBench } from './testing/session.ts'

const { block, cluster, endOfFragment, fullCluster, header, tags } = media

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
