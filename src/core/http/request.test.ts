import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import { utf8Text } from '../text.ts'
import { hostHeader } from './origin.ts'
import { chunkHead, chunkHeadBytes, crlf, lastChunk, requestHead } from './request.ts'

const isConfiguration = (error: unknown) => error instanceof KvsError && error.code === 'CONFIGURATION'

test('a head is request line, headers in order, empty line', () => {
  const head = requestHead('POST', '/putMedia?a=b', [
    ['host', 'h'],
    ['x-Name', 'caf\u00e9\tx'],
    ['x-empty', ''],
  ])
  assert.equal(utf8Text(head), 'POST /putMedia?a=b HTTP/1.1\r\nhost: h\r\nx-Name: caf\u00e9\tx\r\nx-empty: \r\n\r\n')
})

test('nothing can be smuggled into a head, and the error does not say the value', () => {
  for (const bad of ['\r', '\n', '\0', '\r\n', '\x7f', '\x1b']) {
    assert.throws(() => requestHead(`GET${bad}`, '/', []), isConfiguration)
    assert.throws(() => requestHead('GET', `/a${bad}b`, []), isConfiguration)
    assert.throws(() => requestHead('GET', '/', [[`a${bad}`, 'b']]), isConfiguration)
    assert.throws(
      () => requestHead('GET', '/', [['x-token', `s3cret${bad}`]]),
      (error) => isConfiguration(error) && error instanceof KvsError && !error.explain().includes('s3cret'),
    )
  }
  for (const path of ['', 'a', '/a b', '/\u00e9']) assert.throws(() => requestHead('GET', path, []), isConfiguration)
  for (const name of ['', 'a b', 'a:', '\u00e9', 'a(']) {
    assert.throws(() => requestHead('GET', '/', [[name, 'b']]), isConfiguration)
  }
  assert.throws(() => requestHead('', '/', []), isConfiguration)
})

test('chunk framing', () => {
  assert.equal(utf8Text(chunkHead(1)), '1\r\n')
  assert.equal(utf8Text(chunkHead(0xabcdef)), 'abcdef\r\n')
  assert.equal(utf8Text(crlf), '\r\n')
  assert.equal(utf8Text(lastChunk), '0\r\n\r\n')
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (bytes) => {
      const into = new Uint8Array(chunkHeadBytes)
      assert.equal(utf8Text(chunkHead(bytes, into)), `${bytes.toString(16)}\r\n`)
      assert.equal(chunkHead(bytes, into).buffer, into.buffer)
    }),
  )
})

test('the Host header names the port only where it is not the usual one', () => {
  assert.equal(hostHeader({ host: 'h', port: 443, tls: true }), 'h')
  assert.equal(hostHeader({ host: 'h', port: 80, tls: true }), 'h:80')
  assert.equal(hostHeader({ host: 'h', port: 80, tls: false }), 'h')
  assert.equal(hostHeader({ host: '::1', port: 8443, tls: true }), '[::1]:8443')
  assert.equal(hostHeader({ host: '::1', port: 443, tls: true }), '[::1]')
})
