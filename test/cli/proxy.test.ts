/** HTTPS_PROXY and NO_PROXY: through a tunnel, or not at all, and what is said when the proxy says no. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { refuses } from '../drive/bad.ts'
import { startEndpoint, type TestEndpoint } from '../drive/endpoint.ts'
import { runKvs } from '../drive/kvs.ts'
import { assertMedia, expectedAudio, expectedVideo, samples } from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'

/** Never looked up: only the proxy knows where it is. */
const host = 'kvs.invalid'

interface TestProxy {
  readonly port: number
  /** Targets asked for, in their order. */
  readonly targets: readonly string[]
  readonly authorizations: readonly (string | undefined)[]
}

/** A proxy in front of an endpoint; with a user it wants that one's password. */
async function startProxy(t: TestContext, { local }: TestEndpoint, user?: string): Promise<TestProxy> {
  const targets: string[] = []
  const authorizations: (string | undefined)[] = []
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connect', (request: IncomingMessage, client) => {
    targets.push(request.url ?? '')
    authorizations.push(request.headers['proxy-authorization'])
    client.on('error', () => undefined)
    const wanted = user === undefined ? undefined : `Basic ${Buffer.from(user).toString('base64')}`
    if (request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const upstream = connect(local.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\nVia: a proxy\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, targets, authorizations }
}

const args = ['-n', 'tunnel', '-d', samples, '-D', '2', '--quiet']

async function assertStreamed(endpoint: TestEndpoint): Promise<void> {
  const expected = [await expectedVideo(samples, 'h264', 2000), await expectedAudio(samples, 'aac', 2000)]
  assertMedia(await storedClusters(await endpoint.media('tunnel')), expected)
}

describe('a proxy', { concurrency: 3 }, () => {
  const advertised = { advertise: host }

  test('every connection goes through a tunnel', async (t) => {
    const endpoint = await startEndpoint(t, advertised)
    const proxy = await startProxy(t, endpoint)
    const env = { ...endpoint.env, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
    const { status, stderr } = await runKvs(t, args, { env })
    assert.deepEqual([status, stderr], [0, ''])
    await assertStreamed(endpoint)
    assert.ok(proxy.targets.length >= 2, 'control plane and PutMedia have connections of their own')
    for (const target of proxy.targets) assert.equal(target, `${host}:${endpoint.local.port}`)
    for (const authorization of proxy.authorizations) assert.equal(authorization, undefined)
  })

  test('with a user and a password, lower-case name of the variable', async (t) => {
    const endpoint = await startEndpoint(t, advertised)
    const proxy = await startProxy(t, endpoint, 'some one:pass@word')
    const env = { ...endpoint.env, https_proxy: `http://some%20one:pass%40word@127.0.0.1:${proxy.port}` }
    const { status, stderr } = await runKvs(t, args, { env })
    assert.deepEqual([status, stderr], [0, ''])
    await assertStreamed(endpoint)
  })

  test('a tunnel that is refused: why, and what to do', async (t) => {
    const endpoint = await startEndpoint(t, advertised)
    const proxy = await startProxy(t, endpoint, 'user:password')
    const env = { ...endpoint.env, HTTPS_PROXY: `http://user:WrongPassword@127.0.0.1:${proxy.port}` }
    const text = await refuses(t, [...args, '--give-up-after', '0'], { env }, 75, /refused a tunnel to kvs\.invalid/)
    assert.match(text, /407[\s\S]*password[\s\S]*HTTPS_PROXY/)
    assert.ok(!text.includes('WrongPassword'))
  })

  test('a proxy that is not there', async (t) => {
    const endpoint = await startEndpoint(t, advertised)
    const env = { ...endpoint.env, HTTPS_PROXY: 'http://127.0.0.1:9' }
    await refuses(t, [...args, '--give-up-after', '0'], { env }, 75, /127\.0\.0\.1:9 refused the connection/)
  })

  test('a proxy that is no URL', async (t) => {
    const endpoint = await startEndpoint(t, advertised)
    const env = { ...endpoint.env, HTTPS_PROXY: 'socks5://127.0.0.1:9' }
    await refuses(t, [...args, '--give-up-after', '0'], { env }, 78, /HTTPS_PROXY is not the URL of a proxy/)
  })

  test('NO_PROXY: the name is looked up, and not found', async (t) => {
    const endpoint = await startEndpoint(t, advertised)
    const proxy = await startProxy(t, endpoint)
    for (const NO_PROXY of ['example.com, kvs.invalid', '.invalid', '*']) {
      const env = { ...endpoint.env, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY }
      await refuses(t, [...args, '--give-up-after', '0'], { env }, 75, /kvs\.invalid was not found/)
    }
    assert.deepEqual(proxy.targets, [])
  })

  test('loopback never goes through a proxy', async (t) => {
    const endpoint = await startEndpoint(t)
    const env = { ...endpoint.env, HTTPS_PROXY: 'http://127.0.0.1:9' }
    const { status, stderr } = await runKvs(t, args, { env })
    assert.deepEqual([status, stderr], [0, ''])
    await assertStreamed(endpoint)
  })
})
