/** When it ends, after what, and with which status. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../core/errors.ts'
import { picture } from '../core/testing/media.ts'
import { Kvs } from './testing/kvs.ts'

const refusedConnection = new KvsError('CONNECT_FAILED', 'connection refused by control.test')

test('an endpoint that refuses is tried until the duration is over, and that is said: 75', async () => {
  const kvs = new Kvs()
  kvs.service.dial = () => refusedConnection
  assert.equal(await kvs.run('-n cam -d m -D 20', 30_000), 75)
  assert.equal(kvs.clock.monotonicMs() >= 10_000 && kvs.clock.monotonicMs() <= 30_000, true)
  assert.equal(kvs.stderr.includes('connection refused by control.test'), true)
  assert.equal(kvs.stderr.includes('next try in'), true)
})

test('--give-up-after ends it before', async () => {
  const kvs = new Kvs()
  kvs.service.dial = () => refusedConnection
  assert.equal(await kvs.run('-n cam -d m -D 600 --give-up-after 5', 6000), 75)
})

test('a data endpoint that never answers does not hold it up for ever', async () => {
  const kvs = new Kvs()
  kvs.service.dial = (host) => (host === 'data.test' ? 'silence' : undefined)
  assert.equal(await kvs.run('-n cam -d m -D 10 -s 1024'), 75)
})

test('a service that stores nothing does not hold it up for ever: what it took is reported lost', async () => {
  const kvs = new Kvs()
  kvs.service.persistMs = Number.POSITIVE_INFINITY
  kvs.putPictures(100_000)
  assert.equal(await kvs.run('-n cam -d m -D 10 -s 1024'), 75)
  assert.equal(kvs.stderr.includes('not delivered before the end'), true)
})

test('a network that goes for good after the time is over ends it', async () => {
  const kvs = new Kvs()
  kvs.service.bytesPerMs = 5
  kvs.putPictures(50_000)
  kvs.start('-n cam -d m -D 10 -s 1024')
  await kvs.clock.advance(15_000)
  kvs.service.dial = () => refusedConnection
  for (const connection of kvs.service.network.open) connection.close(refusedConnection)
  assert.equal(await kvs.end(), 75)
})

test('a slow network is waited for as long as it gets on', async () => {
  const kvs = new Kvs()
  kvs.service.bytesPerMs = 50
  kvs.putPictures(40_000)
  assert.equal(await kvs.run('-n cam -d m -D 30 -s 1024 --fps 10'), 0)
  assert.equal(kvs.clock.monotonicMs() > 200_000, true)
})

test('denied: 77 at once', async () => {
  const kvs = new Kvs()
  kvs.service.refuse = () => ({ status: 403, type: 'AccessDeniedException', message: 'User: x is not authorized' })
  assert.equal(await kvs.run('-n cam -d m', 1000), 77)
  assert.equal(kvs.stderr.includes('not authorized'), true)
})

test('a missing stream that may not be created: 69', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n other -d m --no-create', 5000), 69)
  assert.equal(kvs.stderr.includes('--no-create'), true)
})

test('a frame that turns out to be none ends the source with 66, after what was taken is stored', async () => {
  for (const content of [new Uint8Array(0), new Uint8Array(50).fill(0x5a)]) {
    const kvs = new Kvs()
    kvs.files.contents.set('m/h264SampleFrames/frame-008.h264', content)
    assert.equal(await kvs.run('-n cam -d m -D 5 --fps 10'), 66)
    assert.equal(kvs.stderr.includes('frame-008.h264'), true)
    assert.equal(kvs.stderr.includes('lost         nothing'), true)
    assert.equal(kvs.service.stored.length, 1)
  }
})

test('a frame larger than the buffer: 66 with the size needed', async () => {
  const kvs = new Kvs()
  kvs.files.contents.set('m/h264SampleFrames/frame-008.h264', picture(8, false, 3_000_000))
  assert.equal(await kvs.run('-n cam -d m -D 5 -s 1024 --fps 10'), 66)
  assert.equal(kvs.stderr.includes('use --size 29'), true)
})

test('a signal brings home what is on its way; nothing lost is 130 or 143', async () => {
  for (const [signal, status] of [
    [2, 130],
    [15, 143],
  ] as const) {
    const kvs = new Kvs()
    kvs.start('-n cam -d m -D 600 --fps 10')
    await kvs.clock.advance(3500)
    kvs.signal(signal)
    assert.equal(await kvs.end(2000), status)
    assert.equal(kvs.stderr.includes('stopping; once more to stop at once'), true)
    assert.equal(kvs.service.stored.length, 4)
  }
})

test('after a signal it ends within 5 s, at a second one at once, and loss goes before the signal', async () => {
  const kvs = new Kvs()
  kvs.service.persistMs = Number.POSITIVE_INFINITY
  kvs.start('-n cam -d m -D 600 --fps 10 --json')
  await kvs.clock.advance(3500)
  kvs.signal(2)
  assert.equal(await kvs.end(5000), 74)
  const twice = new Kvs()
  twice.service.persistMs = Number.POSITIVE_INFINITY
  twice.start('-n cam -d m -D 600 --fps 10 --json')
  await twice.clock.advance(3500)
  twice.signal(2)
  await twice.clock.advance(1000)
  assert.equal(twice.exitStatus, undefined)
  twice.signal(2)
  assert.equal(await twice.end(1), 74)
  assert.equal(twice.lines[twice.lines.length - 1]?.['signal'], 2)
  const early = new Kvs()
  early.service.dial = () => refusedConnection
  early.start('-n cam -d m')
  await early.clock.advance(1500)
  early.signal(15)
  assert.equal(await early.end(5000), 143)
})

test('cut off as the signal comes, what is lost goes before the signal', async () => {
  const kvs = new Kvs()
  kvs.start('-n cam -d m -D 600 --fps 10')
  await kvs.clock.advance(3500)
  kvs.service.dial = () => refusedConnection
  for (const connection of kvs.service.network.open) connection.close(refusedConnection)
  await kvs.clock.advance(2000)
  kvs.signal(2)
  assert.equal(await kvs.end(5000), 74)
})
