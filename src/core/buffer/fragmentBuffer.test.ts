import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Fragment } from '../frame/fragment.ts'
import type { Blocks } from '../platform.ts'
import { FragmentBuffer } from './fragmentBuffer.ts'

const blockBytes = 16
const capacityBlocks = 8
const header = { bytes: new Uint8Array(1) }

/** Memory that may run out, and that nobody may touch after giving it back. */
class ScarceBlocks implements Blocks {
  readonly blockBytes = blockBytes
  readonly out = new Set<Uint8Array>()
  left = Number.POSITIVE_INFINITY

  take(): Uint8Array | null {
    if (this.left === 0) return null
    this.left--
    const block = new Uint8Array(blockBytes).fill(0xee)
    this.out.add(block)
    return block
  }

  give(block: Uint8Array): void {
    assert.ok(this.out.delete(block), 'a block is given back twice')
    block.fill(0xdd)
  }
}

/** What the buffer is: every byte ever written, and which of them are still wanted. */
class Model {
  readonly blocks = new ScarceBlocks()
  readonly buffer = new FragmentBuffer(this.blocks, capacityBlocks * blockBytes)
  readonly bytes: number[] = []
  readonly fragments: { fragment: Fragment; from: number }[] = []
  reservedTo = 0
  #next = 1

  reserve(bytes: number): void {
    const before = this.blocks.out.size
    const end = this.bytes.length
    const taken = this.buffer.reserve(bytes)
    if (taken) this.reservedTo = Math.max(this.reservedTo, end + bytes)
    else assert.equal(this.blocks.out.size, before, 'a refused reservation keeps nothing')
    // Refused only where the room is really not there.
    const needed = this.#blocksNeeded(end + bytes)
    if (!taken && this.blocks.left > capacityBlocks)
      assert.ok(needed > capacityBlocks, 'refused although there is room')
    if (taken) assert.ok(needed <= capacityBlocks, 'taken beyond the capacity')
  }

  begin(): void {
    if (this.buffer.open !== undefined) return
    const fragment = this.buffer.begin(1000 + this.fragments.length, header)
    assert.equal(fragment.position, this.bytes.length)
    this.fragments.push({ fragment, from: fragment.position })
  }

  write(length: number): void {
    const room = Math.min(length, this.reservedTo - this.bytes.length)
    if (this.buffer.open === undefined || room <= 0) return
    const data = new Uint8Array(room + 2).map(() => this.#next++ & 0x7f)
    this.buffer.write(data, 1, room + 1)
    this.bytes.push(...data.subarray(1, room + 1))
  }

  /** No fragment is sealed without a byte: each has its cluster's head. */
  seal(): void {
    if ((this.buffer.open?.lengthBytes ?? 0) > 0) this.buffer.seal()
  }

  release(pick: number): void {
    const [picked] = this.fragments.splice(pick % Math.max(1, this.fragments.length), 1)
    if (picked === undefined) return
    this.buffer.release(picked.fragment)
    this.buffer.release(picked.fragment)
    if (this.fragments.length === 0) this.reservedTo = this.bytes.length
  }

  releaseHead(part: number): void {
    const oldest = this.fragments[0]
    if (oldest === undefined) return
    const { fragment } = oldest
    const position = oldest.from + Math.floor((endOf(fragment) - oldest.from) * part)
    const held = this.blocks.out.size
    const gone = this.buffer.releaseHead(position - fragment.position)
    assert.equal(this.blocks.out.size < held, gone)
    if (gone) assert.equal(fragment.headGone, true)
    // Below this nothing can be read any more.
    if (gone) oldest.from = Math.floor(position / blockBytes) * blockBytes
    assert.equal(fragment.headGone, oldest.from > fragment.position)
  }

  check(): void {
    const { buffer } = this
    assert.equal(buffer.heldBytes, this.blocks.out.size * blockBytes)
    assert.ok(buffer.heldBytes <= buffer.capacityBytes, 'held beyond the capacity')
    assert.equal(this.blocks.out.size, this.#blocksNeeded(this.reservedTo))
    assert.deepEqual(
      buffer.fragments,
      this.fragments.map(({ fragment }) => fragment),
    )
    for (const { fragment, from } of this.fragments) {
      const parts: Uint8Array[] = []
      const length = buffer.read(fragment, from - fragment.position, 1000, parts)
      assert.equal(length, endOf(fragment) - from)
      const read = parts.flatMap((part) => [...part])
      assert.deepEqual(read, this.bytes.slice(from, endOf(fragment)))
    }
  }

  /** Blocks with a byte that somebody wants, the one being filled, and those reserved up to `reservedTo`. */
  #blocksNeeded(reservedTo: number): number {
    const needed = new Set<number>()
    const end = this.bytes.length
    for (const { fragment, from } of this.fragments) {
      for (let at = from; at < endOf(fragment); at++) needed.add(Math.floor(at / blockBytes))
    }
    // The block being filled stays while it has room, unless it was never taken.
    if (end % blockBytes !== 0) needed.add(Math.floor(end / blockBytes))
    for (let at = end; at < reservedTo; at++) needed.add(Math.floor(at / blockBytes))
    return needed.size
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), size: fc.integer({ min: 1, max: 60 }) }) },
  fc.record({ kind: fc.constant('reserve' as const), size: fc.integer({ min: 0, max: 160 }) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('begin' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('seal' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(7) }) },
  fc.record({ kind: fc.constant('releaseHead' as const), part: fc.constantFrom(0, 0.1, 0.5, 0.9, 1) }),
  fc.record({ kind: fc.constant('scarce' as const), left: fc.constantFrom(0, 1, 2, 3, 1000, 1000) }),
)

test('whatever is written and released in whatever order, the bytes and the memory are those of the model', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const model = new Model()
      for (const each of steps) {
        if (each.kind === 'put') {
          model.reserve(each.size)
          model.write(each.size)
        } else if (each.kind === 'reserve') model.reserve(each.size)
        else if (each.kind === 'begin') model.begin()
        else if (each.kind === 'seal') model.seal()
        else if (each.kind === 'release') model.release(each.pick)
        else if (each.kind === 'releaseHead') model.releaseHead(each.part)
        else model.blocks.left = each.left
        model.check()
      }
      model.begin()
      while (model.fragments.length > 0) model.release(0)
      assert.ok(model.blocks.out.size <= 1, 'a block at most is kept')
    }),
    { numRuns: 400 },
  )
})

test('a reservation takes all of its blocks or none, also when the host has some only', () => {
  const blocks = new ScarceBlocks()
  const buffer = new FragmentBuffer(blocks, 8 * blockBytes)
  blocks.left = 3
  assert.equal(buffer.reserve(4 * blockBytes), false)
  assert.equal(blocks.out.size, 0)
  assert.equal(buffer.heldBytes, 0)
  blocks.left = 4
  assert.equal(buffer.reserve(4 * blockBytes), true)
  assert.equal(buffer.heldBytes, 4 * blockBytes)
})

test('reads stop at the end of the fragment and at the number of bytes asked for', () => {
  const buffer = new FragmentBuffer(new ScarceBlocks(), 8 * blockBytes)
  buffer.reserve(50)
  const fragment = buffer.begin(1, header)
  buffer.write(new Uint8Array(40).fill(7), 0, 40)
  buffer.seal()
  buffer.begin(2, header)
  buffer.write(new Uint8Array(10).fill(8), 0, 10)
  const parts: Uint8Array[] = []
  assert.equal(buffer.read(fragment, 10, 20, parts), 20)
  assert.equal(buffer.read(fragment, 30, 20, parts), 10)
  assert.equal(buffer.read(fragment, 40, 20, parts), 0)
  assert.equal(
    parts.reduce((sum, part) => sum + part.length, 0),
    30,
  )
})

test('fragments are numbered as they begin, and found by what comes before them', () => {
  const buffer = new FragmentBuffer(new ScarceBlocks(), 8 * blockBytes, 5)
  buffer.reserve(3)
  const numbers = [1, 2, 3].map((timecodeMs) => {
    const { number } = buffer.begin(timecodeMs, header)
    buffer.write(new Uint8Array(1), 0, 1)
    buffer.seal()
    return number
  })
  assert.deepEqual(numbers, [5, 6, 7])
  const second = buffer.after(5)
  assert.equal(second?.number, 6)
  if (second !== undefined) buffer.release(second)
  assert.equal(buffer.after(5)?.number, 7)
  assert.equal(buffer.after(0)?.number, 5)
  assert.equal(buffer.after(7), undefined)
})

test('capacity is whole blocks, two at least', () => {
  assert.equal(new FragmentBuffer(new ScarceBlocks(), 100).capacityBytes, 96)
  assert.throws(() => new FragmentBuffer(new ScarceBlocks(), 31), { code: 'CONFIGURATION' })
})

/** Where the fragment ends among all bytes. */
function endOf(fragment: Fragment): number {
  return fragment.position + fragment.lengthBytes
}
