/** Files and folders on the device's host. */

import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../drive/folder.ts'
import { buildProgram, runProgram, targets } from './program.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

for (const target of targets) {
  describe(`files on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('host', target, folder)
    })

    /** What the case says; it ends well. */
    async function said(...args: string[]): Promise<unknown> {
      const { status, signal, stdout, stderr } = await runProgram(program, ...args)
      assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
      return JSON.parse(stdout)
    }

    test('a folder is listed, links as what they lead to', async (t) => {
      const path = await temporaryFolder(t)
      await writeFile(join(path, 'file ä'), '')
      await mkdir(join(path, 'folder'))
      await symlink('file ä', join(path, 'link'))
      await symlink('folder', join(path, 'link to folder'))
      await symlink('nowhere', join(path, 'dangling'))
      await symlink('/dev/null', join(path, 'device'))
      const entries = (await said('list', path)) as { name: string; type: string }[]
      assert.deepEqual(entries.map(({ name, type }) => `${type} ${name}`).sort(), [
        'directory folder',
        'directory link to folder',
        'file file ä',
        'file link',
        'other dangling',
        'other device',
      ])
    })

    test('a folder of thousands', async (t) => {
      const path = await temporaryFolder(t)
      const names = Array.from({ length: 3000 }, (_, i) => `frame-${i}.h264`)
      for (const name of names) await writeFile(join(path, name), '')
      const entries = (await said('list', path)) as { name: string }[]
      assert.deepEqual(entries.map(({ name }) => name).sort(), names.sort())
    })

    test('what cannot be listed', async (t) => {
      const path = await temporaryFolder(t)
      await writeFile(join(path, 'file'), '')
      await symlink('circle', join(path, 'circle'))
      assert.equal(await said('list', join(path, 'missing')), 'ENOENT')
      assert.equal(await said('list', join(path, 'file')), 'ENOTDIR')
      assert.equal(await said('list', path), 'ELOOP')
    })

    test('a file is read where it fits', async (t) => {
      const path = join(await temporaryFolder(t), 'file')
      await writeFile(path, 'content')
      assert.deepEqual(await said('read', path, '7'), { size: 7, text: 'content' })
      assert.deepEqual(await said('read', path, '100'), { size: 7, text: 'content' })
      assert.deepEqual(await said('read', path, '6'), { size: 7, text: '' })
      await writeFile(path, '')
      assert.deepEqual(await said('read', path, '0'), { size: 0, text: '' })
    })

    test('what has no size is empty', async (t) => {
      const fifo = join(await temporaryFolder(t), 'fifo')
      await runProgram('mkfifo', fifo)
      for (const path of [fifo, '/dev/zero', '/proc/self/status']) {
        assert.deepEqual(await said('read', path, '100'), { size: 0, text: '' })
      }
    })

    test('what cannot be read', async (t) => {
      const path = await temporaryFolder(t)
      assert.deepEqual(await said('read', join(path, 'missing'), '9'), { size: 'ENOENT', text: '' })
      assert.deepEqual(await said('read', path, '9'), { size: 'EISDIR', text: '' })
      assert.deepEqual(await said('read', join(path, 'x'.repeat(300)), '9'), { size: 'ENAMETOOLONG', text: '' })
    })

    test('a file is written, made new or emptied', async (t) => {
      const path = join(await temporaryFolder(t), 'file')
      await writeFile(path, 'what was there before')
      assert.deepEqual(await said('write', path, 'one ', '', 'two'), {
        written: [null, null, null],
        afterClose: 'EBADF',
      })
      assert.equal(await readFile(path, 'utf8'), 'one two')
    })

    test('what cannot be written', async (t) => {
      const path = await temporaryFolder(t)
      assert.deepEqual(await said('write', path, 'x'), { created: 'EISDIR' })
      assert.deepEqual(await said('write', join(path, 'missing', 'file'), 'x'), { created: 'ENOENT' })
      assert.deepEqual(await said('write', '/dev/full', 'x'), { written: ['ENOSPC'], afterClose: 'EBADF' })
    })

    test('whether a folder can be written to', async (t) => {
      const path = await temporaryFolder(t)
      await writeFile(join(path, 'file'), '')
      assert.equal(await said('writable', path), null)
      assert.equal(await said('writable', join(path, 'file')), 'ENOTDIR')
      assert.equal(await said('writable', join(path, 'missing')), 'ENOENT')
    })

    test('rights count', async (t) => {
      const path = await temporaryFolder(t)
      for (const open of [folder, path]) await chmod(open, 0o755)
      await mkdir(join(path, 'closed'), { mode: 0o555 })
      const { stdout } = await runProgram(...asAnybody, program, 'writable', join(path, 'closed'))
      assert.equal(JSON.parse(stdout), 'EACCES')
    })
  })
}

/** Root may do everything. */
const asAnybody = ['setpriv', ...(process.getuid?.() === 0 ? ['--reuid=65534', '--clear-groups'] : [])] as const
