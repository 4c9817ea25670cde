import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../../errors.ts'
import { failsWith } from '../../testing/failsWith.ts'
import { utf8Bytes } from '../../text.ts'
import { type IotCredentialsOptions, iotCredentials } from './iot.ts'
import { type CredentialAnswer, CredentialServer } from './testing/credentialServer.ts'

const certificate = { chain: utf8Bytes('certificate'), key: utf8Bytes('k3y') }
const good = { accessKeyId: 'ASIAX', secretAccessKey: 's3cret', sessionToken: 't0ken' }
const credentials = { ...good, expiration: '2026-11-22T09:00:00Z' }

function begin(answer: CredentialAnswer = [200, { credentials }], options: Partial<IotCredentialsOptions> = {}) {
  const server = new CredentialServer(() => answer)
  const provider = iotCredentials(server, {
    endpoint: 'c1.credentials.iot.eu-west-1.amazonaws.com',
    certificate: () => certificate,
    roleAlias: 'camera=role,@-_1',
    thingName: 'front-door',
    ...options,
  })
  return { server, provider, ask: () => server.settle(provider()) }
}

test('asks by the role alias, shows the certificate and names the thing', async () => {
  const { server, ask } = begin()
  const { expiration, ...got } = await ask()
  assert.deepEqual(got, good)
  assert.equal(expiration?.getTime(), Date.UTC(2026, 10, 22, 9))
  const [request, ...more] = server.requests
  assert.equal(more.length, 0)
  assert.equal(`${request?.method} ${request?.path}`, 'GET /role-aliases/camera=role,@-_1/credentials')
  assert.equal(request?.headers.get('x-amzn-iot-thingname'), 'front-door')
  assert.equal(request?.headers.get('host'), 'c1.credentials.iot.eu-west-1.amazonaws.com')
  assert.deepEqual(request?.to, {
    host: 'c1.credentials.iot.eu-west-1.amazonaws.com',
    port: 443,
    tls: true,
    timeoutMs: 3000,
    clientCertificate: certificate,
  })
  assert.equal(request?.to.clientCertificate, certificate, 'the object itself, which hosts remember')
})

test('an endpoint with a port, and a certificate that is replaced', async () => {
  const other = { chain: utf8Bytes('other'), key: utf8Bytes('other') }
  const certificates = [certificate, other]
  const { server, ask } = begin([200, { credentials }], {
    endpoint: 'localhost:8443',
    certificate: () => certificates.shift() ?? other,
  })
  await ask()
  await ask()
  assert.deepEqual(
    server.requests.map(({ to }) => [to.host, to.port, to.clientCertificate]),
    [
      ['localhost', 8443, certificate],
      ['localhost', 8443, other],
    ],
  )
})

test('names and endpoints that cannot be right are refused at once', () => {
  const wrong: [Partial<IotCredentialsOptions>, RegExp][] = [
    [{ roleAlias: '' }, /role alias/],
    [{ roleAlias: 'a'.repeat(129) }, /role alias/],
    [{ roleAlias: 'a/b' }, /"a\/b" is no role alias/],
    [{ thingName: '' }, /thing name/],
    [{ thingName: 'a b' }, /thing name/],
    [{ thingName: 'a\r\nx: y' }, /thing name/],
    [{ thingName: 'a'.repeat(129) }, /thing name/],
    [{ endpoint: 'ftp://x' }, /ftp/],
    [{ endpoint: 'http://c1.credentials.iot.eu-west-1.amazonaws.com' }, /http/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => begin(undefined, options), failsWith('CONFIGURATION', message))
  }
  begin(undefined, { roleAlias: 'a'.repeat(128), thingName: 'a'.repeat(128) })
})

test('refusals say what to check and whether another try helps, and nothing of what is secret', async () => {
  const cases: [CredentialAnswer, string, boolean, RegExp][] = [
    [[403, { message: 'Access Denied' }], 'ACCESS_DENIED', false, /403: Access Denied[\s\S]*certificate is not active/],
    [[404, { message: 'Role alias does not exist' }], 'ACCESS_DENIED', false, /404: Role alias/],
    [[400, {}], 'ACCESS_DENIED', false, /400/],
    [[429, {}], 'SERVICE_BUSY', true, /429/],
    [[500, {}], 'SERVICE_BUSY', true, /500/],
    [[301, {}], 'HTTP_INVALID', true, /holds no credentials/],
    [[200, good], 'HTTP_INVALID', true, /holds no credentials/],
    [[200, { credentials: [good] }], 'HTTP_INVALID', true, /holds no/],
    [[200, { credentials: { ...credentials, secretAccessKey: 7 } }], 'HTTP_INVALID', true, /holds no/],
    [[200, { credentials: { ...credentials, expiration: 'soon' } }], 'HTTP_INVALID', true, /holds no/],
    [[200, { credentials: { ...credentials, sessionToken: 't0ken\n' } }], 'NO_CREDENTIALS', false, /session token/],
    ['s3cret', 'HTTP_INVALID', true, /holds no/],
    ['', 'HTTP_INVALID', true, /holds no/],
  ]
  for (const [answer, code, retry, said] of cases) {
    await assert.rejects(begin(answer).ask(), (error) => {
      assert.ok(error instanceof KvsError)
      assert.deepEqual([error.code, error.retry], [code, retry], JSON.stringify(answer))
      assert.match(error.explain(), said)
      for (const secret of ['s3cret', 't0ken', 'k3y']) assert.ok(!error.explain().includes(secret))
      return true
    })
  }
})

test('the connection has three seconds, the answer five, and neither leaves anything behind', async () => {
  const refused = begin()
  refused.server.dial = 'silence'
  await assert.rejects(refused.ask(), failsWith('TIMED_OUT'))
  assert.equal(refused.server.tookMs, 3001)
  const { server, ask } = begin('silence')
  await assert.rejects(ask(), failsWith('TIMED_OUT'))
  assert.equal(server.tookMs, 5000)
})

test('a failure of TLS says that the certificate may be meant', async () => {
  const { server, ask } = begin()
  server.dial = new KvsError('TLS_FAILED', 'no secure connection')
  await assert.rejects(ask(), (error) => error instanceof KvsError && error.retry && /registered/.test(error.cure))
})

test('closing ends the request under way as one that may be tried again, and the next one is a new one', async () => {
  const { server, provider, ask } = begin('silence')
  const asking = provider()
  await server.clock.advance(100)
  provider.close?.()
  await assert.rejects(asking, (error) => failsWith('STOPPED')(error) && error instanceof KvsError && error.retry)
  await server.assertQuiet()
  server.answer = () => [200, { credentials }]
  assert.equal((await ask()).accessKeyId, 'ASIAX')
})
