import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../../errors.ts'
import { failsWith } from '../../testing/failsWith.ts'
import { metadataCredentials, metadataEnabled } from './imds.ts'
import { type CredentialAnswer, type CredentialRequest, CredentialServer } from './testing/credentialServer.ts'

const credentials = {
  Code: 'Success',
  AccessKeyId: 'ASIAX',
  SecretAccessKey: 's3cret',
  Token: 't0ken',
  Expiration: '2026-11-22T09:00:00Z',
}
const roles = '/latest/meta-data/iam/security-credentials/'

function instance(role: CredentialAnswer = [200, credentials], list: CredentialAnswer = 'camera-role\n') {
  return ({ path }: CredentialRequest): CredentialAnswer => {
    if (path === '/latest/api/token') return 'm3tadata'
    return path === roles ? list : role
  }
}

function begin(answer = instance(), env: Record<string, string> = {}) {
  const server = new CredentialServer(answer)
  const provider = metadataCredentials(server, (name) => env[name])
  return { server, provider, ask: () => server.settle(provider()) }
}

test('a token, the role, its credentials: three requests over one connection', async () => {
  const { server, ask } = begin()
  const { expiration, ...keys } = await ask()
  assert.deepEqual(keys, { accessKeyId: 'ASIAX', secretAccessKey: 's3cret', sessionToken: 't0ken' })
  assert.equal(expiration?.getTime(), Date.UTC(2026, 10, 22, 9))
  assert.deepEqual(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    ['PUT /latest/api/token', `GET ${roles}`, `GET ${roles}camera-role`],
  )
  const [put, ...gets] = server.requests
  assert.ok(Number(put?.headers.get('x-aws-ec2-metadata-token-ttl-seconds')) >= 1)
  for (const { headers } of gets) assert.equal(headers.get('x-aws-ec2-metadata-token'), 'm3tadata')
  assert.deepEqual(put?.to, { host: '169.254.169.254', port: 80, tls: false, timeoutMs: 1000 })
  assert.ok(server.requests.every(({ to }) => to === put?.to))
})

test('the address: of the environment, or the one for IPv6', async () => {
  const cases: [Record<string, string>, string][] = [
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1338/' }, '127.0.0.1:1338'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' }, 'fd00:ec2::254:80'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv4' }, '169.254.169.254:80'],
  ]
  for (const [env, expected] of cases) {
    const { server, ask } = begin(instance(), env)
    await ask()
    const [request] = server.requests
    assert.equal(`${request?.to.host}:${request?.to.port}`, expected)
  }
  assert.throws(() => begin(instance(), { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'here' }), failsWith('CONFIGURATION'))
})

test('no instance: final, until credentials have come or an address is given', async () => {
  const down = new KvsError('CONNECT_FAILED', 'refused')
  for (const dial of [down, 'silence'] as const) {
    const { server, ask } = begin()
    server.dial = dial
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof KvsError)
      assert.match(error.message, /^no credentials are set/)
      assert.match(error.cure, /AWS_ACCESS_KEY_ID/)
      return error.code === 'NO_CREDENTIALS' && !error.retry
    })
    assert.ok(server.tookMs <= 1001, 'it is soon found out')
    server.dial = undefined
    await ask()
    server.dial = dial
    await assert.rejects(ask(), (error) => error instanceof KvsError && error.retry)
  }
  const named = begin(instance(), { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://localhost:1' })
  named.server.dial = down
  await assert.rejects(named.ask(), failsWith('CONNECT_FAILED'))
})

test('refusals at each step', async () => {
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://localhost:1' }
  const cases: [(request: CredentialRequest) => CredentialAnswer, string, boolean][] = [
    [() => [403, {}], 'ACCESS_DENIED', false],
    [() => [503, {}], 'SERVICE_BUSY', true],
    [instance([200, credentials], [404, {}]), 'ACCESS_DENIED', false],
    [instance([404, { message: 'm3tadata' }]), 'ACCESS_DENIED', false],
    [instance([200, { Code: 'AssumeRoleUnauthorizedAccess' }]), 'HTTP_INVALID', true],
    [instance('s3cret'), 'HTTP_INVALID', true],
    [instance([200, credentials], 'a role\u00e9'), 'CONFIGURATION', false],
    [({ path }) => (path === roles ? 'silence' : 'm3tadata'), 'TIMED_OUT', true],
  ]
  for (const [answer, code, retry] of cases) {
    await assert.rejects(begin(answer, env).ask(), (error) => {
      assert.ok(error instanceof KvsError)
      assert.deepEqual([error.code, error.retry], [code, retry])
      for (const secret of ['s3cret', 't0ken', 'm3tadata']) assert.ok(!error.explain().includes(secret))
      return true
    })
  }
  await assert.rejects(begin(() => [403, {}]).ask(), failsWith('NO_CREDENTIALS', /^no credentials are set.*403/))
  await assert.rejects(begin(() => [503, {}]).ask(), failsWith('SERVICE_BUSY'))
})

test('switched off', () => {
  const enabled = (value: string | undefined) => metadataEnabled(() => value)
  assert.deepEqual([undefined, 'false', 'true', 'TRUE'].map(enabled), [true, true, false, false])
})
