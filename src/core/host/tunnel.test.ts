import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { utf8Bytes, utf8Text } from '../text.ts'
import { Tunnel } from './tunnel.ts'

const proxy = { host: 'proxy.test', port: 3128, authorization: undefined }

/** The pieces of an answer: whether the tunnel stands, or why not. */
function answered(...pieces: string[]): boolean | KvsError {
  const tunnel = new Tunnel(proxy, 'kvs.test', 443)
  try {
    let stands = false
    for (const piece of pieces) stands = tunnel.push(utf8Bytes(piece))
    return stands
  } catch (error) {
    assert.ok(error instanceof KvsError)
    assert.equal(error.code, 'CONNECT_FAILED')
    return error
  }
}

test('the request names the target, and who asks', () => {
  assert.equal(
    utf8Text(new Tunnel({ ...proxy, authorization: 'Basic eDp5' }, 'kvs.test', 443).request),
    'CONNECT kvs.test:443 HTTP/1.1\r\nHost: kvs.test:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n',
  )
  assert.equal(
    utf8Text(new Tunnel(proxy, '2001:db8::1', 8443).request),
    'CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n',
  )
})

test('stands with the last byte of an answer that agrees, however it is split', () => {
  for (const line of ['HTTP/1.1 200 Connection established', 'HTTP/1.0 200', 'HTTP/1.1 204 é']) {
    const bytes = utf8Bytes(`${line}\r\nVia: 1.1 a\r\n\r\n`)
    for (let at = 1; at < bytes.length; at++) {
      const tunnel = new Tunnel(proxy, 'kvs.test', 443)
      assert.equal(tunnel.push(bytes.subarray(0, at)), false)
      assert.equal(tunnel.push(bytes.subarray(at)), true)
    }
  }
})

test('a refusal says whose, of what, and why', () => {
  const cases: [answer: string, said: string, cause: RegExp][] = [
    ['HTTP/1.1 407 No\r\n\r\n', '407', /user and a password/],
    ['HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!', '403', /does not allow/],
    ['HTTP/1.1 301 There\r\n\r\n', '301', /does not allow/],
    ['SSH-2.0-a server\r\n\r\n', 'no HTTP', /no HTTP proxy/],
    ['HTTP/2.0 200 OK\r\n\r\n', 'no HTTP', /no HTTP proxy/],
    ['HTTP/1.1 20\r\n\r\n', 'no HTTP', /no HTTP proxy/],
    ['\r\n\r\n', 'no HTTP', /no HTTP proxy/],
    [`HTTP/1.1 200 OK\r\nVia: ${'a'.repeat(16 * 1024)}`, 'no HTTP', /no HTTP proxy/],
  ]
  for (const [answer, said, cause] of cases) {
    const error = answered(answer)
    assert.ok(error instanceof KvsError, answer.slice(0, 40))
    assert.equal(error.message, `the proxy proxy.test:3128 refused a tunnel to kvs.test:443 (${said})`)
    assert.match(error.likelyCause, cause)
    assert.match(error.cure, /HTTPS_PROXY/)
  }
})

test('an answer without end is waited for up to a limit', () => {
  assert.equal(answered('HTTP/1.1 200 OK\r\n', ...Array.from({ length: 100 }, () => 'a'.repeat(160))), false)
})

test('a proxy that hangs up', () => {
  const error = new Tunnel(proxy, 'kvs.test', 443).ended()
  assert.deepEqual([error.code, error.message], ['CONNECT_FAILED', 'the proxy proxy.test:3128 closed the connection'])
})
