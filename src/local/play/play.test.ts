import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MatroskaReader } from '../../core/mux/reader.ts'
import { ServiceError } from '../errors.ts'
import * as media from '../ingest/testing/media.ts'
import { type Bench, newBench, newSession, startMs } from '../ingest/testing/session.ts'
import { openSegment, serviceTags } from './chunks.ts'
import { getMedia } from './getMedia.ts'
import { getMediaForFragmentList } from './getMediaForFragmentList.ts'
import { listFragments } from './listFragments.ts'
import { exportMatroska, playableRuns } from './matroska.ts'

const { fullCluster, header } = media
const known = media.header({ segment: Buffer.concat([media.idOf(0x18538067), media.sizeOf(1_000_000, 4)]) })

/** Fragments of 2 s, received every 2 s from `startMs` on, with producer timestamps from 10 000 on. */
async function recorded(count: number, head: Buffer = header()): Promise<Bench> {
  const bench = await newBench()
  await bench.session.push(head)
  for (let i = 0; i < count; i++) {
    await bench.session.push(Buffer.concat([fullCluster(10_000 + i * 2000), media.endOfFragment]))
    bench.timers.advance(2000)
  }
  await until(() => bench.stream.fragments().length === count)
  return bench
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** What a consumer reads out of documents: each with its tags in order and the timecodes of its clusters. */
interface Document {
  readonly tags: [string, string][]
  readonly clusters: number[]
}

function documentsOf(bytes: Uint8Array): Document[] {
  const documents: Document[] = []
  const last = () => documents[documents.length - 1] ?? assert.fail('no document')
  const reader = new MatroskaReader({
    ebml: () => documents.push({ tags: [], clusters: [] }),
    tag: (name, value) => name.includes('END_OF') || last().tags.push([name.replace('AWS_KINESISVIDEO_', ''), value]),
    timecode: (timecode) => last().clusters.push(timecode),
  })
  reader.push(bytes)
  reader.end()
  return documents
}

/** Reads until there are `count` complete documents, then leaves. */
async function take(read: (gone: AbortSignal) => AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const gone = new AbortController()
  const pieces: Uint8Array[] = []
  let complete = 0
  for await (const piece of read(gone.signal)) {
    pieces.push(piece)
    if (Buffer.from(piece).includes('CONTINUATION_TOKEN') || Buffer.from(piece).includes('ERROR_ID')) complete++
    if (complete === count) gone.abort()
  }
  return Buffer.concat(pieces)
}

function timecodes(bytes: Buffer): number[] {
  return documentsOf(bytes).flatMap(({ clusters }) => clusters)
}

test('a chunk is header, tags, the cluster, tags, every byte as recorded answers have them', async () => {
  const { stream } = await recorded(2, known)
  const [first] = stream.fragments()
  const number = first?.number ?? ''
  const read = getMedia({ StartSelector: { StartSelectorType: 'EARLIEST' } }, stream)
  const opened = Buffer.from(known)
  opened.set([0x1f, 0xff, 0xff, 0xff], opened.indexOf('18538067', 0, 'hex') + 4)
  const before = serviceTags([
    { name: 'FRAGMENT_NUMBER', value: number },
    { name: 'SERVER_TIMESTAMP', value: '1700000000.000' },
    { name: 'PRODUCER_TIMESTAMP', value: '10.000' },
  ])
  const after = serviceTags([
    { name: 'MILLIS_BEHIND_NOW', value: '2000' },
    { name: 'CONTINUATION_TOKEN', value: number },
  ])
  const expected = Buffer.concat([opened, before, fullCluster(10_000), media.endOfFragment, after])
  assert.equal((await take(read, 1)).toString('hex'), expected.toString('hex'))
})

test('the tags of the service have sizes of 4 bytes', () => {
  const bytes = serviceTags([
    { name: 'FRAGMENT_NUMBER', value: '9'.repeat(47) },
    { name: 'SERVER_TIMESTAMP', value: '1511852109.126' },
    { name: 'PRODUCER_TIMESTAMP', value: '1511852108.513' },
  ])
  assert.equal(Buffer.from(bytes.subarray(0, 20)).toString('hex'), '1254c367100000eb7373100000e567c81000005b')
  assert.equal(bytes.length, 8 + 0xeb)
})

test('a Segment of known size becomes one of unknown size in the same width', () => {
  for (let width = 1; width <= 8; width++) {
    const start = Buffer.concat([media.ebmlHeader(), media.idOf(0x18538067)])
    const opened = openSegment(Buffer.concat([start, media.sizeOf(100, width), media.element(0xec, Buffer.alloc(9))]))
    const unknown = Buffer.alloc(width, 0xff)
    unknown[0] = 0xff >> (width - 1)
    assert.deepEqual(Buffer.from(opened), Buffer.concat([start, unknown, media.element(0xec, Buffer.alloc(9))]))
  }
})

const starts: [string, object, number[]][] = [
  ['EARLIEST', {}, [10_000, 12_000, 14_000, 16_000]],
  ['NOW', {}, [16_000]],
  ['SERVER_TIMESTAMP', { StartTimestamp: startMs / 1000 + 2 }, [12_000, 14_000, 16_000]],
  ['SERVER_TIMESTAMP', { StartTimestamp: startMs / 1000 + 3.9 }, [12_000, 14_000, 16_000]],
  ['PRODUCER_TIMESTAMP', { StartTimestamp: 0 }, [10_000, 12_000, 14_000, 16_000]],
  ['PRODUCER_TIMESTAMP', { StartTimestamp: 14.5 }, [14_000, 16_000]],
]

for (const [type, more, expected] of starts) {
  test(`starts at ${type} ${JSON.stringify(more)}`, async () => {
    const { stream } = await recorded(4)
    const read = getMedia({ StartSelector: { StartSelectorType: type, ...more } }, stream)
    assert.deepEqual(timecodes(await take(read, expected.length)), expected)
  })
}

test('goes on after a fragment number or a continuation token', async () => {
  const { stream } = await recorded(3)
  const [first, second] = stream.fragments().map(({ number }) => number)
  const after = { StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: `00${first}` }
  assert.deepEqual(timecodes(await take(getMedia({ StartSelector: after }, stream), 2)), [12_000, 14_000])
  const token = { StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: second }
  assert.deepEqual(timecodes(await take(getMedia({ StartSelector: token }, stream), 1)), [14_000])
})

test('follows a live stream; NOW begins with the latest fragment, however old', async () => {
  const bench = await recorded(2)
  const live = take(getMedia({ StartSelector: { StartSelectorType: 'NOW' } }, bench.stream), 3)
  const all = take(getMedia({ StartSelector: { StartSelectorType: 'EARLIEST' } }, bench.stream), 4)
  const next = newSession(bench.store, bench.files)
  await next.session.push(Buffer.concat([header(), fullCluster(20_000), fullCluster(22_000)]))
  await next.session.endOfBody()
  assert.deepEqual(timecodes(await live), [12_000, 20_000, 22_000])
  const documents = documentsOf(await all)
  assert.deepEqual(
    documents.map(({ clusters }) => clusters),
    [[10_000], [12_000], [20_000], [22_000]],
  )
  assert.deepEqual(
    documents.map(({ tags }) => tags.map(([name]) => name)),
    Array(4).fill([
      'FRAGMENT_NUMBER',
      'SERVER_TIMESTAMP',
      'PRODUCER_TIMESTAMP',
      'MILLIS_BEHIND_NOW',
      'CONTINUATION_TOKEN',
    ]),
  )
  assert.equal(documents[3]?.tags.find(([name]) => name === 'MILLIS_BEHIND_NOW')?.[1], '0')
})

test('reading ends when the consumer goes, and when the stream is deleted', async () => {
  const { stream, store } = await recorded(1)
  const gone = new AbortController()
  const after = { StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: stream.latest?.number }
  const wait = (signal: AbortSignal) => getMedia({ StartSelector: after }, stream)(signal).next()
  const waiting = wait(gone.signal)
  gone.abort()
  assert.deepEqual(await waiting, { value: undefined, done: true })
  const reading = wait(new AbortController().signal)
  await store.delete('camera')
  assert.deepEqual(await reading, { value: undefined, done: true })
})

test('a fragment that expires while the consumer is slow is told of, and reading goes on', async () => {
  const bench = await recorded(1)
  await bench.session.endOfBody()
  const gone = new AbortController()
  const read = getMedia({ StartSelector: { StartSelectorType: 'EARLIEST' } }, bench.stream)(gone.signal)
  const first = bench.stream.fragments()[0]
  const original = bench.stream.openFragment.bind(bench.stream)
  bench.stream.openFragment = async (fragment) => {
    await bench.stream.expire(startMs + 5000, { maxAgeMs: 1000 })
    return await original(fragment)
  }
  const { value } = await read.next()
  assert.deepEqual(documentsOf(value ?? Buffer.alloc(0)), [
    {
      clusters: [],
      tags: [
        ['FRAGMENT_NUMBER', first?.number],
        ['ERROR_CODE', 'Requested fragment is not found'],
        ['ERROR_ID', '4000'],
      ],
    },
  ])
  gone.abort()
  assert.equal((await read.next()).done, true)
})

const badStarts = [
  {},
  { StartSelector: 'NOW' },
  { StartSelector: {} },
  { StartSelector: { StartSelectorType: 'LATER' } },
  { StartSelector: { StartSelectorType: 'FRAGMENT_NUMBER' } },
  { StartSelector: { StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: 'x1' } },
  { StartSelector: { StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: '1'.repeat(129) } },
  { StartSelector: { StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: '' } },
  { StartSelector: { StartSelectorType: 'SERVER_TIMESTAMP' } },
  { StartSelector: { StartSelectorType: 'PRODUCER_TIMESTAMP', StartTimestamp: 'now' } },
]

test('GetMedia requests that break a constraint are refused before the answer begins', async () => {
  const { stream } = await recorded(0)
  for (const request of badStarts) {
    assert.throws(() => getMedia(request, stream), isInvalidArgument, JSON.stringify(request))
  }
})

function isInvalidArgument(error: unknown): boolean {
  return error instanceof ServiceError && error.type === 'InvalidArgumentException' && error.status === 400
}

function listed(type: string, from: number, to: number): object {
  return {
    FragmentSelector: { FragmentSelectorType: type, TimestampRange: { StartTimestamp: from, EndTimestamp: to } },
  }
}

test('ListFragments: both ends included, by either timestamp, with the fields of the API', async () => {
  const { stream } = await recorded(4)
  const { Fragments, NextToken } = listFragments({ ...listed('PRODUCER_TIMESTAMP', 12, 14) }, stream, 24)
  assert.deepEqual(
    Fragments.map(({ ProducerTimestamp }) => ProducerTimestamp),
    [12, 14],
  )
  assert.equal(NextToken, null)
  const server = startMs / 1000
  const byServer = listFragments({ ...listed('SERVER_TIMESTAMP', server + 4.001, server + 6) }, stream, 24)
  assert.deepEqual(byServer.Fragments, [
    {
      FragmentNumber: stream.latest?.number,
      FragmentSizeInBytes: fullCluster(16_000).length + media.endOfFragment.length,
      ProducerTimestamp: 16,
      ServerTimestamp: server + 6,
      FragmentLengthInMilliseconds: 2001,
    },
  ])
  assert.deepEqual(listFragments({ ...listed('SERVER_TIMESTAMP', 0, server + 9) }, stream, 0).Fragments, [])
})

test('ListFragments: pages hold every fragment once, also when more come between', async () => {
  const bench = await recorded(7)
  const numbers: string[] = []
  let token: string | null = null
  let pages = 0
  do {
    const request: object = token === null ? listed('PRODUCER_TIMESTAMP', 0, 1e6) : { NextToken: token }
    const page = listFragments({ ...request, MaxResults: 3 }, bench.stream, 24)
    assert.ok(page.Fragments.length <= 3 && page.Fragments.length > 0)
    numbers.push(...page.Fragments.map(({ FragmentNumber }) => FragmentNumber))
    token = page.NextToken
    if (++pages === 1) await bench.session.push(Buffer.concat([fullCluster(60_000), media.endOfFragment]))
    await until(() => bench.stream.fragments().length === 8)
  } while (token !== null)
  assert.deepEqual(
    numbers,
    bench.stream.fragments().map(({ number }) => number),
  )
  assert.equal(pages, 3)
})

test('ListFragments refuses what breaks a constraint', async () => {
  const { stream } = await recorded(0)
  const requests: object[] = [
    {},
    listed('TIME', 0, 1),
    listed('SERVER_TIMESTAMP', 2, 1),
    { FragmentSelector: { FragmentSelectorType: 'SERVER_TIMESTAMP' } },
    { ...listed('SERVER_TIMESTAMP', 0, 1), MaxResults: 0 },
    { ...listed('SERVER_TIMESTAMP', 0, 1), MaxResults: 1001 },
    { NextToken: 'rubbish' },
    { NextToken: Buffer.from('["TIME",0,1,"5"]').toString('base64') },
    { NextToken: 5 },
  ]
  for (const request of requests) {
    assert.throws(() => listFragments({ ...request }, stream, 24), isInvalidArgument, JSON.stringify(request))
  }
})

test('GetMediaForFragmentList: in the order asked for, what is missing told of in its place', async () => {
  const { stream } = await recorded(3)
  const numbers = stream.fragments().map(({ number }) => number)
  const read = getMediaForFragmentList({ Fragments: [numbers[2], '123', numbers[0]] }, stream, 24)
  const pieces: Uint8Array[] = []
  for await (const piece of read(new AbortController().signal)) pieces.push(piece)
  const documents = documentsOf(Buffer.concat(pieces))
  assert.deepEqual(
    documents.map(({ clusters }) => clusters),
    [[14_000], [], [10_000]],
  )
  assert.deepEqual(documents[0]?.tags, [
    ['FRAGMENT_NUMBER', numbers[2]],
    ['SERVER_SIDE_TIMESTAMP', '1700000004.000'],
    ['PRODUCER_SIDE_TIMESTAMP', '14.000'],
    ['SERVER_TIMESTAMP', '1700000004.000'],
    ['PRODUCER_TIMESTAMP', '14.000'],
  ])
  assert.deepEqual(
    documents[1]?.tags.map(([name, value]) => (name === 'FRAGMENT_NUMBER' ? value : name)),
    ['123', 'EXCEPTION_ERROR_CODE', 'EXCEPTION_MESSAGE'],
  )
  const none = getMediaForFragmentList({ Fragments: [numbers[0]] }, stream, 0)(new AbortController().signal)
  assert.deepEqual(documentsOf((await none.next()).value ?? Buffer.alloc(0))[0]?.clusters, [])
  for (const Fragments of [undefined, [], ['x'], [5], 'x', Array(1001).fill('1')]) {
    assert.throws(() => getMediaForFragmentList({ Fragments }, stream, 24), isInvalidArgument)
  }
})

test('one file: one header, every cluster; a new header or an older timecode starts another', async () => {
  const bench = await recorded(2, known)
  const again = newSession(bench.store, bench.files)
  await again.session.push(Buffer.concat([known, fullCluster(12_000), fullCluster(14_000), media.endOfFragment]))
  await again.session.aborted()
  const other = newSession(bench.store, bench.files)
  await other.session.push(Buffer.concat([header(), fullCluster(16_000)]))
  await other.session.endOfBody()
  const runs = await playableRuns(bench.stream, bench.stream.fragments())
  assert.deepEqual(
    runs.map((run) => run.map(({ timecode }) => timecode)),
    [[10_000, 12_000], [12_000, 14_000], [16_000]],
  )
  const pieces: Uint8Array[] = []
  for await (const piece of exportMatroska(bench.stream, runs[0] ?? [])) pieces.push(piece)
  const bodies = [fullCluster(10_000), media.endOfFragment, fullCluster(12_000), media.endOfFragment]
  assert.deepEqual(Buffer.concat(pieces), Buffer.concat([openSegment(known), ...bodies]))
  assert.deepEqual(
    documentsOf(Buffer.concat(pieces)).map(({ clusters }) => clusters),
    [[10_000, 12_000]],
  )
})
