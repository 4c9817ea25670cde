import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FragmentRecord, readIndex, recordLine, type SegmentHead } from './records.ts'

const head: SegmentHead = { version: 1, headerBytes: 20, tracks: [] }
const fragment: FragmentRecord = {
  number: '9'.repeat(47),
  offset: 20,
  sizeBytes: 5,
  timecode: 1,
  producerMs: 2,
  serverMs: 3,
  lengthMs: 4,
}
const index = Buffer.concat([recordLine(head), recordLine(fragment), recordLine({ ...fragment, offset: 25 })])

test('a whole index is read whole', () => {
  assert.deepEqual(readIndex(index), {
    head,
    fragments: [fragment, { ...fragment, offset: 25 }],
    wholeBytes: index.length,
  })
})

test('cut at any byte, the whole lines before remain', () => {
  const borders = [...index.keys()].filter((at) => index[at] === 0x0a).map((at) => at + 1)
  for (let size = 0; size <= index.length; size++) {
    const whole = borders.filter((border) => border <= size)
    const read = readIndex(index.subarray(0, size))
    assert.equal(read.wholeBytes, whole[whole.length - 1] ?? 0)
    assert.equal(read.fragments.length, Math.max(0, whole.length - 1))
  }
})

test('a bit flipped anywhere ends what is trusted before it', () => {
  for (let bit = 0; bit < index.length * 8; bit++) {
    const damaged = Buffer.from(index)
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    assert.ok(readIndex(damaged).wholeBytes <= bit >> 3, `bit ${bit}`)
  }
})
