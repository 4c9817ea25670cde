import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkError } from './networkError.ts'

const peer = { host: 'kvs.test', port: 443 }

test('what a host calls a failure becomes the code, and the peer is named', () => {
  const cases = [
    ['ENOTFOUND', 'NAME_NOT_FOUND'],
    ['EAI_NONAME', 'NAME_NOT_FOUND'],
    ['EAI_AGAIN', 'NAME_NOT_FOUND'],
    ['ECONNREFUSED', 'CONNECT_FAILED'],
    ['ENETUNREACH', 'CONNECT_FAILED'],
    ['ETIMEDOUT', 'TIMED_OUT'],
    ['ECONNRESET', 'CONNECTION_LOST'],
    ['EHOSTDOWN', 'CONNECTION_LOST'],
    ['EMFILE', 'CONNECT_FAILED'],
    ['ENFILE', 'CONNECT_FAILED'],
    ['ENOBUFS', 'CONNECT_FAILED'],
    ['CERT_NOT_YET_VALID', 'CERTIFICATE_TIME'],
    ['CERT_EXPIRED', 'TLS_FAILED'],
    ['CERT_OTHER_HOST', 'TLS_FAILED'],
    ['CERT_UNTRUSTED', 'TLS_FAILED'],
    ['NOT_TLS', 'TLS_FAILED'],
    ['TLS_VERSION', 'TLS_FAILED'],
    ['TLS_ALERT', 'TLS_FAILED'],
    ['TLS', 'TLS_FAILED'],
    ['ENOMEM', 'OUT_OF_MEMORY'],
    ['EAI_MEMORY', 'OUT_OF_MEMORY'],
  ] as const
  for (const [name, code] of cases) {
    const error = networkError(name, 'more about it', peer)
    assert.equal(error.code, code, name)
    assert.equal(error.message.includes('kvs.test'), true, error.message)
    assert.equal(error.retry, true, name)
  }
})

test('what the host says besides is passed on, and its own name where it says nothing', () => {
  assert.equal(networkError('TLS', '-0x7180', peer).message, 'no secure connection to kvs.test:443 (-0x7180)')
  assert.equal(networkError('EHOSTDOWN', '', peer).message, 'the connection to kvs.test:443 failed: EHOSTDOWN')
})

test('a lack on this machine is not blamed on the network', () => {
  for (const name of ['EMFILE', 'ENFILE', 'ENOBUFS']) {
    const { message, likelyCause, cure } = networkError(name, `connect ${name}`, peer)
    assert.equal(message, `no socket left for a connection to kvs.test:443 (${name})`)
    assert.equal(likelyCause, 'too many files or sockets are open, in this program or on this machine')
    assert.equal(cure, 'end what leaves them open, or raise the limit (ulimit -n)')
  }
})
