import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FragmentStore } from '../store/fragmentStore.ts'
import { killedCluster } from './testing/killedCluster.ts'
import { bodyOf } from './testing/session.ts'

const program = fileURLToPath(new URL('./testing/storeUntilKilled.ts', import.meta.url))

/** Runs until `lines` fragments are told as persisted, kills with SIGKILL, and returns all lines that came out. */
async function storeUntilKilled(directory: string, firstTimecode: number, lines: number): Promise<string[]> {
  const args = ['--import', 'tsx', program, directory, String(firstTimecode)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const told: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(line)
    if (told.length === lines) child.kill('SIGKILL')
  }
  assert.equal(child.signalCode ?? 'SIGKILL', 'SIGKILL')
  return told
}

test('killed in the middle of writing, again and again: what was told as PERSISTED is there', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-store-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const told = new Map<string, number>()
  let timecode = 0
  for (const lines of [1, 17, 5]) {
    for (const line of await storeUntilKilled(directory, timecode, lines)) {
      const [at = '', number = ''] = line.split(' ')
      told.set(number, Number(at))
      timecode = Number(at) + 2000
    }
    const store = await FragmentStore.open(directory)
    const stream = store.stream('camera')
    for (const number of told.keys()) assert.ok(stream.find(number), `fragment ${number} is lost`)
    for (const fragment of stream.fragments()) {
      assert.ok((await bodyOf(stream, fragment)).equals(killedCluster(fragment.timecode)), fragment.number)
    }
    await store.close()
  }
  assert.ok(told.size >= 23)
})
