import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat } from './ebml.ts'
import { sessionHeader } from './header.ts'
import { Metadata, type TagPair } from './metadata.ts'
import { read } from './testing/recording.ts'

const usage = { code: 'USAGE' }

const header = sessionHeader({ tracks: [], segmentUid: new Uint8Array(16).fill(1), writingApp: 'kvs test' })

/** The tags that a fragment gets, and from then on they are written. */
function take(metadata: Metadata): string[] {
  const lines = read(concat([header, metadata.bytes]))
  metadata.written()
  return lines.filter((line) => line.startsWith('tag ')).map((line) => line.slice(4))
}

const pairs = (count: number): TagPair[] => Array.from({ length: count }, (_, n) => ({ name: `n${n}`, value: `${n}` }))

test('one fragment gets what is put, all get what is persistent until it is ended', () => {
  const metadata = new Metadata()
  assert.deepEqual(take(metadata), [])
  metadata.put('site', 'Zürich', true)
  metadata.put('lamp', '1', true)
  metadata.put('door', 'open', false)
  assert.equal(metadata.waiting, 1)
  assert.deepEqual(take(metadata), ['site=Zürich', 'lamp=1', 'door=open'])
  assert.equal(metadata.waiting, 0)
  metadata.put('lamp', '2', true)
  assert.deepEqual(take(metadata), ['site=Zürich', 'lamp=2'])
  metadata.put('site', '', true)
  metadata.put('never', '', true)
  assert.deepEqual(take(metadata), ['lamp=2'])
})

test('the same name has one value in a fragment: the last, and the one for it before the one for all', () => {
  const metadata = new Metadata()
  metadata.put('door', 'open', false)
  metadata.put('door', 'shut', false)
  metadata.put('door', 'unknown', true)
  assert.deepEqual(take(metadata), ['door=shut'])
  assert.deepEqual(take(metadata), ['door=unknown'])
  metadata.put('empty', '', false)
  assert.deepEqual(take(metadata), ['door=unknown', 'empty='])
})

test('events carry their pairs in the same Tag, once', () => {
  const metadata = new Metadata()
  metadata.putEvent('image-generation', { imagePrefix: 'gate/', pairs: [{ name: 'why', value: 'motion' }] })
  metadata.putEvent('notification')
  const image = 'AWS_KINESISVIDEO_IMAGE_GENERATION='
  const { bytes } = metadata
  assert.deepEqual(take(metadata), [
    image,
    'AWS_KINESISVIDEO_IMAGE_PREFIX=gate/',
    'why=motion',
    'AWS_KINESISVIDEO_NOTIFICATION=',
  ])
  assert.equal(bytes.filter((byte, at) => byte === 0x73 && bytes[at + 1] === 0x73).length, 2, 'two elements Tag')
  assert.deepEqual(take(metadata), [])
})

test('an event twice for one fragment is refused, for the next one it is not', () => {
  const metadata = new Metadata()
  metadata.putEvent('notification')
  assert.throws(() => metadata.putEvent('notification'), usage)
  metadata.putEvent('image-generation')
  take(metadata)
  metadata.putEvent('notification')
  assert.throws(() => metadata.putEvent('reboot' as 'notification'), usage)
  assert.throws(() => new Metadata().putEvent('notification', { imagePrefix: 'a' }), usage)
  assert.throws(() => new Metadata().putEvent('image-generation', { imagePrefix: '' }), usage)
  assert.throws(() => new Metadata().putEvent('image-generation', { imagePrefix: 'a'.repeat(257) }), usage)
})

test('names and values have the lengths that the service takes, in bytes of UTF-8', () => {
  const metadata = new Metadata()
  const refused = [
    ['', 'a'],
    ['é'.repeat(65), 'a'],
    ['a', 'é'.repeat(129)],
    ['AWS', 'a'],
    ['AWS_KINESISVIDEO_NOTIFICATION', ''],
    [7, 'a'],
    ['a', 7],
  ] as [string, string][]
  for (const [name, value] of refused) {
    assert.throws(() => metadata.put(name, value, false), usage, `${name}=${value}`)
    assert.throws(() => metadata.put(name, value, true), usage, `${name}=${value}`)
    assert.throws(() => metadata.putEvent('notification', { pairs: [{ name, value }] }), usage)
  }
  assert.deepEqual(take(metadata), [])
  metadata.put('é'.repeat(64), 'é'.repeat(128), false)
  metadata.put('aws', 'a', false)
  assert.equal(take(metadata).length, 2)
})

test('ten tags a fragment: of all kinds together, and events themselves do not count', () => {
  const metadata = new Metadata()
  metadata.putEvent('image-generation', { imagePrefix: 'a', pairs: pairs(3) })
  metadata.putEvent('notification', { pairs: pairs(2) })
  for (const n of [1, 2]) metadata.put(`lasting${n}`, 'a', true)
  for (const n of [1, 2, 3]) metadata.put(`once${n}`, 'a', false)
  for (const persistent of [true, false]) assert.throws(() => metadata.put('more', 'a', persistent), usage)
  // In place of another there is room.
  metadata.put('once3', 'b', false)
  metadata.put('lasting1', 'b', true)
  metadata.put('lasting2', 'b', false)
  metadata.put('lasting1', '', true)
  metadata.put('more', 'a', false)
  assert.equal(take(metadata).filter((tag) => !tag.startsWith('AWS')).length, 10)
  for (let n = 0; n < 9; n++) metadata.put(`n${n}`, 'a', false)
  assert.throws(() => metadata.putEvent('notification', { pairs: pairs(1) }), usage)
  assert.equal(take(metadata).length, 10)
  assert.throws(() => metadata.putEvent('notification', { pairs: pairs(10) }), usage)
  metadata.putEvent('notification', { pairs: pairs(9) })
  assert.equal(metadata.waiting, 1)
})
