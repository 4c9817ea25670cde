import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from './random.ts'

const drawn = (random: SeededRandom, count: number) => Array.from({ length: count }, () => random.next())

test('a seed makes the same choices everywhere, and another seed others', () => {
  assert.deepEqual(drawn(new SeededRandom(7), 3), drawn(new SeededRandom(7), 3))
  assert.notEqual(new SeededRandom(7).next(), new SeededRandom(8).next())
  // Replays of older runs depend on it.
  const first = new SeededRandom(0)
  assert.deepEqual([first.int(0, 999), first.int(0, 999), first.int(0, 999)], [546, 459, 247])
})

test('what is drawn lies evenly between its bounds, both included', () => {
  const random = new SeededRandom(1)
  const counts = [0, 0, 0, 0]
  for (let n = 0; n < 4000; n++) {
    const value = random.int(2, 5) - 2
    counts[value] = (counts[value] ?? 0) + 1
  }
  assert.equal(counts.length, 4)
  for (const count of counts) assert.ok(count > 900 && count < 1100, `${count} of 4000`)
})

test('a fork is not moved by what is drawn from its parent afterwards', () => {
  const [one, other] = [new SeededRandom(3), new SeededRandom(3)]
  const [forked, same] = [one.fork(), other.fork()]
  drawn(one, 10)
  assert.deepEqual(drawn(forked, 5), drawn(same, 5))
})
