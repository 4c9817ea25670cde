/** The simulator over a few seeds; scripts/simulate.mjs runs thousands of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from './testing/simulation/simulate.ts'

const seeds = 120

test('whatever a seed brings upon it, the producer keeps to what always holds', async () => {
  for (let seed = 0; seed < seeds; seed++) {
    const { objections, lines } = await simulate(seed)
    const play = `npm run simulate -- --seed ${seed}`
    assert.deepEqual([...objections], [], `${play}\n${lines.slice(-40).join('\n')}`)
  }
})

test('the same seed gives the same run to the last event, and another one another', async () => {
  for (let seed = 0; seed < 10; seed++) {
    const [first, again, other] = [await simulate(seed), await simulate(seed), await simulate(seed + 1)]
    assert.deepEqual(again.lines, first.lines)
    assert.equal(again.hash, first.hash)
    assert.notEqual(other.hash, first.hash)
  }
})
