import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { Failures } from './failures.ts'

test('giving up tells of the last failure, and passes a lack of memory on as it is', () => {
  const failures = new Failures(1000)
  assert.equal(failures.asReason(), null)
  const lost = new KvsError('CONNECTION_LOST', 'the connection was lost')
  failures.add(lost, 'idle', 0, 0)
  const { code, message, cure } = failures.asReason() ?? {}
  assert.deepEqual([code, message, cure], ['GAVE_UP', 'gave up: the connection was lost', lost.cure])
  const memory = new KvsError('OUT_OF_MEMORY', 'no memory left')
  failures.add(memory, 'idle', 1, 0)
  assert.equal(failures.asReason(), memory)
})
