/** Whom the device's host trusts, and what it says of servers that it refuses or that refuse it. */

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { createAuthority } from '../../src/local/tls/certificate.ts'
import { buildProgram, targets } from './program.ts'
import { refused, said, talked } from './said.ts'
import { authority, certificateFor, listen, listenTls, pemFiles, rsaCertificate } from './servers.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

const client = certificateFor(['camera-7'])
const stranger = createAuthority(Date.now())
const rsa = await rsaCertificate(folder)
const files = await pemFiles(folder, {
  ca: authority.certificate,
  stranger: stranger.certificate,
  rsa: rsa.certificate,
  rsaKey: rsa.privateKey,
  bundle: `# several\n${stranger.certificate}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${authority.certificate}`,
  certificate: client.certificate,
  key: client.privateKey,
  otherKey: certificateFor(['camera-8']).privateKey,
  none: 'nothing of the kind\n',
})
const tls = { ca: files.ca }
const dayMs = 86_400_000
const echo = (socket: TLSSocket): unknown => socket.once('data', (bytes) => socket.end(bytes))
const hangUp = (socket: TLSSocket): unknown => socket.end()

for (const target of targets) {
  describe(`trust on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('net', target, folder)
    })

    describe('a server is refused', () => {
      const certificates = [
        ['for another host', certificateFor(['elsewhere.test', '127.0.0.1']), 'CERT_OTHER_HOST'],
        ['that has expired', certificateFor(['localhost'], -400 * dayMs), 'CERT_EXPIRED'],
        ['that is not yet valid', certificateFor(['localhost'], 2 * dayMs), 'CERT_NOT_YET_VALID'],
        ['that has expired and is for another host', certificateFor(['elsewhere.test'], -400 * dayMs), 'CERT_EXPIRED'],
      ] as const
      for (const [what, shown, close] of certificates) {
        test(`with a certificate ${what}`, async (t) => {
          const port = await listenTls(t, { shown }, hangUp)
          assert.deepEqual(await said(program, 'talk', { host: 'localhost', port, tls }), refused(close))
        })
      }

      test('at an address that its certificate does not have', async (t) => {
        const port = await listenTls(t, { shown: certificateFor(['localhost', '127.0.0.2', '::1']) }, hangUp)
        const order = { host: '127.0.0.1', port, tls }
        assert.deepEqual(await said(program, 'talk', order), refused('CERT_OTHER_HOST'))
      })

      test('whose authority is not trusted', async (t) => {
        const port = await listenTls(t, {}, hangUp)
        for (const ca of [files.stranger, null]) {
          const order = { host: 'localhost', port, tls: { ca } }
          assert.deepEqual(await said(program, 'talk', order), refused('CERT_UNTRUSTED'))
        }
      })

      test('that knows nothing newer than TLS 1.1', async (t) => {
        const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
        const order = { host: 'localhost', port: await listenTls(t, old, hangUp), tls }
        const [, { close } = {}] = await said(program, 'talk', order)
        assert.equal(close, 'TLS_VERSION')
      })

      test('that has no cipher with forward secrecy', async (t) => {
        const old = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } as const
        const order = { host: 'localhost', port: await listenTls(t, old, hangUp), tls }
        const expected = refused('TLS_ALERT', 'handshake_failure, alert 40')
        assert.deepEqual(await said(program, 'talk', order), expected)
      })

      for (const [who, greeting] of [
        ['speaks first, and no TLS', 'SSH-2.0-OpenSSH_9.2\r\n'],
        ['answers in plain text', ''],
      ] as const) {
        test(`that ${who}`, async (t) => {
          const server = createServer((socket) => {
            if (greeting !== '') socket.write(greeting)
            socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
          })
          const order = { host: 'localhost', port: await listen(t, server), tls }
          assert.deepEqual(await said(program, 'talk', order), refused('NOT_TLS'))
        })
      }

      test('that hangs up in the middle of the handshake', async (t) => {
        const server = createServer((socket) => socket.once('data', () => socket.end()))
        const order = { host: 'localhost', port: await listen(t, server), tls }
        assert.deepEqual(await said(program, 'talk', order), refused('ECONNRESET'))
      })
    })

    describe('a server is trusted', () => {
      for (const ciphers of [
        'TLS_AES_128_GCM_SHA256',
        'TLS_AES_256_GCM_SHA384',
        'TLS_CHACHA20_POLY1305_SHA256',
        'ECDHE-ECDSA-AES128-GCM-SHA256',
        'ECDHE-ECDSA-AES256-GCM-SHA384',
        'ECDHE-ECDSA-CHACHA20-POLY1305',
      ]) {
        test(`with ${ciphers}`, async (t) => {
          const maxVersion = ciphers.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2'
          const port = await listenTls(t, { ciphers, minVersion: maxVersion, maxVersion }, echo)
          const events = await said(program, 'talk', { host: 'localhost', port, tls, say: 'x' })
          assert.deepEqual(events, talked('x'))
        })
      }

      test('with the cipher that this processor is fastest with', async (t) => {
        const features = (await readFile('/proc/cpuinfo', 'utf8')).split(/\s+/)
        const hasAes = features.includes('aes') && features.includes('pclmulqdq')
        const ciphers: string[] = []
        const port = await listenTls(t, { honorCipherOrder: false }, (socket) => {
          ciphers.push(socket.getCipher().name)
          echo(socket)
        })
        await said(program, 'talk', { host: 'localhost', port, tls, say: 'x' })
        assert.deepEqual(ciphers, [hasAes ? 'TLS_AES_128_GCM_SHA256' : 'TLS_CHACHA20_POLY1305_SHA256'])
      })

      for (const [sigalgs, maxVersion] of [
        ['RSA+SHA256', 'TLSv1.2'],
        ['rsa_pss_rsae_sha256:RSA+SHA256', 'TLSv1.2'],
        ['rsa_pss_rsae_sha256', 'TLSv1.3'],
      ] as const) {
        test(`with an RSA key that signs by ${sigalgs} in ${maxVersion}, and a client with one`, async (t) => {
          const asking = { requestCert: true, rejectUnauthorized: true, ca: rsa.certificate }
          const port = await listenTls(t, { shown: rsa, sigalgs, maxVersion, ...asking }, echo)
          const own = { ca: files.rsa, certificate: files.rsa, key: files.rsaKey }
          const events = await said(program, 'talk', { host: 'localhost', port, tls: own, say: 'x' })
          assert.deepEqual(events, talked('x'))
        })
      }

      test('by one of several authorities, of which some cannot be read', async (t) => {
        const order = { host: 'localhost', port: await listenTls(t, {}, echo), tls: { ca: files.bundle }, say: 'x' }
        assert.deepEqual(await said(program, 'talk', order), talked('x'))
      })
    })

    test('what cannot be used is said to be so', async () => {
      const { ca, certificate, key, otherKey, none } = files
      for (const [given, made] of [
        [{ ca: none }, 'NO_CERTIFICATE'],
        [{ ca, certificate: none, key }, 'BAD_CERTIFICATE'],
        [{ ca, certificate, key: none }, 'BAD_KEY'],
        [{ ca, certificate, key: otherKey }, 'BAD_KEY'],
        [{ ca, certificate, key }, true],
        [{ ca: null }, true],
      ] as const) {
        assert.deepEqual(await said(program, 'tls', { host: '', port: 0, tls: given }), [{ made }])
      }
    })
  })
}
