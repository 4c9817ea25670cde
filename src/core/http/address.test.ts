import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback, portNumber } from './address.ts'

test('loopback', () => {
  const hosts = ['localhost', '::1', '127.0.0.1', '127.255.255.255']
  const others = [
    'localhost.test',
    '127.0.0.1.test',
    '127.0.0.256',
    '127.0.0',
    '128.0.0.1',
    '127.0.0.x',
    '127.0..1',
    '',
  ]
  for (const host of hosts) assert.equal(isLoopback(host), true, host)
  for (const host of others) assert.equal(isLoopback(host), false, host)
})

test('ports', () => {
  const cases: [text: string, port: number][] = [
    ['1', 1],
    ['0443', 443],
    ['65535', 65535],
    ['0', 0],
    ['65536', 0],
    ['000443', 0],
    ['', 0],
    ['-1', 0],
    ['4e3', 0],
    [' 80', 0],
  ]
  for (const [text, port] of cases) assert.equal(portNumber(text), port, text)
})
