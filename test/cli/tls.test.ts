/** Whom `kvs` talks to: a server that cannot prove who it is gets nothing, not even a request. */

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Authority } from '../../src/local/tls/authority.ts'
import { breaks } from '../drive/bad.ts'
import { environment, startEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { jsonLines, runKvs } from '../drive/kvs.ts'
import { type RelayOptions, shown, startRelayed } from '../drive/relay.ts'
import { samples } from '../drive/source.ts'

const dayMs = 86_400_000

interface Refused {
  readonly code: string
  readonly message: RegExp
  readonly cause: RegExp
  readonly cure: RegExp
}

/** `kvs` tries a few times, says each time why, gives up, and the server has seen nothing of it. */
async function gives(t: TestContext, tls: RelayOptions['tls'], expected: Refused): Promise<void> {
  const { relay, endpoint } = await startRelayed(t, { ...(tls !== undefined && { tls }) })
  await gaveUp(t, endpoint.env, expected)
  assert.equal(relay.receivedBytes, 0, 'something was sent to a server that nobody vouches for')
  assert.deepEqual(endpoint.events, [])
}

async function gaveUp(t: TestContext, env: Readonly<Record<string, string>>, expected: Refused): Promise<void> {
  const args = ['-n', 'refused', '-d', samples, '-D', '5', '--give-up-after', '2', '--json']
  const { status, stdout, stderr } = await runKvs(t, args, { env })
  const lines = jsonLines(stdout)
  const retries = lines.filter((line) => line['event'] === 'retry')
  assert.ok(retries.length > 0, stdout)
  for (const retry of retries) {
    assert.equal(retry['code'], expected.code)
    assert.match(String(retry['message']), expected.message)
    assert.match(String(retry['cause']), expected.cause)
    assert.match(String(retry['cure']), expected.cure)
  }
  const [error = {}, ...others] = lines.filter((line) => line['event'] === 'error')
  assert.deepEqual(others, [])
  assert.equal(error['code'], 'GAVE_UP')
  assert.match(String(error['message']), expected.message)
  assert.match(String(error['cure']), expected.cure)
  assert.deepEqual([status, stderr], [75, ''])
}

describe('a server is refused', { concurrency: 3 }, () => {
  test('with a certificate for another host', (t) =>
    gives(t, (authority) => shown(authority.serverCertificate(['elsewhere.test'], Date.now())), {
      code: 'TLS_FAILED',
      message: /^(gave up: )?the certificate of localhost:\d+ is for another host/,
      cause: /not for this host/,
      cure: /check --endpoint/,
    }))

  test('with a certificate that has expired', (t) =>
    gives(t, (authority) => shown(authority.serverCertificate(['localhost'], Date.now() - 400 * dayMs)), {
      code: 'TLS_FAILED',
      message: /^(gave up: )?the certificate of localhost:\d+ has expired/,
      cause: /does not renew it, or the clock of this machine is ahead/,
      cure: /renew the certificate, or set the clock/,
    }))

  test('with a certificate that is not yet valid: for all that is known, it is our clock', (t) =>
    gives(t, (authority) => shown(authority.serverCertificate(['localhost'], Date.now() + 2 * dayMs)), {
      code: 'CERTIFICATE_TIME',
      message: /^(gave up: )?the certificate of localhost:\d+ is not yet valid/,
      cause: /the clock of this machine is wrong/,
      cure: /set the clock/,
    }))

  test('with a certificate of an authority that is not trusted', async (t) => {
    const stranger = await Authority.open(await temporaryFolder(t), Date.now())
    await gives(t, () => shown(stranger.serverCertificate(['localhost'], Date.now())), {
      code: 'TLS_FAILED',
      message: /^(gave up: )?no secure connection to localhost:\d+: nobody trusted vouches for it/,
      cause: /not signed by a trusted authority/,
      cure: /--ca/,
    })
  })

  test('without --ca, where only the authorities built in are trusted', async (t) => {
    const { local } = await startEndpoint(t)
    const { AWS_KVS_CACERT_PATH: _, ...env } = environment(local)
    await gaveUp(t, env, {
      code: 'TLS_FAILED',
      message: /^(gave up: )?no secure connection to localhost:\d+: nobody trusted vouches for it/,
      cause: /not signed by a trusted authority/,
      cure: /--ca/,
    })
  })

  test('that knows nothing newer than TLS 1.1', (t) => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    return gives(t, (authority) => ({ ...shown(authority.serverCertificate(['localhost'], Date.now())), ...old }), {
      code: 'TLS_FAILED',
      message: /^(gave up: )?no secure connection to localhost:\d+: it knows no TLS 1\.2 or newer/,
      cause: /out of date/,
      cure: /TLS 1\.2 or 1\.3/,
    })
  })

  test('that does not speak TLS', async (t) => {
    let requests = 0
    const server = createServer((_, response) => {
      requests++
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { local } = await startEndpoint(t)
    const url = `https://localhost:${(server.address() as AddressInfo).port}`
    await gaveUp(
      t,
      { ...environment(local), CONTROL_PLANE_URI: url },
      {
        code: 'TLS_FAILED',
        message: /^(gave up: )?no secure connection to localhost:\d+: what it says is no TLS/,
        cause: /does not speak TLS/,
        cure: /check --endpoint/,
      },
    )
    assert.equal(requests, 0)
  })
})

test('a data endpoint that cannot prove who it is gets no media', async (t) => {
  const { relay, endpoint } = await startRelayed(t, {
    tls: (authority) => shown(authority.serverCertificate(['elsewhere.test'], Date.now())),
  })
  // The control plane is the endpoint itself; only where media goes is it the relay.
  const env = { ...endpoint.env, CONTROL_PLANE_URI: `https://localhost:${endpoint.local.port}` }
  const args = ['-n', 'data', '-d', samples, '-D', '2', '--give-up-after', '2']
  const { end } = await breaks(t, args, { env }, 75, 'GAVE_UP')
  assert.equal(end['framesPersisted'], 0)
  assert.ok(Number(end['framesLost']) > 0)
  assert.equal(relay.receivedBytes, 0)
  assert.equal(endpoint.events.filter(({ type }) => type === 'opened').length, 0)
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version} alone will do`, async (t) => {
    const { endpoint } = await startRelayed(t, {
      tls: (authority) => ({
        ...shown(authority.serverCertificate(['localhost'], Date.now())),
        minVersion: version,
        maxVersion: version,
      }),
    })
    const { status, stdout } = await runKvs(t, ['-n', 'one', '-d', samples, '-D', '1', '--json'], { env: endpoint.env })
    assert.equal(status, 0, stdout)
  })
}
