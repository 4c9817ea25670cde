/** Less and less memory, until the kernel cannot start it: it streams or says what is missing, and never just dies. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { picture } from '../../src/core/testing/media.ts'
import { assertBalanced } from '../drive/bad.ts'
import { loadedBytes } from '../drive/elf.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { command, type Exit, endOf, jsonLines, runKvs } from '../drive/kvs.ts'
import { writeFrames } from '../drive/source.ts'

const stepBytes = 64 * 1024
/** With this much it must stream. */
const enoughBytes = 4 * 1024 * 1024
/** What the kernel maps besides: the first part of the stack, and pages of its own. */
const kernelBytes = 192 * 1024
/** A second of them is more than the buffer takes: where memory is short, its blocks are what is missing. */
const largePictures = Array.from({ length: 25 }, (_, n) => picture(n, n === 0, 100_000))

test('less and less address space', async (t) => {
  const { env } = await startEndpoint(t, { limits: 'off' })
  const directory = await temporaryFolder(t)
  await writeFrames(directory, 'h264', largePictures)
  const [executable] = command()
  const startBytes = (await loadedBytes(executable)) + kernelBytes
  const limits: number[] = []
  for (let limit = enoughBytes; limit >= startBytes - 4 * stepBytes; limit -= stepBytes) limits.push(limit)
  const outcomes = new Map<number, string>()
  await inParallel(limits, 4, async (limit) => {
    const args = ['-n', `limit-${limit}`, '-d', directory, '-D', '1', '--json', '--give-up-after', '1']
    const exit = await runKvs(t, args, { env, command: ['prlimit', `--as=${limit}`, ...command()] })
    outcomes.set(limit, judged(exit, limit < startBytes))
  })
  assert.equal(outcomes.get(enoughBytes), 'streams')
  assert.ok([...outcomes.values()].includes('says so'), 'no limit was too small')
  for (const outcome of new Set(outcomes.values())) {
    const least = Math.min(...limits.filter((limit) => outcomes.get(limit) === outcome))
    t.diagnostic(`${outcome}: with ${least / 1024} KiB of address space and more`)
  }
})

/** How a run has ended; fails where it ended without a word. */
function judged(exit: Exit, mayNotStart: boolean): string {
  const { status, signal, stdout, stderr } = exit
  if (mayNotStart && (signal !== null || stderr.startsWith('prlimit:'))) return 'does not start'
  assert.equal(signal, null, `killed by ${signal}\n${stdout}${stderr}`)
  if (status === 0) {
    const end = endOf(jsonLines(stdout))
    assertBalanced(end)
    assert.equal(end['framesPersisted'], end['framesPut'])
    return 'streams'
  }
  assert.equal(status, 70, stdout + stderr)
  assert.match(stdout + stderr, /memory/)
  assert.match(stdout + stderr, /"cure":|\n {2}cure: /)
  return 'says so'
}

async function inParallel<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items]
  const lane = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
