import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KvsError } from '../core/errors.ts'
import type { ProxyEnvironment } from '../core/host/proxy.ts'
import type { ConnectOptions, Socket } from '../core/platform.ts'
import { FakeClock } from '../core/testing/fakeClock.ts'
import { utf8Bytes, utf8Text } from '../core/text.ts'
import { makeConnect } from './connect.ts'
import { FakeNative, type FakeSocket } from './testing/fakeNative.ts'
import { Tls } from './tls.ts'

const peer = { host: 'kvs.test', port: 443, tls: true, timeoutMs: 5000 } as const

/** A connection being made on a fake host, and what its owner is told. */
class Rig {
  readonly clock = new FakeClock()
  readonly native = new FakeNative().install()
  readonly told: string[] = []
  readonly socket: Socket
  error: KvsError | null | undefined

  constructor(options: ConnectOptions = peer, tls = new Tls(undefined), proxy?: ProxyEnvironment) {
    this.socket = makeConnect(this.clock, { tls, proxy })(options, {
      onOpen: () => this.told.push('open'),
      onData: (bytes) => this.told.push(`data ${bytes.length}`),
      onDrain: () => this.told.push('drain'),
      onClose: (error) => {
        this.told.push('close')
        this.error = error
      },
    })
  }

  get host(): FakeSocket {
    const [socket] = this.native.sockets
    assert.ok(socket)
    return socket
  }
}

test('what the host tells reaches the owner, and the other way round', () => {
  const rig = new Rig()
  assert.deepEqual([rig.host.options.host, rig.host.options.port], ['kvs.test', 443])
  rig.host.handlers.onOpen()
  const parts = [new Uint8Array(1)]
  assert.equal(rig.socket.write(parts), true)
  rig.host.taking = false
  assert.equal(rig.socket.write(parts), false)
  rig.host.handlers.onDrain()
  rig.host.handlers.onData(new Uint8Array(7))
  rig.socket.end()
  rig.host.handlers.onClose(null, '')
  assert.deepEqual([rig.host.written, rig.host.ended], [[parts, parts], true])
  assert.deepEqual([rig.told, rig.error], [['open', 'drain', 'data 7', 'close'], null])
  assert.equal(rig.socket.write(parts), false, 'nothing is written to what is closed')
  assert.equal(rig.host.written.length, 2)
})

test('a connection that does not stand in time is dropped and said to be late', async () => {
  const rig = new Rig()
  await rig.clock.advance(4999)
  assert.deepEqual([rig.told, rig.host.destroyed], [[], false])
  await rig.clock.advance(1)
  assert.deepEqual([rig.told, rig.host.destroyed, rig.error?.code], [['close'], true, 'TIMED_OUT'])
  assert.equal(rig.error?.message, 'kvs.test:443 did not answer in 5000 ms')
})

test('no timer is left once it stands, fails or is dropped', () => {
  const ends: ((rig: Rig) => void)[] = [
    (rig) => rig.host.handlers.onOpen(),
    (rig) => rig.host.handlers.onClose('ECONNREFUSED', ''),
    (rig) => rig.socket.destroy(),
  ]
  for (const end of ends) {
    const rig = new Rig()
    assert.equal(rig.clock.pending, 1)
    end(rig)
    assert.equal(rig.clock.pending, 0)
  }
})

test('trust anchors are read by the host once, and plain TCP does without', () => {
  const anchors = [new Uint8Array(3)]
  const native = new FakeNative().install()
  const tls = new Tls(anchors)
  assert.deepEqual(native.tls, [[anchors, null, null]])
  tls.settings(undefined)
  assert.equal(native.tls.length, 1)
  const plain = new Rig({ ...peer, tls: false })
  assert.deepEqual([plain.native.tls, plain.host.options.tls], [[], null])
})

test('a client certificate is read by the host once for all connections with it', () => {
  const native = new FakeNative().install()
  const tls = new Tls(undefined)
  const client = { chain: new Uint8Array(1), key: new Uint8Array(2) }
  const settings = tls.settings(client)
  assert.equal(tls.settings(client), settings)
  assert.deepEqual(native.tls, [[null, client.chain, client.key]])
  assert.notEqual(tls.settings(undefined), settings)
  assert.notEqual(tls.settings({ ...client }), settings)
})

test('a client certificate that cannot be used fails its connection from a later turn', async () => {
  const native = new FakeNative().install()
  const tls = new Tls(undefined)
  native.tlsError = 'BAD_KEY'
  const clock = new FakeClock()
  const errors: (KvsError | null)[] = []
  const silent = () => undefined
  makeConnect(clock, { tls })(
    { ...peer, clientCertificate: { chain: new Uint8Array(1), key: new Uint8Array(1) } },
    { onOpen: silent, onData: silent, onDrain: silent, onClose: (error) => errors.push(error) },
  )
  assert.equal(errors.length, 0)
  await clock.advance(0)
  assert.deepEqual([errors[0]?.code, errors[0]?.message.includes('BAD_KEY')], ['CONFIGURATION', true])
  assert.deepEqual([native.sockets, clock.pending], [[], 0])
})

test('trust anchors that cannot be used are told before anything is connected', () => {
  const native = new FakeNative().install()
  native.tlsError = 'NO_CERTIFICATE'
  assert.throws(() => new Tls([new Uint8Array(1)]), { code: 'CONFIGURATION' })
  native.tlsError = 'ENOMEM'
  assert.throws(() => new Tls([new Uint8Array(1)]), { code: 'OUT_OF_MEMORY' })
})

const env: ProxyEnvironment = (name) => (name === 'HTTPS_PROXY' ? 'http://proxy.test:8080' : undefined)
const ok = utf8Bytes('HTTP/1.1 200 OK\r\n\r\n')

/** A connection through a proxy that has been asked for a tunnel. */
function asking(): Rig {
  const rig = new Rig(peer, new Tls(undefined), env)
  rig.host.handlers.onOpen()
  return rig
}

test('through a proxy: plain until the tunnel stands, then TLS with the peer itself', () => {
  const rig = asking()
  assert.deepEqual(rig.host.options, { host: 'proxy.test', port: 8080, tls: null })
  const [[request = new Uint8Array(0)] = []] = rig.host.written
  assert.equal(utf8Text(request), 'CONNECT kvs.test:443 HTTP/1.1\r\nHost: kvs.test:443\r\n\r\n')
  rig.host.handlers.onDrain()
  rig.host.handlers.onData(ok.subarray(0, 15))
  assert.deepEqual(rig.host.secured, [])
  rig.host.handlers.onData(ok.subarray(15))
  assert.deepEqual(rig.host.secured, [[{ kind: 'TlsSettings' }, 'kvs.test', 443]])
  assert.deepEqual([rig.told, rig.clock.pending], [[], 1], 'the time that it may take covers TLS, too')
  rig.host.handlers.onOpen()
  rig.host.handlers.onData(ok)
  rig.host.handlers.onDrain()
  rig.host.handlers.onClose('ECONNRESET', '')
  assert.deepEqual(rig.told, ['open', `data ${ok.length}`, 'drain', 'close'])
  assert.deepEqual([rig.error?.message.includes('kvs.test:443'), rig.clock.pending], [true, 0])
})

test('what fails before the tunnel stands is said of the proxy', () => {
  const ends: [end: (rig: Rig) => void, message: RegExp][] = [
    [(rig) => rig.host.handlers.onClose('ECONNRESET', ''), /^proxy\.test:8080 broke the connection/],
    [(rig) => rig.host.handlers.onClose(null, ''), /^the proxy proxy\.test:8080 closed the connection$/],
    [
      (rig) => rig.host.handlers.onData(utf8Bytes('HTTP/1.1 403 No\r\n\r\n')),
      /refused a tunnel to kvs\.test:443 \(403\)$/,
    ],
  ]
  for (const [end, message] of ends) {
    const rig = asking()
    end(rig)
    assert.deepEqual([rig.told, rig.clock.pending, rig.host.secured], [['close'], 0, []])
    assert.match(rig.error?.message ?? '', message)
  }
})

test('a tunnel in which TLS cannot begin is dropped', () => {
  const rig = asking()
  rig.host.secureError = 'ENOMEM'
  rig.host.handlers.onData(ok)
  assert.deepEqual([rig.told, rig.host.destroyed, rig.error?.code], [['close'], true, 'OUT_OF_MEMORY'])
})

test('no tunnel without TLS', () => {
  const rig = new Rig({ ...peer, tls: false }, new Tls(undefined), env)
  assert.equal(rig.host.options.host, 'kvs.test')
})
