import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ackLine } from './ack.ts'
import { type AckErrorId, ackErrors } from './errors.ts'

const number = '91343852333181714687576861120838395174634006751'

test('acks are spelled as on the wire', () => {
  assert.equal(
    ackLine({ type: 'BUFFERING', timecode: 1631530102146, number }),
    `{"EventType":"BUFFERING","FragmentTimecode":1631530102146,"FragmentNumber":"${number}"}\n`,
  )
  assert.equal(
    ackLine({ type: 'ERROR', errorId: 4004, timecode: 520, number, reason: 'x' }),
    `{"EventType":"ERROR","FragmentTimecode":520,"FragmentNumber":"${number}","ErrorId":4004,"ErrorCode":"FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS"}\n`,
  )
  assert.equal(ackLine({ type: 'IDLE' }), '{"EventType":"IDLE"}\n')
})

test('what is not known is left out', () => {
  const line = ackLine({ type: 'ERROR', errorId: 4006, timecode: null, number: null, reason: 'x' })
  assert.equal(line, '{"EventType":"ERROR","ErrorId":4006,"ErrorCode":"INVALID_MKV_DATA"}\n')
})

test('every error has a name, and no line is too long for the C producers', () => {
  for (const id of Object.keys(ackErrors)) {
    const errorId = Number(id) as AckErrorId
    const line = ackLine({
      type: 'ERROR',
      errorId,
      timecode: Number.MAX_SAFE_INTEGER,
      number: '9'.repeat(128),
      reason: '',
    })
    assert.ok(line.length < 1024 && ackErrors[errorId].length > 0)
  }
})
