/** Connections of the device's host without TLS: names and addresses, writing and reading, how they end. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, type TestContext, test } from 'node:test'
import { withHosts } from './hosts.ts'
import type { Order } from './net.ts'
import { around, pattern } from './pattern.ts'
import { buildProgram, runProgram, targets } from './program.ts'
import { assertIdle, refused, said, talked } from './said.ts'
import { freePort, leadingTo, listen, onceWaiting } from './servers.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

/** Takes the first bytes for all, answers with them and ends. */
const echo = (socket: Socket): unknown => socket.once('data', (bytes) => socket.end(bytes))

for (const target of targets) {
  describe(`connections on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('net', target, folder)
    })

    const says = (name: string, order: Order) => said(program, name, order)
    const listenTcp = (t: TestContext, accept: (socket: Socket) => unknown, host?: string): Promise<number> =>
      listen(t, createServer({ allowHalfOpen: true }, accept), host)

    describe('names and addresses', () => {
      for (const host of ['127.0.0.1', 'localhost', '::1', '::ffff:127.0.0.1']) {
        test(`to ${host}`, async (t) => {
          const port = await listenTcp(t, echo, host === '::1' ? '::1' : '127.0.0.1')
          assert.deepEqual(await says('talk', { host, port, say: 'é?' }), talked('é?'))
        })
      }

      test('to the one of several addresses that answers', async (t) => {
        const lines = [2, 3, 1, 4].map((last) => `127.0.0.${last} many.test\n`)
        const hosted = await withHosts(t, program, lines.join(''))
        const port = await listenTcp(t, echo, '127.0.0.1')
        assert.deepEqual(await said(hosted, 'talk', { host: 'many.test', port, say: 'x' }), talked('x'))
        const nobody = { host: 'many.test', port: await freePort() }
        assert.deepEqual(await said(hosted, 'talk', nobody), refused('ECONNREFUSED'))
      })

      for (const host of ['127.0.0.1', 'localhost', '::1']) {
        test(`refused at ${host}`, async () => {
          assert.deepEqual(await says('talk', { host, port: await freePort() }), refused('ECONNREFUSED'))
        })
      }

      test('an address without a way to it', async () => {
        assert.deepEqual(await says('talk', { host: '255.255.255.255', port: 1 }), refused('ENETUNREACH'))
      })

      test('a name that does not exist', async () => {
        const [, { close = '' } = {}] = await says('talk', { host: 'not-there.invalid', port: 1 })
        // Without a name server nobody can tell whether it exists.
        assert.match(String(close), /^EAI_(NONAME|AGAIN)$/)
      })

      test('what is no name', async () => {
        for (const host of ['', 'a b', `${'a'.repeat(300)}.invalid`]) {
          const [, { close = '' } = {}] = await says('talk', { host, port: 1 })
          assert.match(String(close), /^(EAI_[A-Z]+|ECONNREFUSED)$/, host)
        }
      })

      test('a lookup that is abandoned', async () => {
        const [{ close = '' } = {}, ...others] = await says('abandon', { host: 'not-there.invalid', port: 1 })
        assert.match(String(close), /^EAI_(NONAME|AGAIN)$/)
        assert.deepEqual(others, [])
      })
    })

    describe('writing', () => {
      test('every byte in order to a reader who is slow', async (t) => {
        let received: Promise<Buffer> = Promise.resolve(Buffer.alloc(0))
        const read = (socket: Socket) => {
          received = buffer(socket)
          void received.then(() => socket.end())
        }
        const port = await listenTcp(t, onceWaiting(read))
        const events = await says('write', { host: '127.0.0.1', port, writes: around })
        assert.deepEqual(events, [{ waited: true }, { close: null, detail: '' }])
        const expected = around.flatMap((sizes, index) => pattern(index + 1, sizes))
        assert.ok((await received).equals(Buffer.concat(expected)))
      })

      test('to a peer that has ended its side and reads nothing yet: it waits', async (t) => {
        const read = onceWaiting((first: Socket) => first.resume())
        const port = await listenTcp(t, (socket) => {
          socket.end()
          read(socket)
        })
        const [idle, ...others] = await says('writeToSilence', { host: '127.0.0.1', port })
        assertIdle(idle)
        assert.deepEqual(others, [{ close: null, detail: '' }])
      })

      test('out of turn is a mistake of the program', async (t) => {
        const port = await listenTcp(t, () => undefined)
        const order: Order = { host: '127.0.0.1', port }
        const { status, stderr } = await runProgram(program, 'outOfTurn', JSON.stringify(order))
        assert.equal(status, 70)
        assert.match(stderr, /written before the last write was taken/)
      })
    })

    describe('reading', () => {
      test('bytes are lent for the length of the call', async (t) => {
        const port = await listenTcp(t, (socket) => socket.end('lent'))
        assert.deepEqual(await says('keep', { host: '127.0.0.1', port }), [
          { lengths: [0] },
          { close: null, detail: '' },
        ])
      })

      test('a peer that never pauses leaves the rest their turns', async (t) => {
        const port = await listenTcp(t, (socket) => {
          const bytes = Buffer.alloc(1_000_000)
          const more = (): unknown => socket.write(bytes, (error) => !error && more())
          more()
        })
        assert.deepEqual(await says('flood', { host: '127.0.0.1', port }), [{ ticked: true }])
      })
    })

    describe('the end', () => {
      test('of a peer that resets the connection', async (t) => {
        const port = await listenTcp(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
        const events = await says('talk', { host: '127.0.0.1', port, say: 'x' })
        assert.deepEqual(events.at(-1), { heard: '', close: 'ECONNRESET', detail: '' })
      })

      test('leaves nothing to do', async (t) => {
        const port = await listenTcp(t, (socket) => socket.end())
        const [close, idle] = await says('idleAfterEnd', { host: '127.0.0.1', port })
        assert.deepEqual(close, { close: null })
        assertIdle(idle)
      })

      for (const [destroyIn, accept] of Object.entries(leadingTo())) {
        test(`destroyed in ${destroyIn}`, async (t) => {
          const port = await listenTcp(t, accept)
          const events = await says('destroy', { host: '127.0.0.1', port, destroyIn })
          assert.deepEqual(events.slice(-2), [{ [destroyIn]: true }, { taken: false }])
        })
      }

      test('of the program, with connections in every state', async (t) => {
        const port = await listenTcp(t, () => undefined)
        assert.deepEqual(await says('leave', { host: 'localhost', port }), [])
      })

      test('the other side sees a FIN when destroyed', async (t) => {
        let hungUp: Promise<unknown> = Promise.resolve()
        const port = await listenTcp(t, (socket) => {
          hungUp = once(socket.resume(), 'end')
        })
        await says('destroy', { host: '127.0.0.1', port, destroyIn: 'onOpen' })
        await hungUp
      })
    })
  })
}
