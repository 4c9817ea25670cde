import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { Authority, serverNames } from './authority.ts'
import { createAuthority, createServerCertificate } from './certificate.ts'
import { integer, objectIdentifier, time } from './der.ts'

const dayMs = 86_400_000

describe('DER', () => {
  it('writes integers in the fewest bytes, never negative', () => {
    assert.equal(Buffer.from(integer(Uint8Array.of(0))).toString('hex'), '020100')
    assert.equal(Buffer.from(integer(Uint8Array.of(0, 0, 127))).toString('hex'), '02017f')
    assert.equal(Buffer.from(integer(Uint8Array.of(128))).toString('hex'), '02020080')
  })

  it('writes object identifiers with arcs beyond 127', () => {
    assert.equal(Buffer.from(objectIdentifier('1.2.840.10045.4.3.2')).toString('hex'), '06082a8648ce3d040302')
  })

  it('changes from UTCTime to GeneralizedTime in 2050', () => {
    assert.equal(Buffer.from(time(new Date('2049-12-31T23:59:59Z'))).toString('latin1'), '\x17\x0d491231235959Z')
    assert.equal(Buffer.from(time(new Date('2050-01-01T00:00:00Z'))).toString('latin1'), '\x18\x0f20500101000000Z')
  })
})

describe('certificates', () => {
  const nowMs = Date.now()
  const made = createAuthority(nowMs)
  const authority = new X509Certificate(made.certificate)
  const keys = { publicKey: authority.publicKey, privateKey: createPrivateKey(made.privateKey) }
  const server = createServerCertificate(keys, ['localhost', '127.0.0.2', '::1', 'camera.example', 'fe80::12:3'], nowMs)
  const leaf = new X509Certificate(server.certificate)

  it('are an authority for ten years and a server for at most 397 days', () => {
    assert.equal(authority.ca, true)
    assert.equal(leaf.ca, false)
    assert.equal(Date.parse(authority.validTo) - Date.parse(authority.validFrom), 3650 * dayMs)
    assert.equal(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom), 397 * dayMs)
    assert.ok(Date.parse(leaf.validFrom) < nowMs - dayMs / 2)
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  })

  it('are signed by the authority and its key only', () => {
    assert.ok(leaf.checkIssued(authority))
    assert.ok(leaf.verify(authority.publicKey))
    assert.ok(!leaf.verify(leaf.publicKey))
    assert.ok(authority.verify(authority.publicKey))
  })

  it('name every host and address given', () => {
    assert.equal(leaf.checkHost('localhost'), 'localhost')
    assert.equal(leaf.checkHost('camera.example'), 'camera.example')
    assert.equal(leaf.checkHost('other.example'), undefined)
    for (const address of ['127.0.0.2', '::1', 'fe80::12:3']) assert.equal(leaf.checkIP(address), address)
    assert.equal(leaf.checkIP('127.0.0.3'), undefined)
  })

  it('satisfy openssl in its strict mode', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kvs-cert-'))
    try {
      const ca = join(directory, 'ca.pem')
      const cert = join(directory, 'server.pem')
      await writeFile(ca, made.certificate)
      await writeFile(cert, server.certificate)
      const args = [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-verify_hostname',
        'localhost',
        '-CAfile',
        ca,
        cert,
      ]
      assert.match(execFileSync('openssl', args, { encoding: 'utf8' }), /: OK/)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`let a ${version} client in that knows the authority, by name and by address`, async () => {
      const https = createServer({ cert: server.certificate, key: server.privateKey })
      await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
      try {
        const { port } = https.address() as AddressInfo
        const base = { host: '127.0.0.1', port, minVersion: version, maxVersion: version }
        const ciphers = version === 'TLSv1.2' ? { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } : {}
        const trusting = { ...base, ...ciphers, ca: made.certificate }
        assert.equal(await handshake(() => connect({ ...trusting, servername: 'localhost' })), 'authorized')
        assert.equal(
          await handshake(() => connect({ ...trusting, servername: 'other.example' })),
          'ERR_TLS_CERT_ALTNAME_INVALID',
        )
        assert.equal(
          await handshake(() => connect({ ...base, servername: 'localhost' })),
          'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
        )
      } finally {
        https.close()
      }
    })
  }
})

function handshake(open: () => TLSSocket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = open()
    socket.on('secureConnect', () => {
      resolve(socket.authorized ? 'authorized' : 'unauthorized')
      socket.destroy()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}

describe('the authority in a directory', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kvs-ca-'))
  })
  after(() => rm(directory, { recursive: true }))

  it('is made once, its key for the owner only, and stays until it nears its end', async () => {
    const nowMs = Date.now()
    const first = await Authority.open(directory, nowMs)
    const text = await readFile(first.certificateFile, 'utf8')
    assert.equal((await stat(first.certificateFile)).mode & 0o777, 0o644)
    assert.equal((await stat(join(directory, 'ca-key.pem'))).mode & 0o777, 0o600)
    assert.ok(first.certificateFile.endsWith('.pem'))
    await Authority.open(directory, nowMs + 3000 * dayMs)
    assert.equal(await readFile(first.certificateFile, 'utf8'), text)
    await Authority.open(directory, nowMs + 3260 * dayMs)
    assert.notEqual(await readFile(first.certificateFile, 'utf8'), text)
  })

  it('is made anew when damaged or parted from its key, and signs for its names', async () => {
    const nowMs = Date.now()
    const { certificateFile } = await Authority.open(directory, nowMs)
    for (const damage of ['', 'nonsense', createAuthority(nowMs).certificate]) {
      await chmod(certificateFile, 0o644)
      await writeFile(certificateFile, damage)
      const authority = await Authority.open(directory, nowMs)
      const certificate = new X509Certificate(await readFile(certificateFile, 'utf8'))
      const leaf = new X509Certificate(
        authority.serverCertificate(serverNames('127.0.0.1', ['cam.example']), nowMs).certificate,
      )
      assert.ok(leaf.verify(certificate.publicKey))
      assert.equal(leaf.checkHost('cam.example'), 'cam.example')
      assert.equal(leaf.checkIP('127.0.0.3'), '127.0.0.3')
    }
  })
})
