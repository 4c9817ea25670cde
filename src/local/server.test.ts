import assert from 'node:assert/strict'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { connect as connectTcp, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { Listener } from './http/listener.ts'
import { LocalKvs, type LocalKvsEvent } from './index.ts'
import { settingsOf } from './options.ts'
import { findRunning } from './running.ts'
import { RawClient, recordingRelay, signedHead } from './testing/rawClient.ts'
import { inTemporaryFolder, withLocalKvs } from './testing/temporaryKvs.ts'

const applicationData = 23
const alert = 21

/** One signed JSON call on a connection of its own; what came back, and how it ended. */
async function call(local: LocalKvs, path: string, body: string, change = (head: string) => head): Promise<string> {
  const client = RawClient.open(local)
  client.write(change(signedHead(local, path, [], body)) + body)
  await client.until(() => isWhole(client.received))
  client.destroy()
  return client.received
}

/** Writes, and waits until the system has it or refuses it. */
function sent(client: RawClient, text: string): Promise<void> {
  return new Promise((resolve) => client.socket.write(text, () => resolve()))
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  return end >= 0 && length !== undefined && text.length - end - 4 >= Number(length)
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

describe('starting', () => {
  it('says when the port is taken, and leaves nothing behind', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = (other.address() as { port: number }).port
    await inTemporaryFolder(async (directory) => {
      await assert.rejects(LocalKvs.start({ directory, port }), /taken/)
      await new Promise((resolve) => other.close(resolve))
      const local = await LocalKvs.start({ directory, port })
      assert.equal(local.port, port)
      await local.stop()
    })
  })

  it('is refused in a folder where another one runs, and tells where that is', async () => {
    await withLocalKvs({ region: 'ap-south-1' }, async (local) => {
      await assert.rejects(LocalKvs.start({ directory: local.directory }), /runs in .* already/)
      const running = await findRunning(local.directory)
      assert.deepEqual(
        { ...running },
        {
          pid: process.pid,
          url: local.url,
          host: '127.0.0.1',
          port: local.port,
          region: 'ap-south-1',
          caFile: local.caFile,
        },
      )
      await local.stop()
      assert.equal(await findRunning(local.directory), null)
    })
  })

  it('takes a folder over whose endpoint has died', async () => {
    const stale = [
      JSON.stringify({
        pid: 2 ** 22 + 1,
        url: 'https://localhost:1',
        host: '127.0.0.1',
        port: 1,
        region: 'x',
        caFile: null,
      }),
      JSON.stringify({
        pid: process.pid,
        url: 'https://localhost:1',
        host: '127.0.0.1',
        port: 1,
        region: 'x',
        caFile: null,
      }),
      JSON.stringify({ pid: 2 ** 22 + 1 }),
    ]
    for (const content of stale) {
      await inTemporaryFolder(async (directory) => {
        await mkdir(directory, { recursive: true })
        await writeFile(join(directory, 'running.json'), content)
        const local = await LocalKvs.start({ directory })
        await local.stop()
      })
    }
  })

  it('takes the keys back from others who could read them, and says so', async () => {
    await inTemporaryFolder(async (directory) => {
      await (await LocalKvs.start({ directory })).stop()
      const files = ['credentials.json', 'ca-key.pem'].map((name) => join(directory, name))
      for (const file of files) await chmod(file, 0o644)
      const local = await LocalKvs.start({ directory })
      const warnings: string[] = []
      local.on('event', (event) => event.type === 'warning' && warnings.push(event.message))
      for (const file of files) assert.equal((await stat(file)).mode & 0o777, 0o600)
      assert.deepEqual(
        warnings.map((text) => /read (\S+):/.exec(text)?.[1]),
        ['credentials.json', 'ca-key.pem'],
      )
      await local.stop()
    })
  })

  it('tells what happens, also where a listener fails', async () => {
    await withLocalKvs({}, async (local) => {
      const events: LocalKvsEvent[] = []
      local.on('event', (event) => events.push(event))
      await call(local, '/createStream', '{"StreamName":"told"}')
      await call(local, '/createStream', '{"StreamName":"told"}')
      assert.deepEqual(
        events.map((event) => (event.type === 'refused' ? [event.operation, event.error.type] : [event.type])),
        [['stream'], ['createStream', 'ResourceInUseException']],
      )
    })
  })
})

describe('options', () => {
  it('are checked, each by its name', () => {
    const wrong = [
      { directory: '' },
      { port: 65_536 },
      { port: 1.5 },
      { host: '' },
      { host: 'a b' },
      { region: 'Europe' },
      { limits: 'some' as 'on' },
      { concurrentPutMedia: 0 },
      { advertise: 'https://x' },
      { advertise: 'x:0' },
      { createDelayMs: -1 },
      { idleCloseMs: 0 },
      { connectionMaxMs: Number.NaN },
      { maxConnections: 0 },
    ]
    for (const option of wrong) {
      const [name = ''] = Object.keys(option)
      assert.throws(
        () => settingsOf({ directory: 'd', ...option }),
        (error) => String(error).includes(name),
        name,
      )
    }
  })

  it('decide on the URL that clients are told', async () => {
    await withLocalKvs({ advertise: 'kvs.example:443' }, async (local) => {
      assert.equal(local.url, 'https://kvs.example')
    })
    await withLocalKvs({ host: '127.0.0.2', advertise: '[::1]' }, async (local) => {
      assert.equal(local.url, `https://[::1]:${local.port}`)
    })
    await withLocalKvs({ host: '127.0.0.2' }, async (local) => {
      assert.equal(local.url, `https://127.0.0.2:${local.port}`)
    })
  })
})
