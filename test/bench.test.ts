/** The benchmarks' command lines, and what of their results is a failure. The numbers themselves are `npm run bench`'s. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { type HostResults, missesBar, type Results, rowsOf } from '../bench/device/rows.ts'
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
    ['bench/main.ts', 'npm run bench', '--starts'],
    ['bench/device/main.ts', 'npm run bench:device', '--starts'],
  ] as const
  for (const [program, name, option] of programs) {
    test(`${name}: --help, and a line for what is wrong`, async () => {
      const help = await run([program, '--help'])
      assert.deepEqual([help.status, help.stderr], [0, ''])
      assert.ok(help.stdout.includes(`${name} `) && help.stdout.includes(`${option} `), help.stdout)
      for (const wrong of [['--hlp'], [option, 'x']]) {
        const { status, stdout, stderr } = await run([program, ...wrong])
        assert.deepEqual([status, stdout], [1, ''])
        assert.match(stderr, /^bench: [^\n]+\n$/)
        assert.ok(stderr.includes(wrong[0] ?? ''), stderr)
      }
    })
  }
})

const nothing: HostResults = { h264: null, unconfirmed: null, h265: null, slope: null, starts: null }
const unmeasured: Results = {
  date: '',
  machine: '',
  load: [],
  media: '',
  sizes: { armv7: null, x86_64: null },
  device: nothing,
  node: nothing,
  instructions: { aesGcm: null, withoutAesGcm: null, withoutAesChaCha: null },
}

describe('a bar of the device benchmark', () => {
  const missed = (results: Partial<Results>) =>
    rowsOf({ ...unmeasured, ...results })
      .filter(missesBar)
      .map((row) => row.what)

  test('is missed above it and not at it; an aim does not count', () => {
    assert.deepEqual(missed({ sizes: { armv7: 850_000, x86_64: 850_001 } }), ['executable, x86-64'])
  })

  test('is not missed by what was not measured, by Node.js, or by a look that is too short', () => {
    const slope = { afterSeconds: 8, seconds: 16, kibPerMinute: 900, noiseKib: 1 }
    const run = { seconds: 24, peakKib: 99_000, cpuPerMinute: 1, slope }
    const quick = { ...run, peakKib: 2000 }
    assert.deepEqual(missed({ node: { ...nothing, h264: run }, device: { ...nothing, h264: quick } }), [])
    const long = { ...quick, slope: { ...slope, seconds: 600 } }
    assert.deepEqual(missed({ device: { ...nothing, slope: long } }), ['slope of resident memory'])
  })
})
