/** Standard streams that are closed, or that nobody reads: what the program says is lost, never the media. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { startEndpoint, type TestEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { command, type KvsOptions, runKvs, startKvs } from '../drive/kvs.ts'
import { assertMedia, expectedAudio, expectedVideo, samples } from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'

const args = ['-n', 'quiet', '-d', samples, '-D', '3', '--json', '--log-level', 'debug']

describe('standard streams', { concurrency: 2 }, () => {
  for (const closed of ['<&- >&- 2>&-', '<&- 2>&-', '2>&-']) {
    test(`closed (${closed}): no connection gets their numbers`, async (t) => {
      const endpoint = await startEndpoint(t)
      const { status } = await runKvs(t, args, redirected(endpoint, closed))
      assert.equal(status, 0)
      await assertStored(endpoint)
    })
  }

  for (const into of [intoBlocking, intoNonBlocking]) {
    test(`a full pipe that nobody reads, ${into.name}: the media goes on`, async (t) => {
      const endpoint = await startEndpoint(t)
      const { status } = await runKvs(t, args, into(endpoint, await fullPipe(t)))
      assert.equal(status, 0)
      await assertStored(endpoint)
    })
  }

  test('a full pipe that nobody reads: a signal ends it', async (t) => {
    const endpoint = await startEndpoint(t)
    const kvs = startKvs(t, [...args, '-D', '600'], intoBlocking(endpoint, await fullPipe(t)))
    await endpoint.event((event) => event.type === 'ack' && event.ack.type === 'PERSISTED')
    kvs.signal('SIGTERM')
    const { status, signal } = await kvs.exited()
    assert.deepEqual([status, signal], [143, null])
  })
})

/** `kvs` as a shell starts it with its standard streams led elsewhere. */
function redirected({ env }: TestEndpoint, redirection: string): KvsOptions {
  return { env, command: ['sh', '-c', `exec "$@" ${redirection}`, 'sh', ...command()] }
}

function intoBlocking(endpoint: TestEndpoint, pipe: string): KvsOptions {
  return redirected(endpoint, `>${pipe} 2>&1`)
}

/** As a program leads it there that does not want to wait itself. */
function intoNonBlocking({ env }: TestEndpoint, pipe: string): KvsOptions {
  const script = `
    const { constants, openSync } = require('node:fs')
    const [pipe, program, ...args] = process.argv.slice(1)
    const output = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    const stdio = ['ignore', output, output]
    process.exitCode = require('node:child_process').spawnSync(program, args, { stdio }).status`
  return { env, command: [process.execPath, '-e', script, pipe, ...command()] }
}

/** The path of a pipe that has no room left, and a reader that does not read. */
async function fullPipe(t: TestContext): Promise<string> {
  const path = join(await temporaryFolder(t), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => closeSync(reader))
  const page = Buffer.alloc(4096)
  assert.throws(() => {
    for (;;) writeSync(reader, page)
  }, /EAGAIN/)
  return path
}

async function assertStored(endpoint: TestEndpoint): Promise<void> {
  const expected = [await expectedVideo(samples, 'h264', 3000), await expectedAudio(samples, 'aac', 3000)]
  assertMedia(await storedClusters(await endpoint.media('quiet')), expected)
}
