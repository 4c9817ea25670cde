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
  const fragments = [fragment, { ...fragment, offset: 25 }]
  assert.deepEqual(readIndex(index), { head, fragments, damagedLines: 0, wholeBytes: index.length })
})

test('cut at any byte, the whole lines before remain, and one that lacks its end only', () => {
  const borders = [...index.keys()].filter((at) => index[at] === 0x0a).map((at) => at + 1)
  for (let size = 0; size <= index.length; size++) {
    const whole = borders.filter((border) => border <= size + 1)
    const read = readIndex(index.subarray(0, size))
    assert.equal(read.wholeBytes, Math.min(size, whole[whole.length - 1] ?? 0))
    assert.equal(read.fragments.length, Math.max(0, whole.length - 1))
    assert.equal(read.damagedLines, 0)
  }
})

test('a bit flipped anywhere costs one line at most', () => {
  for (let bit = 0; bit < index.length * 8; bit++) {
    const damaged = Buffer.from(index)
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const read = readIndex(damaged)
    const lines = read.fragments.length + (read.head === null ? 0 : 1)
    assert.ok(lines >= 2, `bit ${bit}: ${lines} lines`)
    if (lines < 3) assert.ok(read.damagedLines > 0, `bit ${bit}`)
  }
})

test('an index of another version is no index, and nothing that may be cut', () => {
  const other = Buffer.from(recordLine({ ...head, version: 2 as 1 }))
  assert.deepEqual(readIndex(other), { head: null, fragments: [], damagedLines: 1, wholeBytes: other.length })
})
