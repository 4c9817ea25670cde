import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { failsWith } from '../testing/failsWith.ts'
import { utf8Bytes, utf8Text } from '../text.ts'
import { bodyLimitBytes, completionTimeoutMs, HttpClient } from './client.ts'
import { ScriptedNetwork } from './testing/scriptedNetwork.ts'

const origin = { host: 'kinesisvideo.us-west-2.amazonaws.com', port: 443, tls: true }
const post = { method: 'POST', path: '/describeStream', headers: [['x-a', 'b']] as const, body: utf8Bytes('{}') }
const sent =
  'POST /describeStream HTTP/1.1\r\nhost: kinesisvideo.us-west-2.amazonaws.com\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}'
const ok =
  'HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Amzn-RequestId: r\r\ncontent-length: 2\r\n\r\nok'

const begin = () => {
  const network = new ScriptedNetwork()
  return { network, clock: network.clock, client: new HttpClient(network, origin) }
}

test('a request and its response', async () => {
  const { network, client, clock } = begin()
  const answer = client.request(post)
  const peer = network.peer()
  assert.deepEqual(peer.options, { host: origin.host, port: 443, tls: true, timeoutMs: 5000 })
  peer.open()
  assert.deepEqual(peer.writes, [sent], 'one write')
  peer.send(ok.slice(0, 30)).send(ok.slice(30))
  const { status, headers, body, dateMs } = await answer
  assert.deepEqual([status, headers.get('x-amzn-requestid'), utf8Text(body), dateMs], [200, 'r', 'ok', 784111777000])
  assert.equal(clock.pending, 0)
})

test('one connection serves requests in order, one at a time', async () => {
  const { network, client } = begin()
  const first = client.request(post)
  const second = client.request({ method: 'GET', path: '/', headers: [['Host', 'other']] })
  const peer = network.peer().open()
  assert.deepEqual(peer.writes, [sent])
  peer.send(ok)
  assert.equal((await first).status, 200)
  assert.deepEqual(peer.writes.slice(1), ['GET / HTTP/1.1\r\nHost: other\r\n\r\n'])
  peer.send('HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')
  assert.equal((await second).status, 404)
  assert.equal(network.peers.length, 1)
})

test('dials again where the connection was not to be kept, or was closed in between, or is out of step', async () => {
  const { network, client } = begin()
  const round = async (answer: string) => {
    const response = client.request(post)
    network.peer().open().send(answer)
    return (await response).status
  }
  await round(ok.replace('Date:', 'Connection: close\r\nDate:'))
  assert.ok(network.peer(0).destroyed)
  await round(ok)
  network.peer().close()
  await round(`${ok}too much`)
  assert.ok(network.peer(2).destroyed)
  await round(ok)
  network.peer().send('HTTP/1.1 408 Request Timeout\r\n\r\n')
  assert.ok(network.peer(3).destroyed)
  await round(ok)
  assert.equal(network.peers.length, 5)
})

test('a kept connection that dies before a byte of the answer: once more on a new one', async () => {
  for (const error of [null, new KvsError('CONNECTION_LOST', 'reset')]) {
    const { network, client } = begin()
    const first = client.request(post)
    network.peer().open().send(ok)
    await first
    const second = client.request(post)
    network.peer().close(error)
    assert.equal(network.peers.length, 2)
    network.peer().open()
    assert.deepEqual(network.peer().writes, [sent])
    network.peer().send(ok)
    assert.equal((await second).status, 200)
    const third = client.request(post)
    network.peer().close(error)
    network.peer().close(error)
    await assert.rejects(third, failsWith('CONNECTION_LOST'))
    assert.equal(network.peers.length, 3)
  }
})

test('no second try after a byte of the answer, nor on a new connection', async () => {
  const { network, client } = begin()
  const first = client.request(post)
  network.peer().open().send(ok)
  await first
  const second = client.request(post)
  network.peer().send('H').close()
  await assert.rejects(second, failsWith('CONNECTION_LOST'))
  const third = client.request(post)
  network.peer().open().close()
  await assert.rejects(third, failsWith('CONNECTION_LOST'))
  const fourth = client.request(post)
  network.peer().close(new KvsError('NAME_NOT_FOUND', 'x'))
  await assert.rejects(fourth, failsWith('NAME_NOT_FOUND'))
  assert.equal(network.peers.length, 3)
})

test('a failure does not take the requests behind it along', async () => {
  const { network, client } = begin()
  const first = client.request(post)
  const second = client.request(post)
  network.peer().open().send('garbage\r\n')
  await assert.rejects(first, failsWith('HTTP_INVALID'))
  network.peer().open().send(ok)
  assert.equal((await second).status, 200)
})

test('the whole request has ten seconds, each one its own', async () => {
  const { network, client, clock } = begin()
  const first = client.request(post)
  const second = client.request(post)
  clock.advanceNow(completionTimeoutMs - 1)
  network.peer().open().send('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab')
  clock.advanceNow(1)
  await assert.rejects(first, failsWith('TIMED_OUT'))
  assert.ok(network.peer(0).destroyed)
  clock.advanceNow(completionTimeoutMs - 1)
  network.peer(1).open().send(ok)
  assert.equal((await second).status, 200)
  assert.equal(clock.pending, 0)
})

test('a body that ends with the connection, and one that is too large', async () => {
  const { network, client } = begin()
  const first = client.request(post)
  network.peer().open().send('HTTP/1.1 200 OK\r\n\r\nabc').close()
  assert.equal(utf8Text((await first).body), 'abc')
  const piece = new Uint8Array(bodyLimitBytes / 4)
  const second = client.request(post)
  const peer = network.peer().open().send('HTTP/1.1 200 OK\r\n\r\n')
  for (let i = 0; i < 4; i++) peer.send(piece)
  peer.close()
  assert.equal((await second).body.length, bodyLimitBytes)
  const third = client.request(post)
  const endless = network.peer().open().send('HTTP/1.1 200 OK\r\n\r\n')
  for (let i = 0; i < 5; i++) endless.send(piece)
  await assert.rejects(third, failsWith('HTTP_INVALID'))
  assert.ok(endless.destroyed)
})

test('an answer before the request is taken: right, but the connection is not used again', async () => {
  const { network, client } = begin()
  const first = client.request(post)
  network.peer().room = false
  network.peer().open().send(ok)
  assert.equal((await first).status, 200)
  assert.ok(network.peer().destroyed)
})

test('close rejects what is under way and what waits, and what comes later', async () => {
  const { network, client, clock } = begin()
  const first = client.request(post)
  const second = client.request(post)
  network.peer().open()
  client.close()
  client.close()
  await assert.rejects(first, failsWith('STOPPED'))
  await assert.rejects(second, failsWith('STOPPED'))
  await assert.rejects(client.request(post), failsWith('STOPPED'))
  assert.ok(network.peer().destroyed)
  assert.equal(clock.pending, 0)
})

test('a header that would end the head early is refused before anything is sent', async () => {
  const { network, client } = begin()
  await assert.rejects(client.request({ ...post, headers: [['x-a', 'b\r\nx-b: c']] }), failsWith('CONFIGURATION'))
  assert.equal(network.peers.length, 0)
})
