import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asKvsError, KvsError } from './errors.ts'

test('what is thrown becomes an error of the product', () => {
  const own = new KvsError('USAGE', 'mine')
  assert.equal(asKvsError(own), own)
  const mistake = asKvsError(new TypeError('x is undefined'))
  assert.deepEqual([mistake.code, mistake.message, mistake.exitStatus], ['INTERNAL', 'x is undefined', 70])
  assert.equal(asKvsError('text').message, 'text')
})

test('lack of memory is told from a mistake, whichever engine says it', () => {
  for (const thrown of [new Error('out of memory'), new RangeError('Array buffer allocation failed'), null]) {
    const error = asKvsError(thrown)
    assert.deepEqual([error.code, error.exitStatus, error.cure.includes('--size')], ['OUT_OF_MEMORY', 70, true])
  }
})
