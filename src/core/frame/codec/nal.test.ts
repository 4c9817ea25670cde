import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { failsWith } from '../../testing/failsWith.ts'
import { annexB, lengthPrefixed } from '../../testing/nalStreams.ts'
import { newPayload } from '../frame.ts'
import { NalSplitter } from './nal.ts'
import { portableSearch } from './search.ts'

/** Bytes that may stand in a NAL unit: no start code inside, no zero at the end. */
const unit = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 0x65, 0xff), { minLength: 1, maxLength: 40 }).map((bytes) => {
  const out: number[] = [0x65]
  let zeros = 0
  for (const byte of bytes) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3)
      zeros = 0
    }
    out.push(byte)
    zeros = byte === 0 ? zeros + 1 : 0
  }
  return new Uint8Array([...out, 0x80])
})

function split(data: Uint8Array, splitter = new NalSplitter(portableSearch, 'H.264', null)): Uint8Array[] {
  const payload = newPayload()
  payload.spans.push(99, 99, 99)
  splitter.split(data, payload)
  const units: Uint8Array[] = []
  let size = 0
  for (let i = 0; i < payload.count; i++) {
    units.push(data.slice(payload.spans[2 * i], payload.spans[2 * i + 1]))
    size += 4 + (units.at(-1)?.length ?? 0)
  }
  assert.equal(payload.sizeBytes, size)
  assert.equal(payload.prefixed, true)
  return units
}

test('the search finds what a plain one finds', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 1, 2), { maxLength: 60 }), fc.nat(60), (list, from) => {
      const bytes = new Uint8Array(list)
      const plain = Buffer.from(bytes).indexOf(Buffer.from([0, 0, 1]), from)
      assert.equal(portableSearch.startCode(bytes, from), from >= bytes.length ? -1 : plain)
    }),
    { numRuns: 500 },
  )
})

test('Annex B with 3- and 4-byte start codes and trailing zeros', () => {
  const coded = fc.tuple(fc.constantFrom(2, 3, 5), unit, fc.nat(3))
  fc.assert(
    fc.property(fc.array(coded, { minLength: 1, maxLength: 6 }), (list) => {
      const data = list.flatMap(([zeros, bytes, trail]) => [
        ...Array<number>(zeros).fill(0),
        1,
        ...bytes,
        ...Array<number>(trail).fill(0),
      ])
      const splitter = new NalSplitter(portableSearch, 'H.264', null)
      split(annexB(new Uint8Array([0x09, 0xf0])), splitter)
      assert.deepEqual(
        split(new Uint8Array(data), splitter),
        list.map(([, bytes]) => bytes),
      )
    }),
  )
})

test('length-prefixed data of each width', () => {
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 6 }), fc.constantFrom(1, 2, 4), (units, width) => {
      const splitter = new NalSplitter(portableSearch, 'H.264', width === 4 ? null : width)
      const data = lengthPrefixed(width, ...units)
      assert.deepEqual(split(data, splitter), units)
      const payload = newPayload()
      splitter.split(data, payload)
      const { sizeBytes } = payload
      splitter.join(data, payload)
      assert.equal(payload.prefixed, width !== 4)
      assert.equal(payload.sizeBytes, sizeBytes)
      if (width === 4) assert.deepEqual([payload.count, payload.spans[0], payload.spans[1]], [1, 0, data.length])
    }),
  )
})

test('a length that reads like a start code, and a start code that reads like a length', () => {
  const long = new Uint8Array(0x165).fill(7)
  const data = lengthPrefixed(4, long)
  assert.deepEqual([...data.subarray(0, 4)], [0, 0, 1, 0x65])
  assert.deepEqual(split(data), [long])
  const lengths = new NalSplitter(portableSearch, 'H.264', null)
  split(lengthPrefixed(4, new Uint8Array([0x67, 1])), lengths)
  assert.deepEqual(split(data, lengths), [long])
  const coded = new NalSplitter(portableSearch, 'H.264', null)
  split(annexB(new Uint8Array([0x67, 1])), coded)
  assert.deepEqual(split(data, coded), [data.subarray(3)])
})

test('what has no NAL units says what was seen', () => {
  const refused: [number[], RegExp][] = [
    [[], /the frame is empty/],
    [[0, 0, 0, 1], /without a NAL unit/],
    [[0, 0, 1, 0, 0, 0, 1, 0], /without a NAL unit/],
    [[0xff, 0xd8, 0xff, 0xe0], /begins with ff d8 ff e0/],
    [[0, 0, 0, 9, 0x65], /no NAL units/],
    [[0, 0, 0, 2, 0x65, 1, 0, 0, 0, 0], /no NAL units/],
    [[0, 0, 0, 2, 0x65, 1, 7], /no NAL units/],
    [[0, 0, 0], /no NAL units/],
  ]
  for (const [bytes, message] of refused) {
    assert.throws(() => split(new Uint8Array(bytes)), failsWith('MEDIA_INVALID', message))
  }
})
