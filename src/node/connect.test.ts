import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as net from 'node:net'
import { test } from 'node:test'
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
