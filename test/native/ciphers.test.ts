/** What TLS encrypts on the device's host, cipher by cipher: native/gcm.c does whole blocks, and mbedTLS the rest. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { TlsOptions } from 'node:tls'
import { pattern } from './pattern.ts'
import { buildProgram, targets } from './program.ts'
import { said } from './said.ts'
import { authority, listenTls, pemFiles } from './servers.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

const tls = await pemFiles(folder, { ca: authority.certificate })

const suites: Readonly<Record<string, TlsOptions>> = {
  TLS_AES_128_GCM_SHA256: { minVersion: 'TLSv1.3' },
  TLS_AES_256_GCM_SHA384: { minVersion: 'TLSv1.3' },
  TLS_CHACHA20_POLY1305_SHA256: { minVersion: 'TLSv1.3' },
  'ECDHE-ECDSA-AES128-GCM-SHA256': { maxVersion: 'TLSv1.2' },
  'ECDHE-ECDSA-AES256-GCM-SHA384': { maxVersion: 'TLSv1.2' },
  'ECDHE-ECDSA-CHACHA20-POLY1305': { maxVersion: 'TLSv1.2' },
}

/** A record each: every length up to some rounds of four blocks, and around those of the largest. */
const lengths = [...Array.from({ length: 270 }, (_, index) => index + 1), 16_319, 16_320, 16_383, 16_384]
const writes = lengths.map((length) => [length])

for (const target of targets) {
  describe(`ciphers on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('net', target, folder)
    })

    for (const [suite, versions] of Object.entries(suites)) {
      test(suite, async (t) => {
        let received: Promise<Buffer> = Promise.resolve(Buffer.alloc(0))
        let used = ''
        const port = await listenTls(t, { ...versions, ciphers: suite }, (socket) => {
          used = socket.getCipher().name
          received = buffer(socket)
        })
        const events = await said(program, 'write', { host: 'localhost', port, tls, writes })
        assert.deepEqual(events.at(-1), { close: null, detail: '' })
        assert.equal(used, suite)
        assert.ok((await received).equals(Buffer.concat(writes.flatMap((sizes, index) => pattern(index + 1, sizes)))))
      })
    }
  })
}
