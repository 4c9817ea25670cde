/** A name server that never answers: nothing else of the program waits for the lookup, which nobody can end. */

import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { emptyRoot, inRoot, mediaInRoot } from '../drive/emptyRoot.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { jsonLines, startKvs } from '../drive/kvs.ts'
import { within } from '../drive/within.ts'

/** Nobody listens there. The C library waits for an answer all the same, and for no longer than a minute. */
const resolver = 'nameserver 127.0.0.9\noptions timeout:60\n'

test('a lookup that hangs holds up neither timers nor signals', async (t) => {
  const endpoint = await startEndpoint(t, { advertise: 'kvs.test' })
  const folder = await emptyRoot(t, endpoint)
  await mkdir(join(folder, 'etc'))
  await writeFile(join(folder, 'etc/resolv.conf'), resolver)
  const run = startKvs(t, ['-d', mediaInRoot, '--json'], inRoot(folder, endpoint, { readOnly: true }))
  // The timer of the connection, which the end of the lookup would have been ahead of.
  const retry = await run.line(({ event }) => event === 'retry')
  assert.equal(retry['code'], 'TIMED_OUT', JSON.stringify(retry))
  run.signal('SIGTERM')
  const { status, stdout, stderr } = await within(run.exited(), () => 'the end: the lookup goes on for longer', 30_000)
  assert.deepEqual([status, stderr], [143, ''], stdout)
  assert.deepEqual(endpoint.events, [])
  assert.equal(jsonLines(stdout).at(-1)?.['event'], 'end')
})
