import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Platform } from '../core/platform.ts'
import { failsWith } from '../core/testing/failsWith.ts'
import { MemoryFiles } from '../core/testing/memoryFiles.ts'
import { utf8Bytes } from '../core/text.ts'
import type { CredentialSource, Host } from './command.ts'
import { chooseCredentials, credentialOptions } from './credentials.ts'
import { parseOptions } from './options.ts'
import { Kvs } from './testing/kvs.ts'

type Env = Readonly<Record<string, string>>

const keys = { AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'topsecret' }
const file = { AWS_CREDENTIAL_PATH: 'file' }
const iot = {
  AWS_IOT_CORE_CREDENTIAL_ENDPOINT: 'iot.test',
  AWS_IOT_CORE_CERT: 'cert',
  AWS_IOT_CORE_PRIVATE_KEY: 'key',
  AWS_IOT_CORE_ROLE_ALIAS: 'alias',
}
const iotOther = {
  IOT_GET_CREDENTIAL_ENDPOINT: 'iot.test',
  CERT_PATH: 'cert',
  PRIVATE_KEY_PATH: 'key',
  ROLE_ALIAS: 'a',
}
const iotFlags = '--iot-endpoint iot.test --iot-certificate cert --iot-key key --iot-role-alias alias'
const profile = { AWS_PROFILE: 'home' }

/** What a host has besides says its name, and which profile it was asked for. */
const richHost: NonNullable<Host['credentials']> = (_platform, name) => ({
  provider: () => Promise.resolve({ accessKeyId: 'AKIDHOST', secretAccessKey: 'x' }),
  from: `host ${name ?? ''}`,
})

/** No connection is made where credentials are only chosen. */
const platform = {} as Platform

function choose(args: string, env: Env, credentials?: Host['credentials']): CredentialSource {
  const files = new MemoryFiles()
  for (const path of ['cert', 'key']) files.contents.set(path, utf8Bytes(path))
  files.contents.set('file', utf8Bytes('CREDENTIALS AKIDFILE topsecret'))
  const process = { ...({} as Host['process']), env: (name: string) => env[name] }
  const options = parseOptions(credentialOptions, args === '' ? [] : args.split(' '), process.env)
  return chooseCredentials(options, { process, files, ...(credentials && { credentials }) }, platform, 'front-door')
}

test('options first, then the keys of the environment, the file, AWS IoT, and what the host has', () => {
  const all = { ...keys, ...file, ...iot, ...profile }
  const cases: [string, Env, string][] = [
    ['--credential-path file', all, '--credential-path'],
    [iotFlags, all, 'AWS IoT, --iot-endpoint'],
    ['--iot-endpoint iot.test', all, 'AWS IoT, --iot-endpoint'],
    ['--iot-thing-name thing', all, 'AWS IoT, AWS_IOT_CORE_CREDENTIAL_ENDPOINT'],
    ['--profile work', all, 'host work'],
    ['', all, 'environment'],
    ['', { ...file, ...iot, ...profile }, 'AWS_CREDENTIAL_PATH'],
    ['', { ...iot, ...profile }, 'AWS IoT, AWS_IOT_CORE_CREDENTIAL_ENDPOINT'],
    ['', iotOther, 'AWS IoT, IOT_GET_CREDENTIAL_ENDPOINT'],
    ['', profile, 'host home'],
    ['', {}, 'host '],
  ]
  for (const [args, env, from] of cases) assert.equal(choose(args, env, richHost).from, from, args)
})

test('variables of a general name ask for nothing by themselves', () => {
  const general = { CERT_PATH: 'cert', PRIVATE_KEY_PATH: 'key', ROLE_ALIAS: 'a', AWS_IOT_THING_NAME: 'thing' }
  assert.equal(choose('', general, richHost).from, 'host ')
})

test('half of the keys counts as the keys, whose provider then says what is missing', async () => {
  const { provider } = choose('', { AWS_SECRET_ACCESS_KEY: 'topsecret', ...file }, richHost)
  await assert.rejects(provider(), failsWith('NO_CREDENTIALS', /AWS_ACCESS_KEY_ID is not/))
})

test('a part of what AWS IoT needs is no configuration, and the rest is named', () => {
  for (const missing of Object.keys(iot)) {
    const part = Object.fromEntries(Object.entries(iot).filter(([name]) => name !== missing))
    assert.throws(
      () => choose('', part, richHost),
      failsWith('CONFIGURATION', new RegExp(`\\(${missing}\\) must be set`)),
    )
  }
  assert.throws(
    () => choose('--iot-thing-name x', {}, richHost),
    failsWith('CONFIGURATION', /--iot-endpoint .*--iot-certificate .*--iot-key .*--iot-role-alias/),
  )
  assert.throws(() => choose(`${iotFlags} --iot-key gone`, {}), failsWith('CONFIGURATION', /gone does not exist/))
})

test('options for different sources are not put up with', () => {
  assert.throws(
    () => choose('--credential-path file --profile work', {}, richHost),
    failsWith('USAGE', /^--credential-path and --profile/),
  )
  assert.throws(() => choose(`${iotFlags} --credential-path file`, {}), failsWith('USAGE', /--iot-/))
})

test('a host without more has its say: profiles need Node.js, nothing is no credentials', async () => {
  assert.throws(() => choose('--profile work', keys), failsWith('USAGE', /^--profile needs Node.js/))
  assert.throws(() => choose('', profile), failsWith('USAGE', /^AWS_PROFILE needs Node.js/))
  for (const host of [undefined, () => null]) {
    await assert.rejects(choose('', {}, host).provider(), failsWith('NO_CREDENTIALS', /neither AWS_ACCESS_KEY_ID/))
  }
})

test('kvs says whose keys it has, from where, and nothing of the rest', async () => {
  const kvs = new Kvs()
  kvs.files.contents.set('file', utf8Bytes('CREDENTIALS AKIDFILE9876 2031-11-22T10:00:00Z topsecret tokensecret'))
  assert.equal(await kvs.run('-n cam -d m -D 2 --fps 10 --credential-path file'), 0)
  assert.match(kvs.stderr, / {2}credentials {2}AKID…9876 \(--credential-path\)\n/)
})

test('a file that is not there ends it at once', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n cam -d m --credential-path gone'), 77)
  assert.match(kvs.stderr, /^kvs: the file gone holds no credentials\n {2}likely cause: gone does not exist/)
})

test('an endpoint of AWS IoT that is down for the moment is tried again', async () => {
  const kvs = new Kvs()
  for (const path of ['cert', 'key']) kvs.files.contents.set(path, utf8Bytes(path))
  kvs.service.dial = (host) => (host === 'iot.test' ? 'silence' : undefined)
  assert.equal(await kvs.run(`-n cam -d m --give-up-after 20 ${iotFlags}`), 75)
  assert.match(kvs.stderr, / {2}credentials {2}AWS IoT, --iot-endpoint\n/)
  assert.match(kvs.stderr, /iot\.test does not answer; next try in/)
  assert.ok(kvs.stderr.split('next try').length > 3)
})

test('a run that ends while credentials are asked for leaves nothing behind', async () => {
  const kvs = new Kvs()
  for (const path of ['cert', 'key']) kvs.files.contents.set(path, utf8Bytes(path))
  kvs.service.dial = (host) => (host === 'iot.test' ? 'silence' : undefined)
  kvs.start(`-n cam -d m --give-up-after 20 ${iotFlags}`)
  await kvs.clock.advance(1000)
  kvs.signal(2)
  kvs.signal(2)
  assert.equal(await kvs.end(), 130)
  assert.equal(kvs.clock.monotonicMs(), 1000)
})
