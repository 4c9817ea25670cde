import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBlocks } from './blocks.ts'
import { FakeNative } from './testing/fakeNative.ts'

test('blocks that come back are used again, last given first; only a few are kept', () => {
  const native = new FakeNative().install()
  const blocks = makeBlocks()
  const taken = Array.from({ length: 10 }, () => blocks.take() ?? assert.fail('no memory'))
  assert.equal(native.blocksOut, 10)
  for (const block of taken) blocks.give(block)
  assert.equal(native.blocksOut, 4)
  assert.equal(blocks.take(), taken[3])
  assert.equal(native.blocksOut, 4)
})

test('without memory there is no block', () => {
  const native = new FakeNative().install()
  native.memoryLeft = 1
  const blocks = makeBlocks()
  assert.equal(blocks.take()?.length, blocks.blockBytes)
  assert.equal(blocks.take(), null)
})
