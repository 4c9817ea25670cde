/** Keys are in the memory of the executable: no core file holds them, and no other program of the same user reads them. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { describe, type TestContext, test } from 'node:test'
import { startEndpoint, type TestEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { command, startKvs } from '../drive/kvs.ts'
import { samples } from '../drive/source.ts'

type Started = readonly [string, ...string[]]

/** Only the limit stands between a crash and a core file. */
const withCores = (started: Started): Started => ['sh', '-c', 'ulimit -c unlimited; exec "$0" "$@"', ...started]

/** What a crash of `kvs` leaves in its working directory, in the midst of a stream. */
async function leftBy(t: TestContext, signal: NodeJS.Signals, { env }: TestEndpoint): Promise<readonly string[]> {
  const cwd = await temporaryFolder(t)
  const run = startKvs(t, ['-d', samples, '--json'], { env, cwd, command: withCores(command()) })
  await run.ack('BUFFERING')
  run.signal(signal)
  assert.equal((await run.exited()).signal, signal)
  return await readdir(cwd)
}

/** Whether this machine writes core files where a program was at work, rather than hand them to another program. */
async function coresAreFiles(t: TestContext): Promise<boolean> {
  const cwd = await temporaryFolder(t)
  const [program, ...args] = withCores(['sh', '-c', 'kill -SEGV $$'])
  await once(spawn(program, args, { cwd, stdio: 'ignore' }), 'exit')
  return (await readdir(cwd)).length > 0
}

describe('secrets in memory', () => {
  test('a crash leaves no core file', async (t) => {
    if (!(await coresAreFiles(t))) return t.skip('this machine hands core files to a program')
    const endpoint = await startEndpoint(t)
    for (const signal of ['SIGSEGV', 'SIGABRT'] as const) assert.deepEqual(await leftBy(t, signal, endpoint), [])
  })

  test('memory and environment are not for other programs of its user', async (t) => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    const args = ['-d', samples, '--json', '--endpoint', 'https://localhost:9']
    const run = startKvs(t, args, { env, ...nobody })
    await run.line((line) => line['event'] === 'retry')
    // What may not be dumped belongs to root there (proc(5)).
    assert.equal((await stat(`/proc/${run.pid}/environ`)).uid, 0)
  })
})
