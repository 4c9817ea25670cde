import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import { utf8Bytes, utf8Text } from '../text.ts'
import {
  continueTimeoutMs,
  type ExchangeHandlers,
  HttpExchange,
  refusalLimitBytes,
  refusalTimeoutMs,
} from './exchange.ts'
import { ScriptedNetwork, type ScriptedPeer } from './testing/scriptedNetwork.ts'

const head = utf8Bytes('POST /putMedia HTTP/1.1\r\n\r\n')
const continueLine = 'HTTP/1.1 100 Continue\r\n\r\n'
const okHead = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

function begin(expectContinue = true, more: Partial<ExchangeHandlers> = {}) {
  const network = new ScriptedNetwork()
  const events: string[] = []
  const exchange = HttpExchange.open(
    network,
    { origin: { host: 'h', port: 443, tls: true }, head, expectContinue },
    {
      onReady: () => events.push('ready'),
      onHead: ({ status, headers }) => events.push(`head ${status} ${headers.size}`),
      onBody: (bytes) => events.push(`body ${utf8Text(bytes)}`),
      onDrain: () => events.push('drain'),
      onEnd: () => events.push('end'),
      onClose: (error) => events.push(`close ${error === null ? '-' : error.code}`),
      ...more,
    },
  )
  const peer: ScriptedPeer = network.peer()
  return { network, clock: network.clock, peer, exchange, events }
}

const parts = (...texts: string[]) => texts.map((text) => utf8Bytes(text))
const write = (exchange: HttpExchange, ...texts: string[]) =>
  exchange.writeChunk(
    parts(...texts),
    texts.reduce((sum, text) => sum + text.length, 0),
  )

test('both directions at once, from 100 Continue to the last ack', () => {
  const { peer, exchange, events, clock } = begin()
  assert.deepEqual(peer.options, { host: 'h', port: 443, tls: true, timeoutMs: 5000 })
  peer.open()
  assert.equal(peer.received, utf8Text(head))
  assert.deepEqual(events, [])
  peer.send(continueLine)
  assert.deepEqual(events.splice(0), ['ready'])
  // What is left is the patience for the answer.
  assert.equal(clock.pending, 1)
  assert.equal(write(exchange, 'abc', 'defghijklmnop'), true)
  peer.send(okHead).send('3\r\nack\r\n')
  assert.equal(write(exchange, 'x'), true)
  exchange.endBody()
  assert.deepEqual(peer.writes.slice(1), ['10\r\nabcdefghijklmnop\r\n', '1\r\nx\r\n', '0\r\n\r\n'])
  assert.deepEqual(events.splice(0), ['head 200 1', 'body ack'])
  peer.send('4\r\nlast\r\n0\r\n\r\n')
  assert.deepEqual(events.splice(0), ['body last', 'end'])
  assert.ok(peer.ended)
  peer.close()
  assert.deepEqual(events, ['close -'])
  assert.equal(clock.pending, 0)
})

test('the final status opens the body as well, a silent peer after a second, no expectation at once', () => {
  const early = begin()
  early.peer.open().send(okHead)
  assert.deepEqual(early.events, ['head 200 1', 'ready'])

  const silent = begin()
  silent.clock.advanceNow(10_000)
  assert.deepEqual(silent.events, [], 'the second runs from the head on')
  silent.peer.open()
  silent.clock.advanceNow(continueTimeoutMs - 1)
  assert.deepEqual(silent.events, [])
  silent.clock.advanceNow(1)
  assert.deepEqual(silent.events, ['ready'])
  silent.peer.send(continueLine)
  assert.deepEqual(silent.events, ['ready'], 'a late 100 changes nothing')

  const eager = begin(false)
  assert.deepEqual(eager.events, [])
  eager.peer.open()
  assert.deepEqual(eager.events, ['ready'])
})

test('other interim responses do not open the body', () => {
  const { peer, events } = begin()
  peer.open().send('HTTP/1.1 102 Processing\r\n\r\n')
  assert.deepEqual(events, [])
})

test('back-pressure: what is borrowed stays as it is, and nothing is written before onDrain', () => {
  const { peer, exchange, events } = begin()
  peer.room = false
  peer.open().send(continueLine)
  assert.deepEqual(events, [], 'the head itself is still on its way')
  peer.drain()
  assert.deepEqual(events.splice(0), ['ready'])
  assert.equal(write(exchange, 'a'.repeat(300)), false)
  assert.throws(
    () => write(exchange, 'b'),
    (error) => error instanceof KvsError && error.code === 'INTERNAL',
  )
  peer.drain()
  assert.deepEqual(events.splice(0), ['drain'])
  assert.equal(write(exchange, 'b'), false)
  exchange.endBody()
  exchange.endBody()
  peer.drain()
  assert.deepEqual(events, [], 'nobody waits for room after the end')
  peer.drain()
  assert.deepEqual(peer.writes.slice(1), [`12c\r\n${'a'.repeat(300)}\r\n`, '1\r\nb\r\n', '0\r\n\r\n'])
})

test('a chunk before the peer wants it, or after the end, is a mistake of the caller', () => {
  const { peer, exchange } = begin()
  const isInternal = (error: unknown) => error instanceof KvsError && error.code === 'INTERNAL'
  assert.throws(() => write(exchange, 'a'), isInternal)
  peer.open()
  assert.throws(() => write(exchange, 'a'), isInternal)
  peer.send(continueLine)
  exchange.endBody()
  assert.throws(
    () => write(exchange, 'a'),
    (error) => error instanceof KvsError && error.code === 'STOPPED',
  )
})

test('a refusal: its body is told, nothing more is written, the connection goes', () => {
  for (const ready of [false, true]) {
    const { peer, exchange, events, clock } = begin()
    peer.open()
    if (ready) peer.send(continueLine)
    events.length = 0
    peer.send('HTTP/1.1 400 Bad Request\r\ncontent-length: 4\r\n\r\nno')
    assert.equal(exchange.writeChunk(parts('a'), 1), false)
    exchange.endBody()
    clock.advanceNow(continueTimeoutMs)
    peer.send('!!')
    assert.deepEqual(events, ['head 400 1', 'body no', 'body !!', 'end', 'close -'])
    assert.ok(peer.destroyed)
    assert.equal(peer.received, utf8Text(head))
    assert.equal(clock.pending, 0)
  }
})

test('a refusal without an end is cut in size and in time, and its loss is told', () => {
  const large = begin()
  large.peer.open().send('HTTP/1.1 403 Forbidden\r\n\r\n')
  large.peer
    .send('a'.repeat(refusalLimitBytes - 1))
    .send('bcd')
    .send('e')
  assert.deepEqual(large.events.slice(2), ['body b', 'end', 'close -'])

  const slow = begin()
  slow.peer.open().send('HTTP/1.1 403 Forbidden\r\n\r\n')
  slow.clock.advanceNow(refusalTimeoutMs - 1)
  assert.deepEqual(slow.events, ['head 403 0'])
  slow.clock.advanceNow(1)
  assert.deepEqual(slow.events, ['head 403 0', 'end', 'close -'])

  const lost = begin()
  lost.peer.open().send('HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\n')
  lost.peer.close(null)
  assert.deepEqual(lost.events, ['head 403 1', 'close CONNECTION_LOST'])
  assert.equal(lost.clock.pending, 0)
})

test('redirects are refusals', () => {
  const { peer, events } = begin()
  peer.open().send('HTTP/1.1 307 Temporary Redirect\r\ncontent-length: 0\r\n\r\n')
  assert.deepEqual(events, ['head 307 1', 'end', 'close -'])
})

test('losses: before, between and within the response', () => {
  const lost = new KvsError('CONNECTION_LOST', 'reset')
  for (const bytes of ['', continueLine, okHead, `${okHead}3\r\nac`]) {
    for (const error of [lost, null]) {
      const { peer, events, clock } = begin()
      peer.open().send(bytes)
      peer.close(error)
      assert.equal(events.at(-1), 'close CONNECTION_LOST')
      assert.equal(events.filter((event) => event.startsWith('close')).length, 1)
      assert.equal(clock.pending, 0)
    }
  }
  const refused = begin()
  refused.peer.close(new KvsError('CONNECT_FAILED', 'no'))
  assert.deepEqual(refused.events, ['close CONNECT_FAILED'])
})

test('a reset after the whole response changes nothing', () => {
  const { peer, events } = begin()
  peer.open().send(`${okHead}0\r\n\r\n`)
  peer.close(new KvsError('CONNECTION_LOST', 'reset'))
  assert.deepEqual(events.slice(2), ['end', 'close -'])
})

test('a response that ends with the connection ends in order', () => {
  const { peer, events } = begin()
  peer.open().send('HTTP/1.1 200 OK\r\n\r\nack')
  peer.close(null)
  assert.deepEqual(events, ['head 200 0', 'ready', 'body ack', 'end', 'close -'])
})

test('what is not HTTP ends it', () => {
  const { peer, events } = begin()
  peer.open().send('nonsense\r\n')
  assert.deepEqual(events, ['close HTTP_INVALID'])
  assert.ok(peer.destroyed)
})

test('a response that ends before the request: nothing more is written, a peer that stays is left', () => {
  const { peer, exchange, events, clock } = begin()
  peer.open().send(continueLine)
  peer.room = false
  write(exchange, 'a')
  peer.send(`${okHead}0\r\n\r\n`)
  assert.deepEqual(events, ['ready', 'head 200 1', 'end'])
  assert.equal(exchange.writeChunk(parts('b'), 1), false)
  exchange.endBody()
  peer.send('more')
  clock.advanceNow(999)
  assert.deepEqual(events.length, 3)
  clock.advanceNow(1)
  assert.deepEqual(events.slice(3), ['close -'])
  assert.ok(peer.destroyed)
})

test('a complete response while the head has not left yet does not open the body afterwards', () => {
  const { peer, events } = begin()
  peer.room = false
  peer.open().send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  peer.drain()
  assert.deepEqual(events, ['head 200 1', 'end'])
})

test('destroy silences it, whichever handler calls it', () => {
  for (const name of ['onReady', 'onHead', 'onBody', 'onEnd'] as const) {
    const events: string[] = []
    const begun = begin(true, {
      [name]: () => {
        events.push(name)
        begun.exchange.destroy()
      },
    })
    begun.peer.open().send(`${continueLine}${okHead}3\r\nack\r\n0\r\n\r\n`)
    begun.clock.advanceNow(60_000)
    assert.deepEqual(events, [name])
    assert.ok(begun.peer.destroyed)
    assert.equal(
      begun.events.some((event) => event.startsWith('close')),
      false,
    )
    assert.equal(begun.clock.pending, 0)
    assert.equal(begun.exchange.writeChunk(parts('a'), 1), false)
  }
})

test('a handler that throws ends the exchange with its error', () => {
  const { peer, events } = begin(true, {
    onBody: () => {
      throw new KvsError('MEDIA_INVALID', 'x')
    },
  })
  peer.open().send(`${okHead}3\r\nack\r\n`)
  assert.deepEqual(events, ['head 200 1', 'ready', 'close MEDIA_INVALID'])
  assert.ok(peer.destroyed)
})

test('whatever the room and the pieces, the body arrives as written', () => {
  const piece = fc.tuple(
    fc.array(fc.string({ unit: fc.constantFrom('a', '\n', 'z'), minLength: 1, maxLength: 40 }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.boolean(),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const { peer, exchange } = begin(false)
      peer.open()
      let sent = ''
      for (const [texts, room] of pieces) {
        peer.room = room
        sent += texts.join('')
        const taken = write(exchange, ...texts)
        assert.equal(taken, room)
        if (!taken) peer.drain()
      }
      peer.room = true
      exchange.endBody()
      assert.equal(dechunk(peer.received.slice(head.length)), sent)
    }),
  )
})

function dechunk(text: string): string {
  let body = ''
  let at = 0
  for (;;) {
    const line = text.indexOf('\r\n', at)
    const length = Number.parseInt(text.slice(at, line), 16)
    if (length === 0) {
      assert.equal(text.slice(line), '\r\n\r\n')
      return body
    }
    body += text.slice(line + 2, line + 2 + length)
    at = line + 2 + length + 2
    assert.equal(text.slice(at - 2, at), '\r\n')
  }
}
