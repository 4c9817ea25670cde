/** The simulator over some seeds, as many as a test of a second or two can have; scripts/simulate.mjs runs thousands. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from './testing/simulation/simulate.ts'

const seeds = 40

test('whatever a seed brings upon it, the producer keeps to what always holds', async () => {
  for (let seed = 0; seed < seeds; seed++) {
    const { objections, lines } = await simulate(seed)
    const play = `npm run simulate -- --seed ${seed}`
    assert.deepEqual([...objections], [], `${play}\n${lines.slice(-40).join('\n')}`)
  }
})
