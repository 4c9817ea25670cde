import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cluster,
  ebml,
  encode,
  join,
  type Node,
  number,
  segment,
  string,
  tags,
  timecode,
  unhex,
} from '../testing/matroskaTree.ts'
import { MatroskaReader } from './reader.ts'
import { read, recording } from './testing/recording.ts'
import type { ReadTrack } from './values.ts'

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
