/** TLS on the device's host, of either version: what it offers and remembers, and how connections end. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type TLSSocket, type TlsOptions, TLSSocket as TlsSocket } from 'node:tls'
import { createAuthority } from '../../src/local/tls/certificate.ts'
import { withHosts } from './hosts.ts'
import type { Order } from './net.ts'
import { around, pattern } from './pattern.ts'
import { buildProgram, targets } from './program.ts'
import { applicationRecord } from './records.ts'
import { assertIdle, refused, said, talked } from './said.ts'
import {
  authority,
  certificateFor,
  leadingTo,
  listen,
  listenByteByByte,
  listenTls,
  onceWaiting,
  pemFiles,
} from './servers.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

const shown = certificateFor(['localhost'])
const client = certificateFor(['camera-7'])
const files = await pemFiles(folder, {
  ca: authority.certificate,
  certificate: client.certificate,
  key: client.privateKey,
  stranger: createAuthority(Date.now()).certificate,
})
const tls = { ca: files.ca }
const echo = (socket: TLSSocket): unknown => socket.once('data', (bytes) => socket.end(bytes))
const versions = ['TLSv1.2', 'TLSv1.3'] as const
const only = (version: (typeof versions)[number]): TlsOptions => ({ minVersion: version, maxVersion: version })

for (const target of targets) {
  describe(`TLS on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('net', target, folder)
    })

    const says = (name: string, order: Order) => said(program, name, order)

    for (const version of versions) {
      describe(version, () => {
        test('names, ALPN, and no name where the host is an address', async (t) => {
          const seen: unknown[] = []
          const options = { ...only(version), ALPNProtocols: ['http/1.1'] }
          for (const [host, at] of [
            ['localhost', '127.0.0.1'],
            ['127.0.0.1', '127.0.0.1'],
            ['::1', '::1'],
          ] as const) {
            const port = await listenTls(t, { ...options, at }, (socket) => {
              seen.push([socket.getProtocol(), socket.servername, socket.alpnProtocol])
              echo(socket)
            })
            assert.deepEqual(await says('talk', { host, port, tls, say: 'hello' }), talked('hello'))
          }
          assert.deepEqual(seen, [
            [version, 'localhost', 'http/1.1'],
            [version, false, 'http/1.1'],
            [version, false, 'http/1.1'],
          ])
        })

        test('is resumed from the second connection on', async (t) => {
          const reused: boolean[] = []
          const port = await listenTls(t, only(version), (socket) => {
            reused.push(socket.isSessionReused())
            echo(socket)
          })
          const events = await says('talk', { host: 'localhost', port, tls, say: 'x', times: 4 })
          assert.deepEqual(events, [...talked('x'), ...talked('x'), ...talked('x'), ...talked('x')])
          assert.deepEqual(reused, [false, true, true, true])
        })

        test('is resumed with the very host that was visited, and only on the word of the same authority', async (t) => {
          const named = await withHosts(t, program, '127.0.0.1 a.test b.test\n')
          const reused: boolean[] = []
          // One server for all of them: it takes tickets that it gave under another name.
          const options = { ...only(version), shown: certificateFor(['a.test', '127.0.0.1']), at: '0.0.0.0' }
          const port = await listenTls(t, options, (socket) => {
            reused.push(socket.isSessionReused())
            echo(socket)
          })
          for (const [host, other] of [
            ['a.test', 'b.test'],
            ['127.0.0.1', '127.0.0.2'],
          ] as const) {
            const visits = [
              { host, ca: files.ca },
              { host: other, ca: files.ca },
              { host, ca: files.stranger },
              { host, ca: files.ca },
            ]
            assert.deepEqual(await said(named, 'visit', { host, port, visits }), [
              { host, close: null },
              { host: other, close: 'CERT_OTHER_HOST' },
              { host, close: 'CERT_UNTRUSTED' },
              { host, close: null },
            ])
            assert.deepEqual(reused.splice(0), [false, true])
          }
        })

        test('a session that the server has forgotten costs a full handshake and nothing else', async (t) => {
          const reused: boolean[] = []
          let connections = 0
          const server = createServer((raw) => {
            // Another ticket key for every connection.
            const { certificate: cert, privateKey: key } = shown
            const options = { isServer: true, cert, key, ticketKeys: Buffer.alloc(48, ++connections), ...only(version) }
            const socket = new TlsSocket(raw, options).on('error', () => undefined)
            socket.once('secure', () => reused.push(socket.isSessionReused()))
            echo(socket)
          })
          const port = await listen(t, server)
          const events = await says('talk', { host: 'localhost', port, tls, say: 'x', times: 2 })
          assert.deepEqual(events, [...talked('x'), ...talked('x')])
          assert.deepEqual(reused, [false, false])
        })

        test('a client certificate is shown to who asks', async (t) => {
          const names: (string | undefined)[] = []
          const options = { ...only(version), requestCert: true, rejectUnauthorized: false }
          const port = await listenTls(t, options, (socket) => {
            names.push(socket.getPeerX509Certificate()?.subjectAltName)
            echo(socket)
          })
          const own = { ...tls, certificate: files.certificate, key: files.key }
          assert.deepEqual(await says('talk', { host: 'localhost', port, tls: own, say: 'x' }), talked('x'))
          assert.deepEqual(await says('talk', { host: 'localhost', port, tls, say: 'x' }), talked('x'))
          assert.deepEqual(names, ['DNS:camera-7', undefined])
        })

        test('a server that wants a client certificate refuses a client without', async (t) => {
          const port = await listenTls(t, { ...only(version), requestCert: true, ca: authority.certificate }, echo)
          const events = await says('talk', { host: 'localhost', port, tls })
          const detail = version === 'TLSv1.3' ? 'certificate_required, alert 116' : 'handshake_failure, alert 40'
          assert.deepEqual(events.at(-1), { heard: '', close: 'TLS_ALERT', detail })
        })

        test('every byte in order to a reader who is slow', async (t) => {
          let received: Promise<Buffer> = Promise.resolve(Buffer.alloc(0))
          const read = (socket: TLSSocket) => {
            received = buffer(socket)
          }
          const port = await listenTls(t, only(version), onceWaiting(read))
          const events = await says('write', { host: 'localhost', port, tls, writes: around })
          assert.deepEqual(events, [{ waited: true }, { close: null, detail: '' }])
          const expected = around.flatMap((sizes, index) => pattern(index + 1, sizes))
          assert.ok((await received).equals(Buffer.concat(expected)))
        })

        test('packets of one byte', async (t) => {
          const port = await listenByteByByte(t, await listenTls(t, only(version), echo))
          assert.deepEqual(await says('talk', { host: 'localhost', port, tls, say: 'slow', times: 2 }), [
            ...talked('slow'),
            ...talked('slow'),
          ])
        })

        test('a connection cut without close_notify ends, and leaves nothing to do', async (t) => {
          const { certificate: cert, privateKey: key } = shown
          const server = createServer((raw) => {
            const socket = new TlsSocket(raw, { isServer: true, cert, key, ...only(version) })
            socket.on('error', () => undefined).on('secure', () => setTimeout(50).then(() => raw.end()))
          })
          const port = await listen(t, server)
          const [close, idle] = await says('idleAfterEnd', { host: 'localhost', port, tls })
          assert.deepEqual(close, { close: null })
          assertIdle(idle)
        })

        for (const [destroyIn, accept] of Object.entries(leadingTo())) {
          test(`destroyed in ${destroyIn}`, async (t) => {
            const port = await listenTls(t, only(version), accept)
            const events = await says('destroy', { host: 'localhost', port, tls, destroyIn })
            assert.deepEqual(events.slice(-2), [{ [destroyIn]: true }, { taken: false }])
          })
        }
      })
    }

    test('records without content are no end', async (t) => {
      const { certificate: cert, privateKey: key } = shown
      const server = createServer((raw) => {
        const options = { isServer: true, cert, key, ciphers: 'TLS_AES_128_GCM_SHA256', ...only('TLSv1.3') }
        const socket = new TlsSocket(raw, options).on('error', () => undefined)
        let secret = Buffer.alloc(0)
        socket.on('keylog', (line) => {
          const [label, , hex = ''] = line.toString().trim().split(' ')
          if (label === 'SERVER_TRAFFIC_SECRET_0') secret = Buffer.from(hex, 'hex')
        })
        socket.once('data', () => {
          // Two tickets and what is written next are OpenSSL's records 0 to 2.
          const sendRest = () => {
            const contents = ['', '', 'and after']
            raw.end(Buffer.concat(contents.map((content, i) => applicationRecord(secret, 3 + i, content))))
          }
          socket.write('before ', sendRest)
        })
      })
      const port = await listen(t, server)
      const events = await said(program, 'talk', { host: 'localhost', port, tls, say: 'x' })
      assert.deepEqual(events, talked('before and after'))
    })

    test('a session is offered no more after a server has refused it', async (t) => {
      const { certificate: cert, privateKey: key } = shown
      const offers: TlsOptions[] = [only('TLSv1.3'), only('TLSv1.2')]
      const server = createServer((raw) => {
        // A server that is set back to TLS 1.2 cannot take what it gave in TLS 1.3.
        const options = (offers.length > 1 ? offers.shift() : offers[0]) ?? {}
        echo(new TlsSocket(raw, { isServer: true, cert, key, ...options }).on('error', () => undefined))
      })
      const port = await listen(t, server)
      const events = await said(program, 'talk', { host: 'localhost', port, tls, say: 'x', times: 3 })
      const detail = 'protocol_version, alert 70'
      assert.deepEqual(events, [...talked('x'), ...refused('TLS_VERSION', detail), ...talked('x')])
    })
  })
}
