/** What is no Matroska, or is broken, and where the reader says so. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, ebml, encode, join, unhex } from '../testing/matroskaTree.ts'
import { MatroskaError } from './events.ts'
import { MatroskaReader } from './reader.ts'
import { recording } from './testing/recording.ts'

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
