/** What the documents say is what the program does. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { streamOptions } from '../src/cli/commands/streamOptions.ts'
import { type ErrorCode, errorCodes, KvsError } from '../src/core/errors.ts'
import { version } from '../src/core/version.ts'

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

test('the version is that of the package', async () => {
  assert.equal(JSON.parse(await read('package.json')).version, version)
})

test('the README has every option and every variable of kvs', async () => {
  const readme = await read('README.md')
  for (const { name, env = [] } of streamOptions) {
    assert.equal(readme.includes(`\`--${name}`) || readme.includes(`, \`--${name}`), true, name)
    for (const variable of env) assert.equal(readme.includes(variable), true, variable)
  }
})

test('docs/errors.md has every error with its exit status, and whether it is tried again', async () => {
  const lines = (await read('docs/errors.md')).split('\n')
  for (const code of errorCodes) {
    const [, , status, retry] = lines.find((line) => line.startsWith(`| \`${code}\``))?.split('|') ?? []
    const error = new KvsError(code satisfies ErrorCode, 'x')
    assert.deepEqual([code, Number(status), retry?.trim()], [code, error.exitStatus, error.retry ? 'yes' : ''])
  }
})
