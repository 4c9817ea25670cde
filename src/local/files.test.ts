import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { KvsError } from '../core/errors.ts'
import { replaceFile, unwritable } from './files.ts'
import { inTemporaryFolder } from './testing/temporaryKvs.ts'

test('a file that cannot be replaced leaves nothing beside it', async () => {
  await inTemporaryFolder(async (directory) => {
    await mkdir(join(directory, 'taken', 'full'), { recursive: true })
    await assert.rejects(replaceFile(join(directory, 'taken'), 'x', 0o600))
    assert.deepEqual(await readdir(directory), ['taken'])
  })
})

test('a folder that cannot be written is told with its cause and its cure', () => {
  for (const [code, cause] of [
    ['ENOSPC', /full/],
    ['EDQUOT', /quota/],
    ['EACCES', /permission/],
    ['EROFS', /read-only/],
  ] as const) {
    const told = unwritable(Object.assign(new Error(`${code}: no`), { code }), '/there')
    assert.ok(told instanceof KvsError)
    assert.deepEqual([told.code, told.message.includes('/there')], ['OUTPUT_UNWRITABLE', true])
    assert.match(told.likelyCause, cause)
  }
  const other = new Error('a mistake')
  assert.equal(unwritable(other, '/there'), other)
})
