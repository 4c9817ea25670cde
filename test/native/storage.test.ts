/** What outlives the process, on the device's host; and the spool over it. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { Spool } from '../../src/core/buffer/spool/spool.ts'
import { isAsSaid, type SpoolReport, spoolReport } from '../../src/core/buffer/spool/testing/killedSpool.ts'
import { storage } from '../../src/node/storage.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { buildProgram, runProgram, targets } from './program.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

for (const target of targets) {
  describe(`storage on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('storage', target, folder)
    })

    /** What the case says; it ends well. */
    async function said(...args: string[]): Promise<unknown> {
      const { status, signal, stdout, stderr } = await runProgram(program, ...args)
      assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
      return JSON.parse(stdout)
    }

    test('CRC-32 is that of node:zlib', async () => {
      const lengths = [0, 1, 3, 4, 255, 256, 10_000]
      const expected = lengths.map((length) => crc32(Uint8Array.from({ length }, (_, i) => i * 7)))
      assert.deepEqual(await said('crc32', ...lengths.map(String)), expected)
    })

    test('a file is appended, read, cut and removed', async (t) => {
      assert.deepEqual(await said('file', join(await temporaryFolder(t), 'file')), {
        missing: 'ENOENT',
        results: [null, null, null, null, 8, 5, 'e fou', 2, 0],
        closed: ['EBADF', 'EBADF', 'EBADF'],
        cut: 'EBADF',
        removed: [null, 'ENOENT'],
      })
    })

    test('a folder is made, with those above it there, and its names are synced', async (t) => {
      assert.deepEqual(await said('folder', join(await temporaryFolder(t), 'new')), {
        made: [null, null, 'ENOENT'],
        synced: [null, 'ENOENT'],
      })
    })

    test('a lock holds until it is given back', async (t) => {
      const expected = { first: 'number', second: 'EAGAIN', third: 'number', missing: 'ENOTDIR' }
      assert.deepEqual(await said('lock', join(await temporaryFolder(t), 'lock')), expected)
    })

    test('a spool outlives its process wherever that is killed, and has one owner', async (t) => {
      const directory = join(await temporaryFolder(t), 'spool')
      const child = spawn(program, ['fill', directory], { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = once(child, 'exit')
      let output = ''
      child.stdout.setEncoding('utf8')
      for await (const text of child.stdout) {
        if (output === '') {
          const { error } = (await said('reportError', directory)) as { error: string }
          assert.equal(error, `KvsError: ${directory} is in use by another process`)
        }
        output += text
        if (output.length > 1000) child.kill('SIGKILL')
      }
      await ended
      const report = (await said('report', directory)) as SpoolReport
      assert.ok(isAsSaid(report, output), `${output}: ${JSON.stringify(report)}`)
      // The other host reads the same.
      const spool = new Spool({ storage, directory, capacityBytes: 1e9 })
      t.after(() => spool.close())
      assert.deepEqual(spoolReport(spool), report)
    })
  })
}
