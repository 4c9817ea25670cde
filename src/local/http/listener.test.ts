import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { LocalKvs } from '../index.ts'
import { call, isWhole, RawClient, recordingRelay, signedHead } from '../testing/rawClient.ts'
import { inTemporaryFolder, withLocalKvs } from '../testing/temporaryKvs.ts'
import { Listener } from './listener.ts'

const alert = 21

describe('the listener', () => {
  it('sets no limit on how long a request lasts, and one on how long its head may take', async () => {
    const listener = await Listener.open({
      host: '127.0.0.1',
      port: 0,
      maxConnections: 4,
      certificate: null,
      onRequest: (_request, response) => response.end(),
    })
    const { requestMs, socketMs, headersMs } = listener.timeouts
    assert.deepEqual([requestMs, socketMs], [0, 0])
    assert.ok(headersMs > 0 && headersMs <= 60_000)
    await listener.close(0)
  })

  it('speaks TLS 1.2 and 1.3, and nothing but HTTP/1.1', async () => {
    await withLocalKvs({}, async ({ port }) => {
      const reach = (options: object) =>
        new Promise<string>((resolve) => {
          const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
          socket.on('secureConnect', () => {
            resolve(`${socket.getProtocol()} ${socket.alpnProtocol || 'none'}`)
            socket.destroy()
          })
          socket.on('error', () => resolve('refused'))
        })
      assert.equal(await reach({ maxVersion: 'TLSv1.2' }), 'TLSv1.2 none')
      assert.equal(await reach({ ALPNProtocols: ['h2', 'http/1.1'] }), 'TLSv1.3 http/1.1')
      assert.equal(await reach({ ALPNProtocols: ['h2'] }), 'refused')
      assert.equal(await reach({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }), 'refused')
    })
  })

  it('says goodbye over TLS when the endpoint stops, at once', async () => {
    await withLocalKvs({}, async (local) => {
      const relay = await recordingRelay(local.port)
      const client = RawClient.open(local, relay.port)
      client.write(`${signedHead(local, '/listStreams', [], '{}')}{}`)
      await client.until(() => isWhole(client.received))
      await local.stop()
      await client.untilEnded()
      assert.equal(client.error, null)
      assert.equal(relay.types().at(-1), alert)
      client.destroy()
      await relay.close()
    })
  })

  it('ends its side of a connection when the client has, idle or after the answer', async () => {
    for (const http of [false, true]) {
      await withLocalKvs({ http }, async (local) => {
        const request = `${signedHead(local, '/listStreams', [], '{}')}{}`
        const idle = RawClient.open(local)
        idle.write(request)
        await idle.until(() => isWhole(idle.received))
        idle.socket.end()
        const quick = RawClient.open(local)
        quick.socket.end(request)
        const silent = RawClient.open(local)
        if (!http) await silent.until(() => silent.socket.readyState === 'open')
        silent.socket.end()
        for (const client of [idle, quick, silent]) await client.until(() => client.closed)
        assert.match(quick.received, /^HTTP\/1\.1 200 /)
      })
    }
  })

  it('serves plain HTTP on loopback, and nowhere else', async () => {
    await withLocalKvs({ http: true }, async (local) => {
      assert.equal(local.url, `http://localhost:${local.port}`)
      assert.equal(local.caFile, null)
      assert.match(await call(local, '/listStreams', '{}'), /^HTTP\/1\.1 200 /)
    })
    await inTemporaryFolder(async (directory) => {
      await assert.rejects(LocalKvs.start({ directory, http: true, host: '0.0.0.0' }), { code: 'CONFIGURATION' })
    })
  })
})
