/** The simulator over a few seeds, in every engine; simulation.node.test.ts and scripts/simulate.mjs run more of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simulate } from './testing/simulation/simulate.ts'

test('the same seed gives the same run to the last event, another one another, and all holds', async () => {
  for (let seed = 0; seed < 8; seed++) {
    const [first, again, other] = [await simulate(seed), await simulate(seed), await simulate(seed + 1)]
    assert.deepEqual([...first.objections], [], `seed ${seed}\n${first.lines.slice(-40).join('\n')}`)
    assert.deepEqual(again.lines, first.lines)
    assert.equal(again.hash, first.hash)
    assert.notEqual(other.hash, first.hash)
  }
})
