import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Admission } from './admission.ts'

describe('admission', () => {
  it('refuses the newest beyond the number, until one leaves', () => {
    const admission = new Admission({ callsPerSecond: 100, concurrent: 2 })
    const leave = admission.enter('a', 0)
    admission.enter('a', 1)
    assert.throws(() => admission.enter('a', 2), { type: 'ConnectionLimitExceededException', status: 400 })
    admission.enter('b', 3)
    leave()
    leave()
    admission.enter('a', 4)
    assert.throws(() => admission.enter('a', 5), { type: 'ConnectionLimitExceededException' })
  })

  it('refuses what comes too fast, refused calls not counted', () => {
    const admission = new Admission({ callsPerSecond: 5, concurrent: 100 })
    for (let n = 0; n < 5; n++) admission.enter('a', n)
    for (let n = 5; n < 50; n++) {
      assert.throws(() => admission.enter('a', n), { type: 'ClientLimitExceededException', status: 400 })
    }
    admission.enter('b', 50)
    admission.enter('a', 1000)
    assert.throws(() => admission.enter('a', 1000), { type: 'ClientLimitExceededException' })
    admission.enter('a', 1001)
  })

  it('counts what is open even when it has been so for long', () => {
    const admission = new Admission({ callsPerSecond: 5, concurrent: 1 })
    admission.enter('a', 0)
    assert.throws(() => admission.enter('a', 1_000_000), { type: 'ConnectionLimitExceededException' })
  })

  it('limits nothing where there are no limits', () => {
    const admission = new Admission(null)
    for (let n = 0; n < 1000; n++) admission.enter('a', 0)
  })
})
