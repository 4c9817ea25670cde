/** What of the executable is resident: code that has done its work, and blocks of media that are confirmed, are not. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startEndpoint } from '../drive/endpoint.ts'
import { command, jsonLines, type KvsRun, runKvs, startKvs } from '../drive/kvs.ts'
import { largePictures, samples } from '../drive/source.ts'
import { boundMs } from '../drive/within.ts'

/** Of all that is resident, what is no media: 1.65 to 1.7 MB when this was written, and what a tenth more would be. */
const constantBytes = 1_850_000
/** Of the code, what starting and connecting leave behind: 204 KiB when this was written, and half of it. */
const letGoKib = 100

interface Use {
  readonly nowBytes: number
  readonly peakBytes: number
}

/** Streams to an endpoint that confirms; resolves with what `--stats` says at the end. */
async function memoryOf(t: TestContext, args: readonly string[]): Promise<{ media: Use; resident: Use }> {
  const { env } = await startEndpoint(t)
  const { status, stdout } = await runKvs(t, [...args, '--json', '--stats'], { env })
  assert.equal(status, 0, stdout)
  const memory = jsonLines(stdout).find((line) => line['event'] === 'memory')
  assert.ok(memory, stdout)
  return memory as unknown as Awaited<ReturnType<typeof memoryOf>>
}

/** The pages of the executable's file, counted one by one (proc_pid_smaps(5)): the totals of the kernel are estimates. */
function residentCodeKib(run: KvsRun): number {
  const name = basename(command().at(-1) ?? '')
  const mappings = readFileSync(`/proc/${run.pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const ours = mappings.filter((mapping) => mapping.split('\n')[0]?.endsWith(`/${name}`))
  return ours.reduce((sum, mapping) => sum + Number(/^Rss: +(\d+) kB$/m.exec(mapping)?.[1]), 0)
}

describe('what is resident', { concurrency: 2 }, () => {
  for (const output of ['--quiet', '--json'])
    test(`${output}: code that has started and connected it is let go while it streams`, async (t) => {
      const { env, event } = await startEndpoint(t)
      const run = startKvs(t, ['-d', samples, '-D', '600', output], { env })
      await event(({ type }) => type === 'opened')
      const connected = residentCodeKib(run)
      const wanted = connected - letGoKib
      for (const endMs = Date.now() + boundMs; residentCodeKib(run) > wanted && Date.now() < endMs; ) await pause(100)
      // What the stream needs has come back by then.
      await pause(2000)
      const streaming = residentCodeKib(run)
      t.diagnostic(`${connected} KiB of code when connected, ${streaming} KiB while it streams`)
      assert.ok(
        streaming > 0 && streaming <= wanted,
        `${connected} KiB of code when connected, and still ${streaming} KiB`,
      )
    })

  const streams: readonly [what: string, args: (t: TestContext) => Promise<readonly string[]>][] = [
    ['the samples', async () => ['-d', samples, '-D', '5']],
    ['a megabyte a second, for eight', async (t) => ['-d', await largePictures(t), '-D', '8', '-s', '4096']],
  ]
  for (const [what, args] of streams) {
    test(`${what}: no more than the media in flight and a constant`, async (t) => {
      const { media, resident } = await memoryOf(t, await args(t))
      const rest = resident.peakBytes - media.peakBytes
      t.diagnostic(`at most ${resident.peakBytes} bytes, ${media.peakBytes} of them media: ${rest}`)
      assert.ok(rest > 0 && rest <= constantBytes, `${rest} bytes are no media`)
    })
  }
})
