import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../../errors.ts'
import { CredentialCache, type Credentials, checkCredentials, staticCredentials } from './credentials.ts'
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
function begin(random = () => 0) {
  const world = { nowMs: 1_000_000 as number | undefined, calls: 0, closed: 0 }
  const stale: KvsError[] = []
  const waiting: { resolve(credentials: Credentials): void; reject(error: unknown): void }[] = []
  const ask = () => {
    world.calls++
    return new Promise<Credentials>((resolve, reject) => waiting.push({ resolve, reject }))
  }
  const provider = Object.assign(ask, { local: false, close: () => world.closed++ })
  const cache = new CredentialCache(
    provider,
    () => world.nowMs,
    random,
    (error) => stale.push(error),
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
    expiration: new Date(1_000_000 + ms),
  })
  /** What `get` gives at a time, where the provider is asked and answers so. */
  const getAt = async (ms: number, result: Credentials | Error) => {
    world.nowMs = 1_000_000 + ms
    const before = world.calls
    const got = cache.get()
    await answer(result)
    assert.equal(world.calls, before + 1, 'the provider is asked')
    return got
  }
  /** What `get` gives at a time without asking the provider. */
  const keptAt = async (ms: number) => {
    world.nowMs = 1_000_000 + ms
    const before = world.calls
    const got = await cache.get()
    assert.equal(world.calls, before, 'the provider is not asked')
    return got
  }
  return { world, cache, provider, stale, answer, until, getAt, keptAt }
}

test('asked once for all who wait, and not again until it is time', async () => {
  const { world, cache, answer, until, getAt, keptAt } = begin()
  const both = Promise.all([cache.get(), cache.get()])
  await answer(until(100_000))
  const [first, second] = await both
  assert.equal(first, second)
  assert.equal(await keptAt(79_999), first)
  assert.equal((await getAt(80_000, until(200_000, 'B'))).accessKeyId, 'B')
  assert.equal(world.calls, 2)
})

test('renewed five minutes before the end, or a fifth of the life, and by chance up to a fifth of that sooner', async () => {
  for (const [lifeMs, random, leadMs] of [
    [3_600_000, 0, 300_000],
    [3_600_000, 0.5, 330_000],
    [10_000, 0, 2000],
    [10_000, 0.99, 2396],
    [10_001, 0.5, 2201],
    [1_500_000, 0, 300_000],
  ] as const) {
    const { cache, getAt, until, keptAt } = begin(() => random)
    const got = await getAt(0, until(lifeMs))
    const renewAtMs = cache.renewAtMs(got) ?? 0
    assert.equal(renewAtMs, 1_000_000 + lifeMs - leadMs)
    assert.equal(await keptAt(renewAtMs - 1_000_000 - 1), got)
    await getAt(renewAtMs - 1_000_000, until(lifeMs * 2, 'B'))
  }
})

test('chance is asked once for each credentials, so that the moment does not move', async () => {
  let draws = 0
  const { cache, getAt, until, world } = begin(() => draws++ / 10)
  const first = await getAt(0, until(100_000))
  const renewAtMs = cache.renewAtMs(first)
  world.nowMs = 1_050_000
  assert.equal(cache.renewAtMs(first), renewAtMs)
  const second = await getAt(80_000, until(180_000, 'B'))
  assert.equal(cache.renewAtMs(first), renewAtMs, 'also for those that have been replaced')
  assert.equal(cache.renewAtMs(second), 1_000_000 + 180_000 - 20_000 * 1.02)
  assert.equal(draws, 2)
})

test('as long as the time is not known nothing expires; from when it is, the rest of the life counts', async () => {
  const { cache, world, answer, until, keptAt } = begin()
  world.nowMs = undefined
  const got = cache.get()
  await answer(until(-1000))
  assert.equal(cache.renewAtMs(await got), undefined)
  assert.equal(await cache.get(), await got)
  world.nowMs = 990_000
  assert.equal(cache.renewAtMs(await got), 999_000 - 1800)
  await keptAt(-10_000)
})

test('nothing newer: the same object, and the next question after a quarter of the lead, at the end at the latest', async () => {
  const { cache, getAt, keptAt, until, stale } = begin()
  const first = await getAt(0, until(100_000))
  assert.equal(await getAt(80_000, until(100_000)), first)
  assert.equal(cache.renewAtMs(first), 1_085_000)
  assert.equal(await keptAt(84_999), first)
  assert.equal(await getAt(85_000, new KvsError('TIMED_OUT', 'slow')), first)
  assert.deepEqual(
    stale.map(({ code }) => code),
    ['TIMED_OUT'],
  )
  assert.equal(await getAt(98_000, new Error('no')), first)
  assert.equal(cache.renewAtMs(first), 1_100_000)
  const second = await getAt(100_000, until(200_000, 'B'))
  assert.equal(second.accessKeyId, 'B')
  assert.equal(cache.renewAtMs(second), 1_180_000)
})

test('what was put off for the old ones is not put off for their successors', async () => {
  const { cache, getAt, until } = begin()
  await getAt(0, until(1_000_000))
  await getAt(800_000, new Error('no'))
  cache.invalidate()
  const next = await getAt(800_001, until(800_101, 'B'))
  assert.equal(cache.renewAtMs(next), 1_000_000 + 800_081)
})

test('what takes no network is asked every time, and the same object stands for the same credentials', async () => {
  let current: Credentials = keys
  let calls = 0
  const ask = () => {
    calls++
    return Promise.resolve({ ...current })
  }
  const cache = new CredentialCache(Object.assign(ask, { local: true }), () => 0)
  const first = await cache.get()
  assert.equal(await cache.get(), first)
  assert.equal(calls, 2)
  for (const change of [{ sessionToken: 'x' }, { expiration: new Date(9) }, { secretAccessKey: 'y' }]) {
    const before = await cache.get()
    current = { ...current, ...change }
    assert.notEqual(await cache.get(), before)
  }
})

test('closing the cache ends what the provider has under way', () => {
  const { cache, world } = begin()
  cache.close()
  assert.equal(world.closed, 1)
  new CredentialCache(staticCredentials(keys), () => 0).close()
})

test('credentials without an end are asked for once, and again when the service has refused them', async () => {
  const { cache, getAt, keptAt } = begin()
  const first = await getAt(0, keys)
  assert.equal(cache.renewAtMs(first), undefined)
  await keptAt(1e12)
  cache.invalidate()
  assert.equal(await getAt(1e12, { ...keys }), await keptAt(1e12))
})

test('refused while others are being asked for: the refused ones do not come back', async () => {
  const { cache, getAt, answer, until } = begin()
  await getAt(0, until(100_000))
  const asking = getAt(90_000, new KvsError('TIMED_OUT', 'slow'))
  cache.invalidate()
  await assert.rejects(asking, fails('TIMED_OUT', true))
  const next = cache.get()
  await answer(until(200_000, 'B'))
  assert.equal((await next).accessKeyId, 'B')
})

test('a refresh that fails: the old ones serve until they expire, and then each request tries again', async () => {
  const { getAt, until } = begin()
  const first = await getAt(0, until(100_000))
  assert.equal(await getAt(80_000, new Error('no')), first)
  assert.equal(await getAt(85_000, until(0)), first, 'what the provider has is older still')
  for (let i = 0; i < 2; i++) await assert.rejects(getAt(100_000, new Error('no')), fails('NO_CREDENTIALS', true))
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
