import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../../errors.ts'
import {
  CredentialCache,
  type Credentials,
  checkCredentials,
  refreshBeforeMs,
  staticCredentials,
} from './credentials.ts'
import { environmentCredentials } from './environment.ts'

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 's3cret+/=' }
const fails = (code: string, retry: boolean) => (error: unknown) =>
  error instanceof KvsError && error.code === code && error.retry === retry

test('what cannot be sent is refused by its name, never by its value', () => {
  assert.equal(checkCredentials(keys), keys)
  const wrong: [Credentials, RegExp][] = [
    [{ ...keys, accessKeyId: '' }, /no access key id/],
    [{ ...keys, secretAccessKey: '' }, /no secret access key/],
    [{ ...keys, secretAccessKey: 's3cret\n' }, /secret access key holds/],
    [{ ...keys, secretAccessKey: 's3cret x' }, /secret access key holds/],
    [{ ...keys, accessKeyId: 'AKID\u00a0' }, /access key id holds/],
    [{ ...keys, sessionToken: 's3cret\u0000' }, /session token holds/],
    [{ accessKeyId: 'A' } as unknown as Credentials, /no secret access key/],
  ]
  for (const [credentials, message] of wrong) {
    assert.throws(
      () => checkCredentials(credentials),
      (error) =>
        fails('NO_CREDENTIALS', false)(error) &&
        error instanceof KvsError &&
        message.test(error.message) &&
        !error.explain().includes('s3cret'),
    )
  }
  assert.throws(() => staticCredentials({ ...keys, accessKeyId: ' ' }), fails('NO_CREDENTIALS', false))
})

test('static credentials are always the same', async () => {
  assert.equal(await staticCredentials(keys)(), keys)
})

test('the environment: whole, temporary, half, none', async () => {
  const from = (env: Record<string, string>) => environmentCredentials((name) => env[name])()
  assert.deepEqual(await from({ AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'b' }), {
    accessKeyId: 'A',
    secretAccessKey: 'b',
    sessionToken: undefined,
  })
  assert.equal(
    (await from({ AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' })).sessionToken,
    'c',
  )
  assert.equal(
    (await from({ AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: '' })).sessionToken,
    undefined,
  )
  await assert.rejects(from({ AWS_ACCESS_KEY_ID: 'A' }), /AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not/)
  await assert.rejects(
    from({ AWS_SECRET_ACCESS_KEY: 'b', AWS_ACCESS_KEY_ID: '' }),
    /AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not/,
  )
  await assert.rejects(from({}), fails('NO_CREDENTIALS', false))
  await assert.rejects(from({ AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'b c' }), fails('NO_CREDENTIALS', false))
})

/** A provider whose answers the test gives one by one. */
function begin() {
  const world = { nowMs: 1_000_000, calls: 0 }
  const waiting: { resolve(credentials: Credentials): void; reject(error: unknown): void }[] = []
  const cache = new CredentialCache(
    () => {
      world.calls++
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    () => world.nowMs,
  )
  const answer = async (result: Credentials | Error) => {
    await new Promise((resolve) => setImmediate(resolve))
    const next = waiting.shift()
    if (result instanceof Error) next?.reject(result)
    else next?.resolve(result)
  }
  const until = (ms: number, id = 'A'): Credentials => ({
    ...keys,
    accessKeyId: id,
    expiration: new Date(world.nowMs + ms),
  })
  return { world, cache, answer, until }
}

test('asked once for all who wait, and not again until 38 s before the end', async () => {
  const { world, cache, answer, until } = begin()
  const both = Promise.all([cache.get(), cache.get()])
  await answer(until(100_000))
  const [first, second] = await both
  assert.equal(first, second)
  world.nowMs += 100_000 - refreshBeforeMs
  assert.equal(await cache.get(), first)
  assert.equal(world.calls, 1)
  world.nowMs += 1
  const next = cache.get()
  await answer(until(100_000, 'B'))
  assert.equal((await next).accessKeyId, 'B')
  assert.equal(world.calls, 2)
})

test('credentials without an end are asked for once, and again when the service has refused them', async () => {
  const { world, cache, answer } = begin()
  const first = cache.get()
  await answer(keys)
  await first
  world.nowMs += 1e12
  await cache.get()
  assert.equal(world.calls, 1)
  cache.invalidate()
  const second = cache.get()
  await answer(keys)
  await second
  assert.equal(world.calls, 2)
})

test('a refresh that fails: the old ones serve until they expire, and each request tries again', async () => {
  const { world, cache, answer, until } = begin()
  const first = cache.get()
  await answer(until(100_000))
  await first
  world.nowMs += 99_000
  for (const failure of [new Error('no'), new KvsError('CONNECT_FAILED', 'no')]) {
    const again = cache.get()
    await answer(failure)
    assert.equal(await again, await first)
  }
  const old = cache.get()
  await answer(until(0))
  assert.equal(await old, await first, 'what the provider has is older still')
  world.nowMs += 1000
  const expired = cache.get()
  await answer(new Error('no'))
  await assert.rejects(expired, fails('NO_CREDENTIALS', true))
  assert.equal(world.calls, 5)
})

test('failures at the start: final from a source that has never worked, else as it says', async () => {
  const { cache, answer, until } = begin()
  const failing = async (result: Credentials | Error) => {
    const got = cache.get()
    await answer(result)
    return got
  }
  await assert.rejects(
    failing(new Error('no profile')),
    (error) => fails('NO_CREDENTIALS', false)(error) && /no profile/.test(String(error)),
  )
  await assert.rejects(failing(new KvsError('TIMED_OUT', 'x')), fails('TIMED_OUT', true))
  await assert.rejects(failing(until(0)), fails('CREDENTIALS_EXPIRED', true))
  await assert.rejects(failing({ ...keys, secretAccessKey: '' }), fails('NO_CREDENTIALS', false))
  assert.equal((await failing(until(1, 'short'))).accessKeyId, 'short', 'short-lived ones are better than none')
})

test('a provider that throws at once is asked again', async () => {
  let calls = 0
  const cache = new CredentialCache(
    () => {
      if (++calls === 1) throw new Error('at once')
      return Promise.resolve(keys)
    },
    () => 0,
  )
  await assert.rejects(cache.get(), fails('NO_CREDENTIALS', false))
  assert.equal(await cache.get(), keys)
})
