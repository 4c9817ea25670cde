/** Connections of the device's host that begin in plain TCP and go on in TLS, as through a proxy. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { buildProgram, runProgram, targets } from './program.ts'
import { authority, certificateFor, listen, pemFiles } from './servers.ts'
import type { Order } from './tunnel.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

const { certificate: cert, privateKey: key } = certificateFor(['localhost'])
const { ca } = await pemFiles(folder, { ca: authority.certificate })

/** Agrees to the first bytes; what comes then is another's. */
function agree(t: TestContext, then: (socket: Socket) => unknown): Promise<number> {
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write('yes')
      then(socket)
    })
  })
  return listen(t, server)
}

for (const target of targets) {
  describe(`from plain TCP to TLS on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('tunnel', target, folder)
    })

    async function says(name: string, order: Omit<Order, 'ca'>): Promise<readonly unknown[]> {
      const { status, stdout, stderr } = await runProgram(program, name, JSON.stringify({ ca, ...order }))
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
      return stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    }

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { isServer: true, cert, key, minVersion: version, maxVersion: version }

      test(`${version}: with the name asked for, and resumed the second time`, async (t) => {
        const seen: unknown[] = []
        // Each connection makes a context of its own: the key of the tickets is to outlive it.
        const shared = { ...options, ticketKeys: Buffer.alloc(48, 1) }
        const port = await agree(t, (raw) => {
          const socket = new TLSSocket(raw, shared).on('error', () => undefined)
          socket.once('data', (bytes) => {
            seen.push([String(bytes), socket.isSessionReused()])
            socket.end('hello, too')
          })
        })
        const event = { opened: 2, secured: null, heard: 'hello, too', close: null }
        assert.deepEqual(await says('upgrade', { port, times: 2 }), [event, event])
        assert.deepEqual(seen, [
          ['hello', false],
          ['hello', true],
        ])
      })

      test(`${version}: the name is verified`, async (t) => {
        const port = await agree(t, (raw) => new TLSSocket(raw, options).on('error', () => undefined))
        const [event] = await says('upgrade', { port, host: 'other.test' })
        assert.deepEqual(event, { opened: 1, secured: null, heard: '', close: 'CERT_OTHER_HOST' })
      })
    }

    test('what goes on in plain text is heard by nobody', async (t) => {
      const port = await agree(t, (socket) => socket.once('data', () => socket.write('plain text')))
      const [event] = await says('upgrade', { port })
      assert.deepEqual(event, { opened: 1, secured: null, heard: '', close: 'NOT_TLS' })
    })

    test('refused out of turn', async (t) => {
      const port = await listen(
        t,
        createServer((socket) => socket.pause()),
      )
      const events = await says('outOfTurn', { port })
      assert.deepEqual(events, [{ connecting: 'ENOTCONN' }, { writing: 'EBUSY' }, { destroyed: 'ENOTCONN' }])
    })

    test('refused where it is TLS already', async (t) => {
      const server = createServer((raw) =>
        new TLSSocket(raw, { isServer: true, cert, key }).on('error', () => undefined),
      )
      assert.deepEqual(await says('twice', { port: await listen(t, server) }), [
        { opened: 1, secured: null },
        { opened: 2, secured: 'EBUSY' },
      ])
    })

    test('dropped in the middle', async (t) => {
      const port = await agree(t, (socket) => socket.pause())
      assert.deepEqual(await says('leave', { port }), [{ secured: null }, { secured: null }])
    })
  })
}
