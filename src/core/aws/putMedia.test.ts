import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { type ExchangeHandlers, HttpExchange } from '../http/exchange.ts'
import { ScriptedNetwork } from '../http/testing/scriptedNetwork.ts'
import { testCrypto } from '../testing/testCrypto.ts'
import { utf8Text } from '../text.ts'
import { acceptedOnly, epochSeconds, type PutMediaInput, putMediaHead } from './putMedia.ts'
import { parseRequest } from './testing/fakeControlPlane.ts'

const token = 'IQoJb3JpZ2luX2VjEXAMPLE'
const credentials = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG', sessionToken: token }
const input: PutMediaInput = {
  origin: { host: 's-1a2b3c4d.kinesisvideo.us-west-2.amazonaws.com', port: 443, tls: true },
  streamName: 'camera',
  region: 'us-west-2',
  credentials,
  wallMs: Date.UTC(2019, 3, 2, 22, 52, 3, 5),
  timecodeType: 'ABSOLUTE',
  userAgent: 'kvs-producer/0 (test)',
  expectContinue: true,
}

test('the head has what the service wants, and ends with the empty line', () => {
  const text = utf8Text(putMediaHead(input, testCrypto))
  const { method, path, headers, body } = parseRequest(text)
  assert.equal(`${method} ${path} ${body}`, 'POST /putMedia ')
  const { authorization, ...others } = headers
  assert.deepEqual(others, {
    host: 's-1a2b3c4d.kinesisvideo.us-west-2.amazonaws.com',
    accept: '*/*',
    connection: 'keep-alive',
    'content-type': 'application/json',
    'transfer-encoding': 'chunked',
    'user-agent': 'kvs-producer/0 (test)',
    'x-amzn-fragment-acknowledgment-required': '1',
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1554245523.005',
    'x-amzn-stream-name': 'camera',
    'x-amz-date': '20190402T225203Z',
    'x-amz-security-token': token,
    expect: '100-continue',
  })
  assert.match(
    authorization ?? '',
    /SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token;x-amzn-fragment-acknowledgment-required;x-amzn-fragment-timecode-type;x-amzn-producer-start-timestamp;x-amzn-stream-name,/,
  )
})

test('behind a path and a port, and without waiting for leave', () => {
  const origin = { host: '::1', port: 8443, tls: true, path: '/base' }
  const { path, headers } = parseRequest(
    utf8Text(putMediaHead({ ...input, origin, expectContinue: false }, testCrypto)),
  )
  assert.equal(path, '/base/putMedia')
  assert.equal(headers['host'], '[::1]:8443')
  assert.equal(headers['expect'], undefined)
})

test('by ARN instead of by name', () => {
  const { streamName: _name, ...rest } = input
  const { headers } = parseRequest(utf8Text(putMediaHead({ ...rest, streamArn: 'arn:x' }, testCrypto)))
  assert.equal(headers['x-amzn-stream-arn'], 'arn:x')
  assert.equal(headers['x-amzn-stream-name'], undefined)
})

test('a name that would add a header is refused', () => {
  assert.throws(
    () => putMediaHead({ ...input, streamName: 'a\r\nx-amzn-stream-arn: b' } as PutMediaInput, testCrypto),
    (error) => error instanceof KvsError && error.code === 'CONFIGURATION',
  )
})

test('the start timestamp has exactly three decimals', () => {
  assert.equal(epochSeconds(1_554_245_523_434), '1554245523.434')
  assert.equal(epochSeconds(1_554_245_523_005), '1554245523.005')
  assert.equal(epochSeconds(1_554_245_523_999.6), '1554245524.000')
  assert.equal(epochSeconds(0), '0.000')
  assert.equal(epochSeconds(-5), '0.000')
})

function begin() {
  const network = new ScriptedNetwork()
  const events: string[] = []
  let last: KvsError | null = null
  const handlers: ExchangeHandlers = {
    onReady: () => events.push('ready'),
    onHead: ({ status }) => events.push(`head ${status}`),
    onBody: (bytes) => events.push(`body ${utf8Text(bytes)}`),
    onDrain: () => events.push('drain'),
    onEnd: () => events.push('end'),
    onClose: (error) => {
      last = error
      events.push(`close ${error?.code ?? '-'}`)
    },
  }
  const head = putMediaHead(input, testCrypto)
  HttpExchange.open(network, { origin: input.origin, head, expectContinue: true }, acceptedOnly(handlers, credentials))
  return { peer: network.peer().open(), events, error: (): KvsError | null => last }
}

test('what an accepted PutMedia brings goes through', () => {
  const { peer, events } = begin()
  peer
    .send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nack\r\n0\r\n\r\n')
    .close()
  assert.deepEqual(events, ['ready', 'head 200', 'body ack', 'end', 'close -'])
})

test('a refused PutMedia is one error, whole or cut off, without the token', () => {
  const body = `{"Message":"x ${token}"}`
  const answer = `HTTP/1.1 400 Bad Request\r\nx-amzn-ErrorType: ConnectionLimitExceededException\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const whole = begin()
  whole.peer.send(answer.slice(0, -7)).send(answer.slice(-7))
  assert.deepEqual(whole.events, ['close SERVICE_BUSY'])
  assert.equal(whole.error()?.aws, 'ConnectionLimitExceededException')
  assert.match(whole.error()?.message ?? '', /PutMedia.*: x …$/)
  const cut = begin()
  cut.peer.send(answer.slice(0, -7)).close(new KvsError('CONNECTION_LOST', 'reset'))
  assert.deepEqual(cut.events, ['close SERVICE_BUSY'])
})
