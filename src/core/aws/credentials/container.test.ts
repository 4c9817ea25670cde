import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../../errors.ts'
import { failsWith } from '../../testing/failsWith.ts'
import { MemoryFiles } from '../../testing/memoryFiles.ts'
import { utf8Bytes } from '../../text.ts'
import { containerCredentials, containerVariable } from './container.ts'
import { type CredentialAnswer, CredentialServer } from './testing/credentialServer.ts'

const credentials = {
  AccessKeyId: 'ASIAX',
  SecretAccessKey: 's3cret',
  Token: 't0ken',
  Expiration: '2026-11-22T09:00:00Z',
}
const relative = 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'
const full = 'AWS_CONTAINER_CREDENTIALS_FULL_URI'

function begin(env: Record<string, string>, answer: CredentialAnswer = [200, credentials]) {
  const files = new MemoryFiles()
  const server = new CredentialServer(() => answer)
  const provider = containerCredentials(server, files, (name) => env[name])
  return { files, server, provider, ask: () => server.settle(provider()) }
}

test('where it is asked: the relative path first, then the whole URL', async () => {
  const cases: [Record<string, string>, string][] = [
    [{ [relative]: '/v2/credentials/a?id=1', [full]: 'https://x' }, 'false 169.254.170.2:80/v2/credentials/a?id=1'],
    [{ [relative]: 'v2' }, 'false 169.254.170.2:80/v2'],
    [{ [full]: 'http://169.254.170.23/v1/credentials' }, 'false 169.254.170.23:80/v1/credentials'],
    [{ [full]: 'http://[fd00:ec2::23]/v1/' }, 'false fd00:ec2::23:80/v1/'],
    [{ [full]: 'HTTP://localhost:1234/x/' }, 'false localhost:1234/x/'],
    [{ [full]: 'http://127.0.0.1' }, 'false 127.0.0.1:80/'],
    [{ [full]: 'http://localhost?a=b/c' }, 'false localhost:80/?a=b/c'],
    [{ [full]: 'https://example.com/x' }, 'true example.com:443/x'],
    [{ [full]: 'https://example.com:8443' }, 'true example.com:8443/'],
  ]
  for (const [env, expected] of cases) {
    const { server, ask } = begin(env)
    const { expiration, ...keys } = await ask()
    assert.deepEqual(keys, { accessKeyId: 'ASIAX', secretAccessKey: 's3cret', sessionToken: 't0ken' })
    assert.equal(expiration?.getTime(), Date.UTC(2026, 10, 22, 9))
    const [request] = server.requests
    assert.equal(`${request?.to.tls} ${request?.to.host}:${request?.to.port}${request?.path}`, expected)
    assert.equal(request?.to.timeoutMs, 1000)
    assert.equal(request?.headers.has('authorization'), false)
  }
})

test('addresses that must not be asked, or are none', () => {
  for (const url of [
    'http://169.254.170.3/',
    'http://example.com/',
    'http://127.0.0.1.example.com/',
    'http://10.0.0.1',
  ]) {
    assert.throws(() => begin({ [full]: url }), failsWith('CONFIGURATION', /without encryption/), url)
  }
  for (const url of ['localhost', 'ftp://localhost/', 'http://', 'http://a:b@localhost/', 'https://x:0/']) {
    assert.throws(() => begin({ [full]: url }), failsWith('CONFIGURATION'), url)
  }
})

test('the authorization token: of the file, read each time, before that of the variable', async () => {
  const variable = { AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Basic variable', [full]: 'http://localhost' }
  const plain = begin(variable)
  await plain.ask()
  assert.equal(plain.server.requests[0]?.headers.get('authorization'), 'Basic variable')
  const { files, server, ask } = begin({ ...variable, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token' })
  for (const token of ['first', 'second\n']) {
    files.contents.set('/token', utf8Bytes(token))
    await ask()
  }
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.get('authorization')),
    ['first', 'second'],
  )
  files.contents.set('/token', new Uint8Array(16 * 1024 + 1))
  await assert.rejects(ask(), failsWith('NO_CREDENTIALS', /too large/))
  files.contents.delete('/token')
  await assert.rejects(ask(), (error) => failsWith('NO_CREDENTIALS')(error) && error instanceof KvsError && error.retry)
  files.contents.set('/token', utf8Bytes('a\r\nb: c'))
  await assert.rejects(ask(), failsWith('CONFIGURATION', /^the HTTP header authorization holds control characters$/))
  assert.equal(server.requests.length, 2)
})

test('refusals and garbage say what to check, and no secret', async () => {
  const env = { [full]: 'http://localhost', AWS_CONTAINER_AUTHORIZATION_TOKEN: 'p4ss' }
  const cases: [CredentialAnswer, string, boolean][] = [
    [[403, { message: 'p4ss is wrong' }], 'ACCESS_DENIED', false],
    [[500, {}], 'SERVICE_BUSY', true],
    [[200, {}], 'HTTP_INVALID', true],
    [[200, { ...credentials, Expiration: 'x' }], 'HTTP_INVALID', true],
    ['s3cret', 'HTTP_INVALID', true],
  ]
  for (const [answer, code, retry] of cases) {
    await assert.rejects(begin(env, answer).ask(), (error) => {
      assert.ok(error instanceof KvsError)
      assert.deepEqual([error.code, error.retry], [code, retry])
      for (const secret of ['s3cret', 't0ken', 'p4ss']) assert.ok(!error.explain().includes(secret), error.explain())
      return true
    })
  }
  const silent = begin(env, 'silence')
  await assert.rejects(silent.ask(), failsWith('TIMED_OUT'))
})

test('an answer without an end is taken as one', async () => {
  const { AccessKeyId, SecretAccessKey } = credentials
  const { ask } = begin({ [full]: 'http://localhost' }, [200, { AccessKeyId, SecretAccessKey, Token: null }])
  assert.deepEqual(await ask(), {
    accessKeyId: 'ASIAX',
    secretAccessKey: 's3cret',
    sessionToken: undefined,
    expiration: undefined,
  })
})

test('the variable that counts', () => {
  assert.equal(
    containerVariable(() => undefined),
    undefined,
  )
  assert.equal(
    containerVariable(() => 'x'),
    relative,
  )
  assert.equal(
    containerVariable((name) => (name === full ? 'x' : undefined)),
    full,
  )
})
