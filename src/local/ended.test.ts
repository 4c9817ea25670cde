import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./testing/endAfterFaults.ts', import.meta.url))

test('whatever has gone wrong: once the endpoint has stopped, its process ends by itself', async (t) => {
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const [[status], told, complaints] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  assert.deepEqual([status, told], [0, 'stopped\n'])
  // Among them listeners that pile up at a connection.
  assert.doesNotMatch(complaints, /Warning/)
})
