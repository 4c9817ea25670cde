/** The reader against a writer made apart from the product's, and against damage. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type BlockModel,
  block,
  cluster,
  ebml,
  encode,
  expected,
  info,
  join,
  type Node,
  number,
  segment,
  tags,
  timecode,
  unhex,
} from '../testing/matroskaTree.ts'
import { MatroskaError } from './events.ts'
import { MatroskaReader } from './reader.ts'
import { read, recording } from './testing/recording.ts'

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
