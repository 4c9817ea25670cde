import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base64, utf8Bytes } from '../text.ts'
import { type HttpProxy, proxyFor } from './proxy.ts'

function through(url: string, noProxy?: string, host = 'kvs.test', port = 443): HttpProxy | null {
  const values: Record<string, string | undefined> = { HTTPS_PROXY: url, NO_PROXY: noProxy }
  return proxyFor(host, port, (name) => values[name])
}

test('host and port of the proxy', () => {
  const cases: [url: string, host: string, port: number][] = [
    ['http://proxy.test:3128', 'proxy.test', 3128],
    ['HTTP://Proxy.Test', 'proxy.test', 80],
    ['proxy.test:8080', 'proxy.test', 8080],
    ['http://proxy.test:8080/path', 'proxy.test', 8080],
    ['http://192.0.2.1', '192.0.2.1', 80],
    ['http://[2001:DB8::1]', '2001:db8::1', 80],
    ['http://[2001:db8::1]:65535/', '2001:db8::1', 65535],
  ]
  for (const [url, host, port] of cases) assert.deepEqual(through(url), { host, port, authorization: undefined }, url)
})

test('user and password', () => {
  const cases: [login: string, plain: string][] = [
    ['user:password', 'user:password'],
    ['user', 'user:'],
    ['us%20er:p%40ss%2Fw%3Ard', 'us er:p@ss/w:rd'],
    ['user:p@ss', 'user:p@ss'],
    ['%C3%A9:%E2%82%AC', 'é:€'],
  ]
  for (const [login, plain] of cases) {
    const expected = `Basic ${base64(utf8Bytes(plain))}`
    assert.equal(through(`http://${login}@proxy.test`)?.authorization, expected, login)
  }
  assert.equal(through('http://:password@proxy.test')?.authorization, undefined)
})

test('what is no URL of a proxy is told, and not repeated', () => {
  const urls = [
    'socks5://secret',
    'https://secret',
    'http://',
    'http://secret:',
    'http://secret:0',
    'http://secret:65536',
    'http://secret:8o',
    'http://user:sec/ret@proxy.test',
    'http://user:secret%ff@proxy.test',
    'http://sec ret',
    'http://secret.test:1:2',
    'http://[secret]',
    'http://[::1',
    'http://::1]',
    'http://2001:db8::1',
  ]
  for (const url of urls) {
    assert.throws(() => through(url), { code: 'CONFIGURATION', message: 'HTTPS_PROXY is not the URL of a proxy' }, url)
  }
})

test('names of the variables in capitals go first', () => {
  const values: Record<string, string> = { https_proxy: 'small.test', no_proxy: 'not.test' }
  const env = (name: string) => values[name]
  assert.equal(proxyFor('kvs.test', 443, env)?.host, 'small.test')
  assert.equal(proxyFor('not.test', 443, env), null)
  Object.assign(values, { HTTPS_PROXY: 'large.test', NO_PROXY: '' })
  assert.equal(proxyFor('not.test', 443, env)?.host, 'large.test')
})

test('NO_PROXY', () => {
  const exempt = ['*', 'kvs.test', 'KVS.test', '.kvs.test', 'test', '.test', 'a.test, kvs.test', 'kvs.test:443', ',*']
  const others = ['', ',', 'vs.test', 'kvs', 'a.kvs.test', 'kvs.test:8443', 'kvs.test:', '**']
  for (const noProxy of exempt) assert.equal(through('proxy.test', noProxy, 'Kvs.test'), null, noProxy)
  for (const noProxy of others) assert.equal(through('proxy.test', noProxy)?.host, 'proxy.test', noProxy)
})

test('no proxy on loopback, and where none is named', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '::1']) {
    assert.equal(through('no proxy at all', undefined, host), null, host)
  }
  assert.equal(through('proxy.test', undefined, '127.0.0.1.test')?.host, 'proxy.test')
  assert.equal(through(''), null)
  assert.equal(proxyFor('kvs.test', 443, undefined), null)
})
