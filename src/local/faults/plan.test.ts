import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KvsError } from '../../core/errors.ts'
import type { Fault } from './fault.ts'
import { parseFaults } from './parse.ts'
import { FaultPlan } from './plan.ts'

/** Which of so many calls one fault strikes, e.g. `-x-`. */
function struck(fault: Fault, calls: number, stream = 'cam', everyMs = 0): string {
  const plan = new FaultPlan([fault], 1000)
  return Array.from({ length: calls }, (_, n) =>
    plan.call('putMedia', stream, 1000 + n * everyMs).length > 0 ? 'x' : '-',
  ).join('')
}

describe('a fault plan', () => {
  it('strikes the first call that matches, once, unless it says otherwise', () => {
    assert.equal(struck({ fault: 'cut' }, 3), 'x--')
    assert.equal(struck({ fault: 'cut', nth: 2 }, 4), '-x--')
    assert.equal(struck({ fault: 'cut', nth: 2, times: 2 }, 5), '-xx--')
    assert.equal(struck({ fault: 'cut', nth: 3, times: 'always' }, 5), '--xxx')
    assert.equal(struck({ fault: 'cut', stream: 'cam' }, 2), 'x-')
    assert.equal(struck({ fault: 'cut', stream: 'other' }, 2), '--')
    assert.equal(struck({ fault: 'cut', afterMs: 20 }, 4, 'cam', 10), '--x-')
    assert.equal(struck({ fault: 'cut', afterMs: 20, nth: 2 }, 5, 'cam', 10), '---x-')
  })

  it('strikes the operation that it names; refusals and delays strike every one, all others PutMedia', () => {
    const names = (fault: Fault) =>
      (['describeStream', 'putMedia', 'iotCredentials'] as const).filter(
        (operation) => new FaultPlan([fault], 0).call(operation, undefined, 0).length > 0,
      )
    assert.deepEqual(names({ fault: 'refuse', status: 500 }), ['describeStream', 'putMedia', 'iotCredentials'])
    assert.deepEqual(names({ fault: 'delay', ms: 1 }), ['describeStream', 'putMedia', 'iotCredentials'])
    assert.deepEqual(names({ fault: 'delay', ms: 1, before: 'acks' }), ['putMedia'])
    assert.deepEqual(names({ fault: 'throttle', bytesPerSecond: 1 }), ['putMedia'])
    assert.deepEqual(names({ fault: 'refuse', status: 500, operation: 'iotCredentials' }), ['iotCredentials'])
  })

  it('counts each fault for itself, and gives all that strike in their order', () => {
    const faults: Fault[] = [
      { fault: 'delay', ms: 1 },
      { fault: 'noAcks', nth: 2 },
      { fault: 'refuse', status: 503, times: 2 },
    ]
    const plan = new FaultPlan(faults, 0)
    const kinds = () => plan.call('putMedia', 'cam', 0).map(({ fault }) => fault)
    assert.deepEqual([kinds(), kinds(), kinds()], [['delay', 'refuse'], ['noAcks', 'refuse'], []])
  })

  it('tells those apart that strike by themselves', () => {
    const timed: Fault[] = [
      { fault: 'changeEndpoint' },
      { fault: 'expireCredentials', atMs: 5 },
      { fault: 'cut', atMs: 0 },
      { fault: 'endSession', atMs: 7 },
    ]
    const plan = new FaultPlan([...timed, { fault: 'endSession', sessionMs: 7 }], 0)
    assert.deepEqual(plan.timed, timed)
    assert.equal(plan.call('putMedia', 'cam', 10).length, 1)
  })
})

describe('what somebody has written as a fault plan', () => {
  it('is taken where it is right', () => {
    const faults: Fault[] = [
      {
        fault: 'refuse',
        status: 400,
        error: 'ThrottlingException',
        message: 'Rate exceeded',
        operation: 'createStream',
      },
      { fault: 'delay', ms: 100, before: 'ok', operation: 'putMedia' },
      { fault: 'cut', at: 'block', fragment: 3, how: 'reset', stream: 'cam', nth: 2, times: 'always' },
      { fault: 'cut', at: 'inAnswer', operation: 'describeStream' },
      { fault: 'halfOpen', sessionMs: 100 },
      { fault: 'halfOpen', at: 'answer', operation: 'imdsToken' },
      { fault: 'errorAck', id: 4004, when: 'end', timecode: false },
      { fault: 'noAcks', types: ['PERSISTED'] },
      { fault: 'expireCredentials', atMs: 0, accessKeyId: 'ASIA' },
    ]
    assert.equal(parseFaults(faults, 'here'), faults)
  })

  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /^plan\.json: not a list of faults/],
    [[1], /^plan\.json: fault 1: not an object/],
    [[{ fault: 'cut' }, { fault: 'cuts' }], /^plan\.json: fault 2: fault: "cuts" is not one of refuse, delay, cut/],
    [[{ fault: ['cut'] }], /fault: \["cut"\] is not one of/],
    [[{ fault: 'constructor' }], /is not one of/],
    [[{}], /fault: nothing is not one of/],
    [[{ fault: 'cut', bytes: '9' }], /^plan\.json: fault 1: bytes: "9" is not a whole number from 0 to/],
    [[{ fault: 'cut', times: 0 }], /times: 0 is not a whole number from 1, or "always"/],
    [[{ fault: 'cut', operation: 'PutMedia' }], /operation: "PutMedia" is not one of createStream/],
    [[{ fault: 'cut', status: 500 }], /"cut" takes no "status", but operation, stream/],
    [[{ fault: 'cut', toString: 1 }], /takes no "toString"/],
    [[{ fault: 'refuse' }], /"refuse" needs "status"/],
    [[{ fault: 'refuse', status: 200 }], /status: 200 is not a whole number from 400 to 599/],
    [[{ fault: 'refuse', status: 400, message: 'two\nlines' }], /message: .* is not a text of ASCII characters/],
    [[{ fault: 'cut', at: 'block', bytes: 1 }], /only one of at and bytes can be/],
    [[{ fault: 'cut', atMs: 1, nth: 2 }], /nth does not fit/],
    [[{ fault: 'cut', at: 'inAnswer' }], /"inAnswer" is for operations other than putMedia/],
    [[{ fault: 'cut', bytes: 1, operation: 'createStream' }], /for putMedia, not for createStream, or at "answer"/],
    [[{ fault: 'noAcks', types: ['ACK'] }], /types: \["ACK"\] is not a list of BUFFERING/],
    [[{ fault: 'errorAck', id: 4004, timecode: 0 }], /timecode: 0 is not true or false/],
  ]
  for (const [value, message] of wrong) {
    it(`is refused: ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => parseFaults(value, 'plan.json'),
        (error: KvsError) => {
          assert.match(error.message, message)
          assert.equal(error.code, 'CONFIGURATION')
          return true
        },
      )
    })
  }
})
