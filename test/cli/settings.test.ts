/** Wrong options, credentials, regions and endpoints: one clear message and the right exit status. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { refuses } from '../drive/bad.ts'
import { startEndpoint, type TestEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { runKvs } from '../drive/kvs.ts'
import { samples } from '../drive/source.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const frames = ['-d', samples]

describe('options', { concurrency: 3 }, () => {
  const cases: readonly [args: readonly string[], what: RegExp][] = [
    [['-s', '10'], /-s must be 1024 or more, and not 10/],
    [['--size', 'abc'], /--size takes a whole number, and not "abc"/],
    [['-D', '-1'], /-D must be .* or more, and not -1/],
    [['-D', '0'], /-D must be .* or more, and not 0/],
    [['--duration', '1e3'], /--duration takes a number/],
    [['--no-such-thing'], /--no-such-thing is no option/],
    [['--durration', '3'], /--durration is no option[\s\S]*did you mean --duration\?/],
    [['-x'], /-x is no option/],
    [['--json=1'], /--json takes no value/],
    [['--tag', 'novalue'], /--tag takes key=value/],
    [['--video-codec', 'vp9'], /--video-codec is one of/],
    [['sing'], /"sing" is no command[\s\S]*cause: it is misspelt/],
    [['--retention-period', '100000'], /--retention-period must be/],
  ]
  for (const [args, what] of cases) {
    test(args.join(' '), async (t) => {
      await refuses(t, [...frames, ...args], { env: keys }, 1, what)
    })
  }

  test('a value is missing', async (t) => {
    const { status, stderr } = await runKvs(t, [...frames, '--region'], { env: keys })
    assert.match(stderr, /^kvs: --region needs a value/)
    assert.equal(status, 1)
  })

  test('a stream name that the service would not take', async (t) => {
    await refuses(t, [...frames, '-n', 'a b'], { env: keys }, 78, /"a b" is no stream name/)
  })

  test('plain http to somewhere else', async (t) => {
    await refuses(t, [...frames, '--endpoint', 'http://kvs.example:80'], { env: keys }, 78, /http/)
  })

  test('an endpoint that is no URL', async (t) => {
    await refuses(t, [...frames, '--endpoint', '::'], { env: keys }, 78, /::/)
  })

  test('a missing authority file', async (t) => {
    await refuses(t, [...frames, '--ca', '/nowhere/ca.pem'], { env: keys }, 78, /\/nowhere\/ca\.pem/)
  })

  test('an authority file without certificates', async (t) => {
    const file = join(await temporaryFolder(t), 'ca.pem')
    await writeFile(file, 'nothing\n')
    await refuses(t, [...frames, '--ca', file], { env: keys }, 78, /ca\.pem/)
  })

  test('a dump folder that is not there, or no folder: no loss, which would be worth another start', async (t) => {
    await refuses(t, [...frames, '--dump', '/nowhere/dump'], { env: keys }, 78, /\/nowhere\/dump/)
    await refuses(t, [...frames, '--dump', '/etc/hostname'], { env: keys }, 78, /\/etc\/hostname/)
  })
})

describe('credentials', { concurrency: 3 }, () => {
  test('none', async (t) => {
    const text = await refuses(t, frames, {}, 77, /no .*credentials|AWS_ACCESS_KEY_ID/)
    assert.match(text, /AWS_ACCESS_KEY_ID/)
  })

  test('one of the two is missing', async (t) => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = keys
    await refuses(t, frames, { env: { AWS_ACCESS_KEY_ID } }, 77, /AWS_SECRET_ACCESS_KEY/)
    await refuses(t, frames, { env: { AWS_SECRET_ACCESS_KEY } }, 77, /AWS_ACCESS_KEY_ID/)
  })

  test('the wrong secret', async (t) => {
    const { env } = await startEndpoint(t)
    const wrong = { ...env, AWS_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY }
    const text = await refuses(t, frames, { env: wrong }, 77, /likely cause: .*secret/)
    assert.ok(!text.includes(keys.AWS_SECRET_ACCESS_KEY))
  })

  test('a key that does not exist', async (t) => {
    const { env } = await startEndpoint(t)
    await refuses(t, frames, { env: { ...env, ...keys } }, 77, /likely cause: .*access key/)
  })

  test('another region than the endpoint has', async (t) => {
    const { env } = await startEndpoint(t)
    await refuses(t, [...frames, '--region', 'eu-west-1'], { env }, 77, /eu-west-1|region/)
  })
})

describe('where the service is', { concurrency: 3 }, () => {
  test('a region that is none', async (t) => {
    await refuses(t, [...frames, '--region', 'mars'], { env: keys }, 78, /mars/)
  })

  test('a region whose host does not exist', async (t) => {
    const args = [...frames, '--region', 'xx-nowhere-1', '--give-up-after', '1']
    await refuses(t, args, { env: keys }, 75, /kinesisvideo\.xx-nowhere-1\.amazonaws\.com[\s\S]*--region/)
  })

  test('nobody listens: until --give-up-after', async (t) => {
    const args = [...frames, '--give-up-after', '2', '-D', '600']
    await refuses(t, args, { env: { ...keys, CONTROL_PLANE_URI: await closedPort() } }, 75, /refused the connection/)
  })

  test('nobody listens: until the duration is over', async (t) => {
    const env = { ...keys, CONTROL_PLANE_URI: await closedPort() }
    await refuses(t, [...frames, '-D', '3'], { env }, 75, /refused the connection/)
  })

  test('an address that the certificate does not name', async (t) => {
    const endpoint = await startEndpoint(t)
    const url = await forwarded(t, endpoint)
    const args = [...frames, '--give-up-after', '1', '--endpoint', url]
    await refuses(t, args, { env: endpoint.env }, 75, /127\.0\.0\.8.* is for another host/)
  })

  test('a stream that is not to be created', async (t) => {
    const { env, local } = await startEndpoint(t)
    const args = [...frames, '-n', 'not-there', '--no-create']
    const text = await refuses(t, args, { env }, 69, /there is no stream "not-there"/)
    assert.match(text, /--no-create/)
    assert.deepEqual(local.streams, [])
  })
})

/** The URL of a port at which nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `https://localhost:${port}`
}

async function listen(t: TestContext, server: Server, host: string): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** The endpoint under an address that its certificate does not name. */
async function forwarded(t: TestContext, { local }: TestEndpoint): Promise<string> {
  const server = createServer((socket) => {
    const upstream = connect(local.port, '127.0.0.1')
    socket.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => socket.destroy()).pipe(socket)
  })
  return `https://127.0.0.8:${await listen(t, server, '127.0.0.8')}`
}
