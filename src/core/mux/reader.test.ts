import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type BlockModel,
  block,
  bytesOf,
  ebml,
  encode,
  expected,
  join,
  type Node,
  number,
  string,
  unhex,
} from '../testing/matroskaTree.ts'
import { hex } from '../text.ts'
import { MatroskaError, type ReaderEvents } from './events.ts'
import { MatroskaReader } from './reader.ts'
import type { ReadTrack } from './values.ts'

/** A reader whose events come as lines; data pieces are joined, as their borders follow the pushes. */
function recording(): { reader: MatroskaReader; lines: string[] } {
  const lines: string[] = []
  let data = ''
  const events: ReaderEvents = {
    ebml: (position) => lines.push(`ebml ${position}`),
    segment: (start, at, bytes, size) => lines.push(`segment ${start} ${at} ${bytes} ${size ?? 'unknown'}`),
    info: (scale) => lines.push(`info ${scale}`),
    tracks: (position) => lines.push(`tracks ${position}`),
    track: (track) => lines.push(`track ${describe(track)}`),
    cluster: (position) => lines.push(`cluster ${position}`),
    timecode: (timecode) => lines.push(`timecode ${timecode}`),
    block: (...fields) => lines.push(`block ${fields.join(' ')}`),
    blockData: (bytes) => {
      assert.ok(bytes.length > 0)
      data += hex(bytes)
    },
    blockEnd: () => {
      lines.push(`data ${data}`)
      data = ''
    },
    tags: (position) => lines.push(`tags ${position}`),
    tag: (name, value, ofTrack) => lines.push(`tag ${name}=${value}${ofTrack ? ' of a track' : ''}`),
    tagsEnd: (position) => lines.push(`tagsEnd ${position}`),
    clusterEnd: (position) => lines.push(`clusterEnd ${position}`),
  }
  return { reader: new MatroskaReader(events), lines }
}

function describe(track: ReadTrack): string {
  const { codecPrivate, uid, ...rest } = track
  return JSON.stringify({ ...rest, uid: String(uid), codecPrivate: hex(codecPrivate) })
}

function read(bytes: Uint8Array, cuts: readonly number[] = []): string[] {
  const { reader, lines } = recording()
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    // A copy that is wiped afterwards: whatever is kept must have been copied.
    const piece = Buffer.from(bytes.subarray(from, cut))
    reader.push(piece)
    piece.fill(0xee)
    from = cut
  }
  assert.equal(reader.position, bytes.length)
  reader.end()
  return lines
}

function failure(bytes: Uint8Array, finish = false): MatroskaError {
  const { reader } = recording()
  try {
    reader.push(bytes)
    if (finish) reader.end()
  } catch (error) {
    assert.ok(error instanceof MatroskaError)
    assert.equal(error.code, 'MEDIA_INVALID')
    assert.throws(() => reader.push(new Uint8Array(1)), MatroskaError)
    return error
  }
  return assert.fail('no error')
}

const segment = (body: readonly Node[], rest: Partial<Node> = {}): Node => ({
  id: 0x18538067,
  body,
  opens: (start, content, size) => [`segment ${start} ${start + 4} ${content - start - 4} ${size ?? 'unknown'}`],
  ...rest,
})
const cluster = (body: readonly Node[], rest: Partial<Node> = {}): Node => ({
  id: 0x1f43b675,
  body,
  opens: (start) => [`cluster ${start}`],
  closes: (end) => [`clusterEnd ${end}`],
  ...rest,
})
const timecode = (value: number): Node => ({ ...number(0xe7, value), opens: () => [`timecode ${value}`] })
const info = (scale: number): Node => ({
  id: 0x1549a966,
  body: [{ id: 0x73a4, body: new Uint8Array(16) }, number(0x2ad7b1, scale), string(0x4d80, 'mux')],
  closes: () => [`info ${scale}`],
})
const tags = (pairs: readonly (readonly [string, string])[]): Node => ({
  id: 0x1254c367,
  body: pairs.map(([name, value]) => ({
    id: 0x7373,
    body: [
      { id: 0x63c0, body: [] },
      { id: 0x67c8, body: [string(0x45a3, name), string(0x4487, value)] },
    ],
    closes: () => [`tag ${name}=${value}`],
  })),
  opens: (start) => [`tags ${start}`],
  closes: (end) => [`tagsEnd ${end}`],
})

const videoTrack: Node = {
  id: 0xae,
  body: [
    number(0xd7, 1),
    number(0x73c5, 0xfedcba9876543210n),
    number(0x83, 1),
    number(0x23e383, 40_000_000),
    string(0x536e, 'café'),
    string(0x86, 'V_MPEG4/ISO/AVC\0\0'),
    { id: 0xe0, body: [number(0xb0, 1920), number(0xba, 1080), number(0x9a, 2)] },
    { id: 0x63a2, body: unhex('0142c01e') },
  ],
}
const audioTrack: Node = {
  id: 0xae,
  body: [number(0xd7, 2), number(0x83, 2), string(0x86, 'A_AAC'), { id: 0xe1, body: [] }],
}
const fullAudioTrack: Node = {
  id: 0xae,
  body: [
    number(0x83, 2),
    { id: 0xe1, body: [{ id: 0xb5, body: unhex('47bb8000') }, number(0x9f, 2), number(0x6264, 16)] },
  ],
}

const data = fc.uint8Array({ maxLength: 300 })
const blocks = fc.record({
  track: fc.integer({ min: 1, max: 200 }),
  relative: fc.integer({ min: -32768, max: 32767 }),
  flags: fc.integer({ min: 0, max: 255 }),
  data,
  form: fc.constantFrom<BlockModel['form']>('simple', 'group', 'referenced'),
})
const width = fc.integer({ min: 1, max: 8 })
const clusters = fc
  .tuple(fc.maxSafeNat(), fc.array(blocks, { maxLength: 4 }), fc.boolean(), width, data)
  .map(([time, list, unknown, sizeWidth, junk]) => {
    const passedOver: Node[] = [
      { id: 0xec, body: junk },
      { id: 0x4abc, body: junk, width: sizeWidth },
    ]
    return cluster([timecode(time), ...passedOver, ...list.map(block)], { unknown, width: sizeWidth })
  })
const name = fc.string({ maxLength: 20 }).filter((text) => !text.includes('\0'))
const tagLists = fc.array(fc.tuple(name, name), { maxLength: 3 }).map(tags)
const documents = fc
  .tuple(
    fc.integer({ min: 1, max: 2 ** 40 }),
    fc.array(fc.oneof(clusters, tagLists), { maxLength: 5 }),
    fc.boolean(),
    width,
  )
  .map(([scale, list, unknown, sizeWidth]) => [
    ebml(),
    segment([{ id: 0x114d9b74, body: [number(0x53ab, 1)] }, info(scale), ...list], { unknown, width: sizeWidth }),
  ])
const streams = fc.array(documents, { minLength: 1, maxLength: 3 }).map((list) => list.flat())

test('a stream of any writer is read, however it is cut', () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(), { maxLength: 20 }), (nodes, seeds) => {
      const bytes = join(...nodes.map(encode))
      let at = 0
      const want: string[] = []
      for (const node of nodes) {
        want.push(...expected(node, at))
        at += encode(node).length
      }
      const cuts = seeds.map((seed) => seed % (bytes.length + 1)).sort((a, b) => a - b)
      assert.deepEqual(read(bytes, cuts), want)
      assert.deepEqual(read(bytes, Array.from(bytes.keys()).slice(1)), want)
    }),
    { numRuns: 60 },
  )
})

test('damaged bytes give the documented error or events, never more than was pushed', () => {
  const mutation = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) })
  fc.assert(
    fc.property(streams, fc.array(mutation, { minLength: 1, maxLength: 8 }), (nodes, mutations) => {
      const bytes = join(...nodes.map(encode))
      for (const { at, byte } of mutations) bytes[at % bytes.length] = byte
      let told = 0
      const reader = new MatroskaReader({ blockData: (piece) => (told += piece.length) })
      try {
        reader.push(bytes)
        reader.end()
      } catch (error) {
        assert.ok(error instanceof MatroskaError, String(error))
      }
      assert.ok(told <= bytes.length)
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const { reader } = recording()
      try {
        reader.push(join(unhex('1a45dfa380 18538067ff'), noise))
        reader.end()
      } catch (error) {
        assert.ok(error instanceof MatroskaError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('tracks: every field, defaults, and UIDs beyond 2^53', () => {
  const tracks: Node = { id: 0x1654ae6b, body: [videoTrack, audioTrack, fullAudioTrack] }
  const seen: ReadTrack[] = []
  const reader = new MatroskaReader({ track: (track) => seen.push(track) })
  const bytes = Buffer.from(join(encode(ebml('webm')), encode(segment([tracks]))))
  reader.push(bytes)
  reader.end()
  bytes.fill(0xee)
  const nothing = {
    number: 0,
    uid: 0,
    type: 'other',
    name: '',
    codecId: '',
    codecPrivate: new Uint8Array(0),
    width: 0,
    height: 0,
    sampleRateHz: 0,
    channels: 0,
    bitDepth: 0,
    defaultDurationNs: 0,
  }
  assert.deepEqual(seen, [
    {
      ...nothing,
      number: 1,
      uid: 0xfedcba9876543210n,
      type: 'video',
      name: 'café',
      codecId: 'V_MPEG4/ISO/AVC',
      codecPrivate: unhex('0142c01e'),
      width: 1920,
      height: 1080,
      defaultDurationNs: 40_000_000,
    },
    { ...nothing, number: 2, type: 'audio', codecId: 'A_AAC', sampleRateHz: 8000, channels: 1 },
    { ...nothing, type: 'audio', sampleRateHz: 96_000, channels: 2, bitDepth: 16 },
  ])
})

test('a stream as the C producer writes it', () => {
  const bytes = unhex(
    `1a45dfa3 a3 4286 8101 42f7 8101 42f2 8104 42f3 8108 4282 88 6d6174726f736b61 4287 8102 4285 8102
     18538067 ff 1549a966 4000
     1f43b675 ff e7 88 000001a201ed4046 a7 81 00 a3 01 00000000000006 81 fffe 80 cafe
     1254c367 01 00000000000022 7373 01 00000000000018 67c8 01 0000000000000e 45a3 81 41 4487 01 00000000000000
     1f43b675 ff e7 88 000001a201ed4a00`,
  )
  const want = `ebml 0|segment 40 44 1 unknown|info 1000000|cluster 51|timecode 1795328655430|block 1 -2 128 2|data cafe|clusterEnd 84|tags 84
    |tag A=|tagsEnd 130|cluster 130|timecode 1795328657920|clusterEnd 145`
  assert.deepEqual(read(bytes), want.split(/\s*\|/))
})

test('a document ends where the next begins; a Cluster of unknown size where a level 1 element begins', () => {
  const open = { unknown: true }
  const first = [ebml(), segment([cluster([timecode(7)], open), tags([['A', '']])], open)]
  const bytes = join(...[...first, ...first].map(encode))
  const lines = read(bytes)
  assert.equal(lines.filter((line) => line.startsWith('ebml')).length, 2)
  assert.deepEqual(lines.slice(0, 8), [
    'ebml 0',
    `segment ${encode(ebml()).length} ${encode(ebml()).length + 4} 1 unknown`,
    'cluster 29',
    'timecode 7',
    'clusterEnd 37',
    'tags 37',
    'tag A=',
    `tagsEnd ${bytes.length / 2}`,
  ])
})

test('an event comes as soon as its bytes are there', () => {
  const { reader, lines } = recording()
  reader.push(encode(ebml()))
  reader.push(unhex('18538067 ff 1f43b675 ff'))
  assert.match(lines.at(-1) ?? '', /^cluster/)
  reader.push(unhex('e7 81 05 a3 86 81 0000 80'))
  assert.equal(lines.at(-1), 'block 1 0 128 2')
  reader.push(unhex('aabb'))
  assert.equal(lines.at(-1), 'data aabb')
})

test('nested SimpleTags come before the one around them', () => {
  const inner: Node = { id: 0x67c8, body: [string(0x45a3, 'in'), string(0x4487, '1')] }
  const outer: Node = { id: 0x67c8, body: [string(0x45a3, 'out'), inner, string(0x4487, '2')] }
  const bytes = join(encode(ebml()), encode(segment([{ id: 0x1254c367, body: [{ id: 0x7373, body: [outer] }] }])))
  assert.deepEqual(
    read(bytes).filter((line) => line.startsWith('tag ')),
    ['tag in=1', 'tag out=2'],
  )
})

test('what is no Matroska is refused at its first byte that shows it', () => {
  assert.match(failure(unhex('00')).message, /no EBML header/)
  assert.match(failure(unhex('1a45dfa4')).message, /no EBML header/)
  assert.match(failure(new TextEncoder().encode('RIFF')).message, /no EBML header/)
  assert.match(failure(encode(ebml('other'))).message, /document of type "other"/)
})

test('what is broken is refused with its place', () => {
  const begin = join(encode(ebml()), unhex('18538067 ff'))
  const after = (digits: string, finish = false) => failure(join(begin, unhex(digits)), finish)
  assert.equal(after('08').position, begin.length)
  assert.match(after('08').message, /no element starts with the byte 0x8/)
  assert.match(after('ff 80').message, /reserved element ID/)
  assert.match(after('4000 80').message, /reserved element ID/)
  assert.match(after('ec 00').message, /size of more than 8 bytes/)
  assert.match(after('ec 01fffffffffffffe').message, /2\^53/)
  assert.match(after('ec ff').message, /unknown size/)
  assert.match(after('1549a966 83 2ad7b1 81').message, /larger than the element it is in/)
  assert.match(after('1549a966 85 2ad7b1 81 00').message, /TimestampScale is 0/)
  assert.match(after('1549a966 85 1f43b675 80').message, /Cluster in a place where none may be/)
  assert.match(after('1f43b675 ff a3 80').message, /without content/)
  assert.match(after('1f43b675 ff a3 83 81').message, /too short/)
  assert.match(after('1f43b675 ff a3 8a 08').message, /track number of more than 4 bytes/)
  assert.match(after('1f43b675 ff e7 89').message, /9 bytes is too large/)
  assert.match(after('1f43b675 ff e7 88 0020000000000000').message, /cannot be/)
  assert.match(after('1654ae6b ff ae ff e1 ff b5 83 000000').message, /cannot be/)
  assert.match(after('1654ae6b 40ff ae 40f0 86 5001').message, /larger than the element/)
  assert.match(after('1654ae6b ff ae ff 86 5001').message, /CodecID of 4097 bytes is too large/)
})

test('codec private data beyond 1 MiB and tags without end are refused', () => {
  const begin = join(encode(ebml()), unhex('18538067 ff'))
  assert.match(failure(join(begin, unhex('1654ae6b ff ae ff 63a2 10100001'))).message, /1048577 bytes is too large/)
  recording().reader.push(join(begin, unhex('1654ae6b ff ae ff 63a2 10100000')))
  const nested = Array.from({ length: 40 }, () => unhex('67c8ff'))
  assert.match(failure(join(begin, unhex('1254c367ff 7373ff'), ...nested)).message, /nested more than 32/)
})

test('an end inside an element of known size is an error, elsewhere it is the end', () => {
  const begin = join(encode(ebml()), unhex('18538067 ff'))
  assert.match(failure(join(begin, unhex('1f43b675 ff a3 86 81')), true).message, /stops inside an element/)
  assert.match(failure(join(begin, unhex('1f43')), true).message, /stops inside an element/)
  assert.match(failure(join(begin, unhex('1f43b675 8a e7 81 05')), true).message, /stops inside Cluster/)
  const { reader, lines } = recording()
  reader.push(join(begin, unhex('1f43b675 ff e7 81 05')))
  reader.end()
  assert.equal(lines.at(-1), `clusterEnd ${begin.length + 8}`)
  new MatroskaReader({}).end()
})

test('a reader whose handler threw is dead', () => {
  const reader = new MatroskaReader({
    ebml: () => {
      throw new Error('no')
    },
  })
  assert.throws(() => reader.push(encode(ebml())), /no/)
  assert.throws(() => reader.push(bytesOf(0, 1)), /after an error/)
})

test('a tag whose Targets name a track is told from one of everything', () => {
  const tag = (targets: readonly Node[]): Node => ({
    id: 0x7373,
    body: [
      { id: 0x63c0, body: targets },
      { id: 0x67c8, body: [string(0x45a3, 'A'), string(0x4487, '1')] },
    ],
  })
  const level = number(0x68ca, 50)
  const all: Node = {
    id: 0x1254c367,
    body: [tag([level, number(0x63c5, 7)]), tag([level, number(0x63c5, 0)]), tag([])],
  }
  assert.deepEqual(
    read(join(encode(ebml()), encode(segment([all])))).filter((line) => line.startsWith('tag ')),
    ['tag A=1 of a track', 'tag A=1', 'tag A=1'],
  )
})
