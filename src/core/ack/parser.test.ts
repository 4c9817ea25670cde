import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ack } from '../frame/ack.ts'
import { utf8Bytes } from '../text.ts'
import { AckParser } from './parser.ts'

function parse(pieces: readonly Uint8Array[]): { acks: Ack[]; skipped: number } {
  const acks: Ack[] = []
  const parser = new AckParser((ack) => acks.push(ack))
  for (const piece of pieces) parser.push(piece)
  return { acks, skipped: parser.skipped }
}

const parseText = (text: string) => parse([utf8Bytes(text)])

test('acks as the service words them', () => {
  const { acks, skipped } = parseText(
    '{"EventType":"BUFFERING","FragmentTimecode":1631530102146,"FragmentNumber":"91343852333181714687576861120838395174634006751"}\n' +
      '{"EventType":"ERROR","FragmentTimecode":520,"FragmentNumber":"9134","ErrorCode":"FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS","ErrorId":4004}\n' +
      '{"EventType":"ERROR","ErrorCode":"INVALID_MKV_DATA","ErrorId":4006}\n{"EventType":"IDLE"}\n',
  )
  assert.equal(skipped, 0)
  assert.deepEqual(acks, [
    {
      type: 'BUFFERING',
      timecodeMs: 1631530102146,
      fragmentNumber: '91343852333181714687576861120838395174634006751',
      errorId: null,
      errorCode: null,
    },
    {
      type: 'ERROR',
      timecodeMs: 520,
      fragmentNumber: '9134',
      errorId: 4004,
      errorCode: 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS',
    },
    { type: 'ERROR', timecodeMs: null, fragmentNumber: null, errorId: 4006, errorCode: 'INVALID_MKV_DATA' },
    { type: 'IDLE', timecodeMs: null, fragmentNumber: null, errorId: null, errorCode: null },
  ])
})

test("the documentation's spellings, wrapped, and numbers as text", () => {
  const { acks } = parseText(
    '{"Acknowledgement":{"AckEventType":"ERROR","FragmentTimeCode":"17","FragmentNumber":12,"ErrorId":"4005"}}',
  )
  assert.deepEqual(acks, [{ type: 'ERROR', timecodeMs: 17, fragmentNumber: '12', errorId: 4005, errorCode: null }])
})

test('what is no number is none', () => {
  for (const wrong of ['-1', '1.5', '"x"', '""', '"-2"', 'null', 'true', '[1]', '1e300']) {
    assert.equal(parseText(`{"EventType":"RECEIVED","FragmentTimecode":${wrong}}`).acks[0]?.timecodeMs, null, wrong)
  }
  assert.equal(parseText('{"EventType":"RECEIVED","FragmentTimecode":0}').acks[0]?.timecodeMs, 0)
})

test('braces and quotes within strings end nothing', () => {
  const { acks, skipped } = parseText('{"x":"}{\\"}\\\\","EventType":"IDLE"}{"EventType":"PERSISTED"}')
  assert.deepEqual(
    acks.map(({ type }) => type),
    ['IDLE', 'PERSISTED'],
  )
  assert.equal(skipped, 0)
})

test('what is no ack is skipped and counted, and what follows is read', () => {
  const nonsense = ['{}', '{"EventType":"OTHER"}', '{x}', '{"EventType":5}', '{"a":{"EventType":"IDLE"}}', '{"a":[}']
  for (const each of nonsense) {
    const { acks, skipped } = parseText(`${each} junk ] } \n{"EventType":"IDLE"}`)
    assert.deepEqual([acks.length, skipped], [1, 1], each)
  }
})

test('a huge object is skipped without being kept, an ack inside it too', () => {
  const inner = '{"EventType":"PERSISTED","FragmentTimecode":1}'
  const { acks, skipped } = parseText(`{"a":[${`${inner},`.repeat(200)}${inner}]}\n${inner}\n`)
  assert.deepEqual([acks.length, skipped], [1, 1])
})

test('a string that a line break cuts off costs that line only', () => {
  const { acks, skipped } = parseText('{"EventType":"RECEI\n{"EventType":"PERSISTED","FragmentTimecode":9}\n')
  assert.deepEqual([acks[0]?.type, skipped], ['PERSISTED', 1])
})

const ack = fc.record(
  {
    EventType: fc.constantFrom('BUFFERING', 'RECEIVED', 'PERSISTED', 'ERROR', 'IDLE'),
    FragmentTimecode: fc.nat(),
    FragmentNumber: fc.string(),
    ErrorId: fc.nat(9999),
    Other: fc.json(),
  },
  { requiredKeys: ['EventType'] },
)

test('any split of the bytes gives the same acks', () => {
  fc.assert(
    fc.property(fc.array(ack, { maxLength: 6 }), fc.array(fc.nat(40), { maxLength: 40 }), (acks, sizes) => {
      const bytes = utf8Bytes(acks.map((each) => `${JSON.stringify(each)}\n`).join(''))
      const pieces: Uint8Array[] = []
      let at = 0
      for (const size of sizes) {
        pieces.push(bytes.subarray(at, at + size))
        at = Math.min(at + size, bytes.length)
      }
      pieces.push(bytes.subarray(at))
      const whole = parse([bytes])
      assert.deepEqual(parse(pieces), whole)
      assert.equal(whole.acks.length, acks.length)
      assert.equal(whole.skipped, 0)
    }),
  )
})

test('arbitrary and damaged bytes are read without a word', () => {
  fc.assert(
    fc.property(fc.array(ack, { maxLength: 4 }), fc.array(fc.tuple(fc.nat(), fc.nat(255))), (acks, changes) => {
      const bytes = utf8Bytes(acks.map((each) => JSON.stringify(each)).join('\n'))
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
      parse([bytes])
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 6000 }), (bytes) => void parse([bytes])))
})
