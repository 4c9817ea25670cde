import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import * as net from 'node:net'
import { type TestContext, test } from 'node:test'
import * as tls from 'node:tls'
import type { KvsError } from '../core/errors.ts'
import type { ClientCertificate } from '../core/platform.ts'
import { createAuthority, createServerCertificate } from '../local/tls/certificate.ts'
import { makeConnect } from './connect.ts'

/** Pieces that tell their place: no byte can be lost, moved or overwritten unseen. */
function piece(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 17 + (index >> 8)) & 0xff)
}

// The limit up to which parts are joined is 512 KB: writes below and above take turns on one socket.
const writes: readonly (readonly number[])[] = [[1], [6, 70_000, 2], [6, 300_000, 300_000, 2], [5, 20, 2], [6, 200_000]]

test('what is written in parts arrives in order, small or large, each write once the one before is taken', async (t) => {
  const received: Buffer[] = []
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (bytes) => received.push(bytes))
    socket.on('end', () => socket.end())
    t.after(() => socket.destroy())
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(address !== null && typeof address === 'object')
  const expected: Uint8Array[] = []
  let next = 0
  const error = await new Promise((resolve) => {
    const go = () => {
      for (let more = true; more; ) {
        const sizes = writes[next++]
        if (sizes === undefined) {
          socket.end()
          return
        }
        const parts = sizes.map((length, index) => piece(length, next * 7 + index))
        expected.push(...parts)
        more = socket.write(parts)
      }
    }
    const socket = makeConnect({})(
      { host: '127.0.0.1', port: address.port, tls: false, timeoutMs: 10_000 },
      { onOpen: go, onDrain: go, onData: () => undefined, onClose: resolve },
    )
  })
  assert.equal(error, null)
  assert(Buffer.concat(received).equals(Buffer.concat(expected)))
})

const nowMs = Date.now()
const authority = createAuthority(nowMs)
const issuer = { publicKey: createPublicKey(authority.certificate), privateKey: createPrivateKey(authority.privateKey) }
const server = createServerCertificate(issuer, ['localhost'], nowMs)
const camera = createServerCertificate(issuer, ['camera-7'], nowMs)
const pem = (text: string) => new Uint8Array(Buffer.from(text))
const trusted = [pem(authority.certificate)]

/** A server that asks for a certificate and, unless told otherwise, accepts any; tells whose it got. */
async function startAsking(t: TestContext, more: tls.TlsOptions = {}): Promise<{ port: number; names: string[] }> {
  const names: string[] = []
  const options = { key: server.privateKey, cert: server.certificate, requestCert: true, rejectUnauthorized: false }
  const listening = tls.createServer({ ...options, ...more }, (socket) => {
    names.push(socket.getPeerX509Certificate()?.subjectAltName ?? 'nobody')
    socket.on('error', () => undefined).end()
  })
  t.after(() => listening.close())
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const address = listening.address()
  assert(address !== null && typeof address === 'object')
  return { port: address.port, names }
}

/** Connects and waits for the server's end. */
function visit(port: number, clientCertificate?: ClientCertificate): Promise<KvsError | null> {
  return new Promise((resolve) => {
    const silent = () => undefined
    const socket = makeConnect({ ca: trusted })(
      { host: 'localhost', port, tls: true, timeoutMs: 10_000, clientCertificate },
      { onOpen: () => socket.end(), onData: silent, onDrain: silent, onClose: resolve },
    )
  })
}

test('a server that asks gets the client certificate', async (t) => {
  const { port, names } = await startAsking(t)
  assert.equal(await visit(port, { chain: pem(camera.certificate), key: pem(camera.privateKey) }), null)
  assert.equal(await visit(port), null)
  assert.deepEqual(names, ['DNS:camera-7', 'nobody'])
})

test('a server that wants a certificate and gets none says so in an alert, which is told as on the device', async (t) => {
  for (const [version, alert] of [
    ['TLSv1.2', 'handshake_failure, alert 40'],
    ['TLSv1.3', 'certificate_required, alert 116'],
  ] as const) {
    const { port } = await startAsking(t, { rejectUnauthorized: true, minVersion: version, maxVersion: version })
    const error = await visit(port)
    assert.equal(error?.code, 'TLS_FAILED')
    assert.equal(error?.message, `no secure connection to localhost:${port}: it refused (${alert})`)
  }
})

test('a server that hangs up without the last word of TLS has ended, as on the device', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const listening = net.createServer((raw) => {
      const options = { isServer: true, key: server.privateKey, cert: server.certificate, maxVersion: version }
      const socket = new tls.TLSSocket(raw, options).on('error', () => undefined)
      socket.on('secure', () => socket.write('cut', () => raw.end()))
    })
    t.after(() => listening.close())
    listening.listen(0, '127.0.0.1')
    await once(listening, 'listening')
    const address = listening.address()
    assert(address !== null && typeof address === 'object')
    let heard = ''
    const error = await new Promise((resolve) => {
      const onData = (bytes: Uint8Array) => {
        heard += Buffer.from(bytes).toString()
      }
      const handlers = { onOpen: () => undefined, onData, onDrain: () => undefined, onClose: resolve }
      makeConnect({ ca: trusted })({ host: 'localhost', port: address.port, tls: true, timeoutMs: 10_000 }, handlers)
    })
    assert.deepEqual([heard, error], ['cut', null])
  }
})

test('a client certificate that cannot be used is said to be so', async (t) => {
  const { port, names } = await startAsking(t)
  for (const client of [
    { chain: pem('none'), key: pem(camera.privateKey) },
    { chain: pem(camera.certificate), key: pem('none') },
    { chain: pem(camera.certificate), key: pem(server.privateKey) },
  ]) {
    const error = await visit(port, client)
    assert.deepEqual([error?.code, error?.message.includes('client certificate')], ['CONFIGURATION', true])
  }
  assert.deepEqual(names, [])
})

test('trust anchors that are damaged are told before anything is connected', () => {
  const damaged = pem(authority.certificate.slice(0, 100))
  assert.throws(() => makeConnect({ ca: [damaged] }), { code: 'CONFIGURATION' })
  makeConnect({ ca: [damaged, ...trusted] })
})
