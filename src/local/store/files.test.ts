import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeFiles } from './files.ts'
import { FragmentGone } from './fragmentReader.ts'
import { FragmentStore } from './fragmentStore.ts'

async function temporary(t: { after(task: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-files-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('many pieces at once are written whole and in order', async (t) => {
  const path = join(await temporary(t), 'file')
  const file = await nodeFiles.create(path)
  const pieces = Array.from({ length: 3000 }, (_, i) => Buffer.from(i % 7 === 0 ? '' : `${i},`))
  await file.write(pieces)
  await file.write([Buffer.from('end')])
  await file.sync()
  assert.deepEqual(await readFile(path), Buffer.concat([...pieces, Buffer.from('end')]))
  await file.truncate(4)
  await file.close()
  assert.equal(await nodeFiles.sizeBytes(path), 4)
  const reader = await nodeFiles.open(path)
  const into = Buffer.alloc(10)
  assert.equal(await reader.read(1, into), 3)
  await reader.close()
  await assert.rejects(nodeFiles.open(`${path}x`), { code: 'ENOENT' })
})

test('on a real disk: stored, found again, expired, deleted, and readable by the owner only', async (t) => {
  const directory = join(await temporary(t), 'not', 'yet', 'made')
  const store = await FragmentStore.open(directory)
  const session = store.stream('camera').beginSession()
  session.header(Buffer.from('header'), [])
  const open = session.beginFragment(1000)
  await open.write(Buffer.from('media'))
  const fragment = await open.commit({ timecode: 0, producerMs: 0, lengthMs: 0 })
  assert.equal((await stat(fragment.segment.dataPath)).mode & 0o777, 0o600)
  assert.equal((await readFile(fragment.segment.dataPath)).toString(), 'headermedia')
  await store.close()

  const again = await FragmentStore.open(directory)
  assert.equal(again.stream('camera').latest?.number, fragment.number)
  await again.stream('camera').expire(5000, { maxAgeMs: 1000 })
  await assert.rejects(again.stream('camera').openFragment(fragment), FragmentGone)
  await again.delete('camera')
  await again.delete('never there')
  assert.deepEqual(await readdir(directory), [])
})
