/** What the build takes: its sources from a folder, from Debian when that has moved on, and a vendor's compiler. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { root, temporaryFolder } from '../drive/folder.ts'

interface Lock {
  readonly sources: Readonly<Record<'quickjs' | 'mbedtls', { version: string; files: Record<string, string> }>>
}

const run = promisify(execFile)
const lock = JSON.parse(await readFile(join(root, 'native/vendor.lock'), 'utf8')) as Lock
const { archivesOf, choose } = (await load('archives.mjs')) as {
  archivesOf(source: string): Promise<readonly string[]>
  choose(source: string, versions: readonly string[]): Promise<string>
}

function load(name: string): Promise<unknown> {
  return import(pathToFileURL(join(root, 'scripts/device', name)).href)
}

describe('sources from a folder', () => {
  const [[name = ''] = []] = Object.entries(lock.sources.quickjs.files)

  test('that is not there, or lacks one, are told as missing', async (t) => {
    const folder = await temporaryFolder(t)
    await assert.rejects(build(join(folder, 'none')), /device: KVS_DEVICE_SOURCES: there is no folder/)
    await assert.rejects(build(folder), new RegExp(`device: KVS_DEVICE_SOURCES: ${folder} holds no ${name}`))
  })

  test('are taken as pinned, and not otherwise', async (t) => {
    const folder = await temporaryFolder(t)
    for (const path of await archivesOf('quickjs')) await copyFile(path, join(folder, path.split('/').at(-1) ?? ''))
    process.env['KVS_DEVICE_SOURCES'] = folder
    t.after(() => delete process.env['KVS_DEVICE_SOURCES'])
    assert.equal((await archivesOf('quickjs')).length, Object.keys(lock.sources.quickjs.files).length)
    await writeFile(join(folder, name), 'another file')
    await assert.rejects(archivesOf('quickjs'), /is damaged or another file: its SHA-256 is [0-9a-f]{64}, native/)
  })
})

test('where Debian has another revision than the pinned one, the newest of the same series is taken', async () => {
  const { version } = lock.sources.mbedtls
  assert.equal(await choose('mbedtls', ['3.6.9-1', version, '2.28.9-1']), version)
  assert.equal(await choose('mbedtls', ['3.6.9-1', '3.6.10-1~deb13u1', '2.28.9-1', '4.0.0-1']), '3.6.10-1~deb13u1')
  await assert.rejects(
    choose('mbedtls', ['2.28.9-1', '4.0.0-1']),
    /has no mbedtls 3\.6\.\* \(it has: 2\.28\.9-1, 4\.0\.0-1\)/,
  )
})

test('compilers of two SDKs that say the same of themselves do not share what they made', async (t) => {
  const { compilerFor } = (await load('compiler.mjs')) as { compilerFor(target: string): Promise<{ id: string }> }
  t.after(() => delete process.env['KVS_CC'])
  const ids = []
  for (const sdk of ['musl', 'uclibc']) {
    const compiler = join(await temporaryFolder(t), sdk, 'arm-linux-gcc')
    await mkdir(join(compiler, '..'))
    await writeFile(compiler, '#!/bin/sh\necho "arm-linux-gcc (SDK) 9.3.0"\n')
    await chmod(compiler, 0o755)
    process.env['KVS_CC'] = compiler
    ids.push((await compilerFor('armv7')).id)
  }
  assert.equal(new Set(ids).size, ids.length)
})

/** Its error has what it says. */
function build(sources: string): Promise<unknown> {
  const options = { env: { ...process.env, KVS_DEVICE_SOURCES: sources } }
  return run(process.execPath, [join(root, 'scripts/device.mjs'), 'x86_64', '--output', 'unmade'], options)
}
