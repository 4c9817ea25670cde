import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { describe, it } from 'node:test'
import { call, isWhole, RawClient, recordingRelay, signedHead } from './testing/rawClient.ts'
import { withLocalKvs } from './testing/temporaryKvs.ts'

const applicationData = 23

/** Writes, and waits until the system has it or refuses it. */
function sent(client: RawClient, text: string): Promise<void> {
  return new Promise((resolve) => client.socket.write(text, () => resolve()))
}

describe('replies', () => {
  it('have head and body in one TLS record', async () => {
    await withLocalKvs({}, async (local) => {
      const relay = await recordingRelay(local.port)
      const client = RawClient.open(local, relay.port)
      const count = () => relay.types().filter((type) => type === applicationData).length
      for (const [body, status] of [
        ['{"StreamName":"one"}', '404 Not Found'],
        ['{"StreamName":"größe"}', '400 Bad Request'],
      ] as const) {
        const before = count()
        client.received = ''
        client.write(signedHead(local, '/describeStream', [], body) + body)
        await client.until(() => isWhole(client.received))
        assert.ok(client.received.startsWith(`HTTP/1.1 ${status}\r\n`), client.received)
        assert.equal(count() - before, 1)
      }
      client.destroy()
      await relay.close()
    })
  })

  it('carry what the service says of an error', async () => {
    await withLocalKvs({}, async (local) => {
      const reply = await call(local, '/describeStream', '{"StreamName":"none"}')
      assert.match(reply, /^HTTP\/1\.1 404 Not Found\r\n/)
      assert.match(reply, /\r\nx-amzn-ErrorType: ResourceNotFoundException\r\n/)
      assert.match(reply, /\r\nx-amzn-RequestId: [0-9a-f-]{36}\r\n/)
      assert.match(reply, /\r\nDate: /)
      assert.match(reply, /\{"__type":"ResourceNotFoundException","Message":"[^"]+"\}$/)
    })
  })

  it('to JSON that is none, and to an empty body', async () => {
    await withLocalKvs({}, async (local) => {
      assert.match(
        await call(local, '/describeStream', '{"StreamName'),
        /^HTTP\/1\.1 400 [\s\S]*SerializationException/,
      )
      assert.match(await call(local, '/describeStream', '[1]'), /^HTTP\/1\.1 400 [\s\S]*SerializationException/)
      assert.match(await call(local, '/listStreams', ''), /^HTTP\/1\.1 200 [\s\S]*"StreamInfoList":\[\]/)
    })
  })

  it('to a path with two slashes, and to one that leads nowhere', async () => {
    await withLocalKvs({}, async (local) => {
      assert.match(await call(local, '//listStreams', '{}'), /^HTTP\/1\.1 200 /)
      assert.match(await call(local, '/', '{}'), /^HTTP\/1\.1 403 [\s\S]*AccessDeniedException/)
      assert.match(await call(local, '/listStreams/x', '{}'), /^HTTP\/1\.1 403 /)
      const get = await call(local, '/listStreams', '{}', (head) => head.replace('POST', 'GET'))
      assert.match(get, /^HTTP\/1\.1 403 /)
    })
  })

  it('refuse what is not signed as it should be', async () => {
    await withLocalKvs({}, async (local) => {
      const unsigned = (head: string) => head.replace(/authorization: .*\r\n/, '')
      assert.match(
        await call(local, '/listStreams', '{}', unsigned),
        /^HTTP\/1\.1 403 [\s\S]*MissingAuthenticationToken/,
      )
      const forged = (head: string) =>
        head.replace(/Signature=./, (text) => (text.endsWith('0') ? text.replace('=0', '=1') : 'Signature=0'))
      assert.match(await call(local, '/listStreams', '{}', forged), /^HTTP\/1\.1 403 [\s\S]*InvalidSignatureException/)
      const changed = (head: string) => head.replace('/listStreams', '/describeStream')
      assert.match(await call(local, '/listStreams', '{}', changed), /^HTTP\/1\.1 403 [\s\S]*InvalidSignatureException/)
    })
  })

  it('take every body that the model allows', async () => {
    await withLocalKvs({}, async (local) => {
      const Fragments = Array.from({ length: 1000 }, (_, n) => String(n).padStart(128, '0'))
      const list = JSON.stringify({ StreamName: 'none', Fragments })
      assert.match(await call(local, '/getMediaForFragmentList', list), /^HTTP\/1\.1 404 /)
    })
  })

  it('reach a client that asked for the end of the connection and goes on to send', async () => {
    await withLocalKvs({ http: true }, async (local) => {
      const headers = [['Transfer-Encoding', 'chunked']] as const
      const head = signedHead(local, '/putMedia', headers).replace(/authorization: .*\r\n/, '')
      for (const connection of ['close', 'keep-alive']) {
        const client = new RawClient(connectTcp({ host: '127.0.0.1', port: local.port, allowHalfOpen: true }))
        client.write(head.replace('\r\n', `\r\nConnection: ${connection}\r\n`))
        await client.untilEnded()
        assert.match(client.received, /^HTTP\/1\.1 403 [\s\S]*MissingAuthenticationToken/)
        // A connection that has been dropped answers this with a reset, which takes what was not read yet with it.
        for (let n = 0; n < 4; n++) await sent(client, `10000\r\n${'x'.repeat(65_536)}\r\n`)
        client.socket.end()
        await client.until(() => client.closed)
        assert.equal(client.error, null, connection)
      }
    })
  })

  it('end a body that is too large, before it has all come', async () => {
    await withLocalKvs({}, async (local) => {
      const client = RawClient.open(local)
      client.write(signedHead(local, '/listStreams', [['Transfer-Encoding', 'chunked']]))
      client.write(`${(2_000_000).toString(16)}\r\n${' '.repeat(1_100_000)}`)
      await client.untilEnded()
      assert.match(client.received, /^HTTP\/1\.1 413 /)
      client.destroy()
    })
  })

  it('let a body come that waits for its 100 Continue', async () => {
    await withLocalKvs({}, async (local) => {
      const client = RawClient.open(local)
      client.write(signedHead(local, '/listStreams', [['Expect', '100-continue']], '{}'))
      await client.untilReceived('HTTP/1.1 100 Continue\r\n\r\n')
      client.write('{}')
      await client.untilReceived('"StreamInfoList":[]')
      client.destroy()
    })
  })
})
