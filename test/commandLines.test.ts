/** The command lines of what builds and measures: they explain themselves, and say in a line what is wrong with them. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { root } from './drive/folder.ts'

function run(args: readonly string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', ...args], { cwd: root }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

describe('npm run', { concurrency: 2 }, () => {
  const programs = [
    ['scripts/device.mjs', 'npm run device', '--output', 'device'],
    ['bench/main.ts', 'npm run bench', '--starts', 'bench'],
    ['bench/device/main.ts', 'npm run bench:device', '--starts', 'bench'],
  ] as const
  for (const [program, name, option, speaker] of programs) {
    test(`${name}: --help, and a line for what is wrong`, async () => {
      const help = await run([program, '--help'])
      assert.deepEqual([help.status, help.stderr], [0, ''])
      assert.ok(help.stdout.includes(`${name} `) && help.stdout.includes(`${option} `), help.stdout)
      for (const wrong of [['--hlp'], [option, 'x']]) {
        const { status, stdout, stderr } = await run([program, ...wrong])
        assert.deepEqual([status, stdout], [1, ''])
        assert.match(stderr, new RegExp(`^${speaker}: [^\\n.]+\\n$`))
        assert.ok(stderr.includes(wrong[0] ?? ''), stderr)
      }
    })
  }
})
