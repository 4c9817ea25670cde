import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { KvsError } from '../core/errors.ts'
import { failsWith } from '../core/testing/failsWith.ts'
import { fromCredentialFile, fromIotCertificate } from './credentialProviders.ts'
import { nodeCredentials, sdkCredentials } from './credentials.ts'
import { files } from './files.ts'
import { nodePlatform } from './platform.ts'
import { serviceSettings } from './settings.ts'

/** The process has these variables and, of AWS, no others; its home is an empty folder. Returns the folder. */
async function environment(t: TestContext, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'kvs-'))
  const before = { ...process.env }
  t.after(async () => {
    process.env = before
    await rm(home, { recursive: true })
  })
  const kept = Object.entries(before).filter(([name]) => !name.startsWith('AWS_'))
  process.env = { ...Object.fromEntries(kept), HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...variables }
  return home
}

/** An AWS configuration with these lines; a process prints keys. */
async function configuration(t: TestContext, lines: readonly string[]): Promise<void> {
  const home = await environment(t)
  const keys = { Version: 1, AccessKeyId: 'AKIDPROCESS', SecretAccessKey: 's3cret', Expiration: '2100-01-01T00:00:00Z' }
  await writeFile(join(home, 'keys.json'), JSON.stringify(keys))
  await writeFile(join(home, 'config'), lines.join('\n').replaceAll('KEYS', `cat ${join(home, 'keys.json')}`))
  process.env['AWS_CONFIG_FILE'] = join(home, 'config')
}

const env = (name: string) => process.env[name] || undefined
const chosen = (profile?: string) => nodeCredentials(files, env)(nodePlatform(), profile)?.from

test('which source it is: the profile, web identity, the container, the configuration, the instance, none', async (t) => {
  const home = await environment(t)
  assert.equal(chosen(), undefined)
  process.env['AWS_EC2_METADATA_DISABLED'] = 'false'
  assert.equal(chosen(), 'EC2 instance')
  await writeFile(join(home, 'config'), '[default]\n')
  process.env['AWS_CONFIG_FILE'] = join(home, 'config')
  assert.equal(chosen(), 'AWS configuration')
  process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = 'http://localhost:1/'
  assert.equal(chosen(), 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
  process.env['AWS_WEB_IDENTITY_TOKEN_FILE'] = 'token'
  assert.equal(chosen(), 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'a token without a role is of no use')
  process.env['AWS_ROLE_ARN'] = 'arn:aws:iam::123456789012:role/camera'
  assert.equal(chosen(), 'AWS_WEB_IDENTITY_TOKEN_FILE')
  assert.equal(chosen('work'), 'profile work')
})

test('profiles with a process, through the AWS SDK, which is asked anew each time', async (t) => {
  await configuration(t, ['[default]', 'credential_process = KEYS', '[profile work]', 'credential_process = KEYS'])
  for (const profile of [undefined, 'work']) {
    const provider = sdkCredentials(profile)
    const { accessKeyId, expiration } = await provider()
    assert.deepEqual([accessKeyId, expiration?.getTime()], ['AKIDPROCESS', Date.UTC(2100, 0, 1)])
    assert.notEqual(await provider(), await provider())
  }
})

test('a profile that is not there is final and named; a role that the network keeps away is not', async (t) => {
  await configuration(t, [
    '[profile role]',
    'role_arn = arn:aws:iam::123456789012:role/camera',
    'source_profile = keys',
    'region = us-west-2',
    '[profile keys]',
    'credential_process = KEYS',
  ])
  process.env['AWS_ENDPOINT_URL_STS'] = 'http://127.0.0.1:1'
  for (const [profile, retry] of [
    ['gone', false],
    ['role', true],
  ] as const) {
    await assert.rejects(sdkCredentials(profile)(), (error) => {
      assert.ok(error instanceof KvsError)
      assert.deepEqual([error.code, error.retry], ['NO_CREDENTIALS', retry], error.message)
      assert.ok(error.message.includes(`of the profile ${profile} `) && !error.explain().includes('s3cret'))
      return true
    })
  }
})

test('the library finds in its environment what the command finds', async (t) => {
  const requests: (string | undefined)[] = []
  const server = createServer((request, response) => {
    requests.push(request.url, request.headers.authorization)
    response.end(JSON.stringify({ AccessKeyId: 'AKIDCONTAINER', SecretAccessKey: 'x', Token: 'y' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const home = await environment(t, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/role`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'pass',
  })
  assert.equal((await serviceSettings({}).credentials()).accessKeyId, 'AKIDCONTAINER')
  assert.deepEqual(requests, ['/role', 'pass'])
  const path = join(home, 'credentials')
  await writeFile(path, 'CREDENTIALS AKIDFILE x\n')
  process.env['AWS_CREDENTIAL_PATH'] = path
  assert.equal((await serviceSettings({}).credentials()).accessKeyId, 'AKIDFILE')
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIDKEYS', AWS_SECRET_ACCESS_KEY: 'x' })
  assert.equal((await serviceSettings({}).credentials()).accessKeyId, 'AKIDKEYS')
  assert.equal((await serviceSettings({ credentials: fromCredentialFile(path) }).credentials()).accessKeyId, 'AKIDFILE')
})

test('AWS IoT: the thing is the stream where none is named, and settings that cannot be right are told at once', async (t) => {
  const home = await environment(t, {
    AWS_IOT_CORE_CREDENTIAL_ENDPOINT: 'localhost:1',
    AWS_IOT_CORE_CERT: 'cert.pem',
    AWS_IOT_CORE_PRIVATE_KEY: 'key.pem',
    AWS_IOT_CORE_ROLE_ALIAS: 'role',
  })
  assert.throws(() => serviceSettings({ streamName: 'cam' }), failsWith('CONFIGURATION', /cert\.pem/))
  for (const [name, file] of [
    ['AWS_IOT_CORE_CERT', 'cert.pem'],
    ['AWS_IOT_CORE_PRIVATE_KEY', 'key.pem'],
  ] as const) {
    process.env[name] = join(home, file)
    await writeFile(join(home, file), 'nothing')
  }
  assert.equal(typeof serviceSettings({ streamName: 'cam' }).credentials, 'function')
  assert.throws(() => serviceSettings({ streamName: 'c'.repeat(129) }), failsWith('CONFIGURATION', /thing name/))
  const options = { endpoint: 'localhost:1', certificatePath: join(home, 'cert.pem'), keyPath: join(home, 'key.pem') }
  assert.throws(
    () => fromIotCertificate({ ...options, roleAlias: 'a b', thingName: 'cam' }),
    failsWith('CONFIGURATION', /role alias/),
  )
  const provider = fromIotCertificate({ ...options, roleAlias: 'role', thingName: 'cam' })
  await assert.rejects(provider(), failsWith('CONFIGURATION', /client certificate/))
})
