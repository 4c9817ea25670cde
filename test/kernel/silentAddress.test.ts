/** A name with several addresses, of which only the last answers: it is tried in the same breath. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { assertAccounted } from '../drive/bad.ts'
import { emptyRoot, inRoot, mediaInRoot } from '../drive/emptyRoot.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { endOf, jsonLines, runKvs } from '../drive/kvs.ts'

const silent = ['127.0.0.2', '127.0.0.3', '127.0.0.4']

/** Listens, and never takes a connection. */
const deaf = `
  const [host, port] = process.argv.slice(1)
  require('node:net').createServer().listen({ host, port: Number(port), backlog: 1 }, () => {
    require('node:fs').writeSync(1, 'listening')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`

test('addresses that never answer are passed over for the next', async (t) => {
  const endpoint = await startEndpoint(t, { advertise: 'kvs.test' })
  for (const address of silent) await silence(t, address, endpoint.local.port)
  const folder = await emptyRoot(t, endpoint)
  await mkdir(join(folder, 'etc'))
  await writeFile(
    join(folder, 'etc/hosts'),
    [...silent, '127.0.0.1'].map((address) => `${address} kvs.test\n`).join(''),
  )
  const args = ['-n', 'silent', '-d', mediaInRoot, '-D', '1', '--json', '--give-up-after', '40']
  const { status, stdout, stderr } = await runKvs(t, args, inRoot(folder, endpoint, { readOnly: true }))
  assert.deepEqual([status, stderr], [0, ''], stdout)
  const lines = jsonLines(stdout)
  await assertAccounted(endOf(lines), endpoint, 'silent')
  assert.deepEqual(
    lines.filter(({ event }) => event === 'retry'),
    [],
  )
})

/** Makes the address drop what wants to connect, as a full queue does in Linux. */
async function silence(t: TestContext, host: string, port: number): Promise<void> {
  const listener = spawn(process.execPath, ['-e', deaf, host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => listener.kill('SIGKILL'))
  await once(listener.stdout, 'data')
  for (let waiting = 0; waiting < 8; waiting++) {
    const socket = connect({ host, port }).on('error', () => {})
    t.after(() => socket.destroy())
    const connected = await Promise.race([once(socket, 'connect').then(() => true), pause(500, false)])
    if (!connected) return
  }
  throw new Error(`${host}:${port} goes on taking connections`)
}
