/** Random bytes where the kernel is old, or has just started. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../drive/folder.ts'
import { buildProgram, runProgram, targets } from './program.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

const kernel = join(folder, 'getrandom')
await promisify(execFile)('gcc', ['-o', kernel, join(root, 'test/native/getrandom.c')])

for (const target of targets) {
  describe(`random bytes on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('host', target, folder)
    })

    /** What it says on stderr while it ends well, having got two times different bytes. */
    async function saidOn(getrandom: 'missing' | 'early'): Promise<string> {
      const { status, signal, stdout, stderr } = await runProgram(kernel, getrandom, program, 'random')
      assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr)
      const [first, second] = JSON.parse(stdout) as [number[], number[]]
      assert.notDeepEqual(first, second)
      // As many as in test/native/host.test.ts.
      assert.ok(new Set(first).size > 220 && new Set(second).size > 220)
      return stderr
    }

    test('without getrandom, of which kernels before 3.17 know nothing', async () => {
      assert.equal(await saidOn('missing'), '')
    })

    test('where there are none yet it waits, and says so once', async () => {
      assert.equal(await saidOn('early'), 'kvs: waiting for the kernel, which has no random bytes for keys yet\n')
    })
  })
}
