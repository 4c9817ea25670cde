import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../../errors.ts'
import { failsWith } from '../../testing/failsWith.ts'
import { MemoryFiles } from '../../testing/memoryFiles.ts'
import { utf8Bytes } from '../../text.ts'
import { CredentialCache } from './credentials.ts'
import { fileCredentials } from './file.ts'

const path = '/run/kvs/credentials'

function begin(content?: string) {
  const files = new MemoryFiles()
  const write = (text: string) => files.contents.set(path, utf8Bytes(text))
  if (content !== undefined) write(content)
  return { files, write, provider: fileCredentials(files, path) }
}

test('both forms, whatever the white space', async () => {
  for (const text of ['CREDENTIALS AKID s3cret', ' CREDENTIALS\tAKID\r\n s3cret \n']) {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await begin(text).provider()
    assert.deepEqual([accessKeyId, secretAccessKey, sessionToken, expiration], ['AKID', 's3cret', undefined, undefined])
  }
  const { expiration, ...keys } = await begin('CREDENTIALS AKID 2026-11-22T10:00:00Z s3cret t0ken==\n').provider()
  assert.deepEqual(keys, { accessKeyId: 'AKID', secretAccessKey: 's3cret', sessionToken: 't0ken==' })
  assert.equal(expiration?.getTime(), Date.UTC(2026, 10, 22, 10))
})

test('what is no such file is refused with its path and the reason, and without a word of its content', async () => {
  const cases: [string | undefined, RegExp][] = [
    [undefined, /does not exist/],
    ['', /does not begin with the word CREDENTIALS/],
    ['credentials AKID s3cret', /does not begin/],
    ['CREDENTIALSAKID s3cret', /does not begin/],
    ['CREDENTIALS', /1 words|2 words instead of 3 or 5/],
    ['CREDENTIALS AKID', /2 words instead of 3 or 5/],
    ['CREDENTIALS AKID 2026-11-22T10:00:00Z', /ends after the expiration/],
    ['CREDENTIALS AKID 2026-11-22T10:00:00Z s3cret', /4 words/],
    ['CREDENTIALS AKID 2026-11-22T10:00:00Z s3cret s3cret s3cret', /6 words/],
    ['CREDENTIALS AKID 2026-11-22T10:00:00 s3cret s3cret', /third word is no time/],
    ['CREDENTIALS AKID s3cret\u00e9', /secret access key holds/],
    [`CREDENTIALS AKID s3cret${' '.repeat(10_000)}`, /it has 10023 bytes/],
  ]
  for (const [content, cause] of cases) {
    await assert.rejects(begin(content).provider(), (error) => {
      assert.ok(error instanceof KvsError)
      assert.deepEqual([error.code, error.retry], ['NO_CREDENTIALS', false])
      assert.equal(error.message, `the file ${path} holds no credentials`)
      assert.match(error.likelyCause, cause)
      assert.ok(!error.explain().includes('s3cret') && !error.explain().includes('AKID'))
      return true
    })
  }
})

test('the largest file is one byte short of the limit', async () => {
  const text = 'CREDENTIALS AKID s3cret'
  assert.equal((await begin(text.padEnd(9999)).provider()).accessKeyId, 'AKID')
  await assert.rejects(begin(text.padEnd(10_000)).provider(), failsWith('NO_CREDENTIALS'))
})

test('a change is seen with the next request', async () => {
  const { provider, write } = begin('CREDENTIALS A a\n')
  const cache = new CredentialCache(provider, () => 0)
  assert.equal((await cache.get()).accessKeyId, 'A')
  write('CREDENTIALS B b\n')
  assert.equal((await cache.get()).accessKeyId, 'B')
})

test('while it is being written the older ones serve, and after their end it is worth another try', async () => {
  const { provider, write, files } = begin('CREDENTIALS A 2026-11-22T10:00:00Z a t\n')
  let nowMs = Date.UTC(2026, 10, 22, 9)
  const cache = new CredentialCache(provider, () => nowMs)
  const first = await cache.get()
  const next = 'CREDENTIALS B 2026-11-22T11:00:00Z bb tt\n'
  files.contents.delete(path)
  assert.equal(await cache.get(), first)
  for (let length = 0; length < next.length; length++) {
    write(next.slice(0, length))
    assert.equal(await cache.get(), first, next.slice(0, length))
  }
  nowMs = Date.UTC(2026, 10, 22, 10)
  write('CREDENTIALS')
  await assert.rejects(cache.get(), (error) => error instanceof KvsError && error.retry)
  write(next)
  assert.equal((await cache.get()).accessKeyId, 'B')
})

test('content without the end of its line counts when it has stayed the same', async () => {
  const { provider, write } = begin('CREDENTIALS A a')
  assert.equal((await provider()).accessKeyId, 'A', 'the first time at once')
  write('CREDENTIALS B b')
  await assert.rejects(provider(), failsWith('NO_CREDENTIALS'))
  write('CREDENTIALS B bb')
  await assert.rejects(provider(), failsWith('NO_CREDENTIALS'))
  assert.equal((await provider()).secretAccessKey, 'bb')
})
