import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsWith } from '../../testing/failsWith.ts'
import { ForgetfulFiles } from '../../testing/forgetfulFiles.ts'
import { Spool } from './spool.ts'
import { figuresOf, header, hitHead, nth, spoolOf, timecodes } from './testing/smallSpool.ts'
import { capacityBytes, chanceOf, directory, readAll, SpoolRun } from './testing/spoolRun.ts'

test('what is kept outlives a loss of power, on this host as on any', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const chance = chanceOf(seed)
    const run = new SpoolRun(new ForgetfulFiles(), chance)
    for (let step = 0; step < 20; step++) run.step()
    run.reopen(run.files.powerLoss(chance))
    run.settle()
  }
})

test('the last fragment of a file that is not the last one is not cut off unheard', () => {
  const files = new ForgetfulFiles()
  spoolOf(files, 900, 900, 900)
  hitHead(files, 1)
  const spool = spoolOf(files.kill())
  assert.deepEqual(timecodes(spool), [0, 2])
  assert.equal(spool.damaged.fragments, 1)
})

test('where the first fragment of a file is refused, the file is gone', () => {
  for (const failAfter of [2, 3, 4, 5, 6]) {
    const files = new ForgetfulFiles()
    const spool = spoolOf(files)
    files.failAfter = failAfter
    assert.throws(() => spool.append(figuresOf(0), [new Uint8Array(9)]), failsWith('OUTPUT_UNWRITABLE'))
    assert.equal(files.files.size, 0)
    // Its name is not synced: where it is back, it is empty.
    assert.deepEqual(timecodes(spoolOf(files.powerLoss(() => 0.4))), [])
  }
})

test('a header is kept once for the fragments behind it, and is the same object for all that have the same', () => {
  const files = new ForgetfulFiles()
  const spool = new Spool({ storage: files, directory, capacityBytes })
  const long = (value: number) => new Uint8Array(500).fill(value)
  for (const [index, value] of [1, 1, 1, 2, 2, 1, 1].entries()) {
    spool.append({ ...figuresOf(index), header: long(value) }, [new Uint8Array(100)])
  }
  assert.ok(spool.usedBytes < 5 * 500 + 7 * 300)
  const headers = readAll(spool).map(({ fragment }) => fragment.header)
  assert.deepEqual(
    headers.map((each) => each[0]),
    [1, 1, 1, 2, 2, 1, 1],
  )
  assert.equal(new Set(headers.slice(0, 3)).size, 1)
  assert.equal(new Set(headers.slice(3, 5)).size, 1)
  assert.equal(new Set(headers.slice(5)).size, 1)
})

test('it takes no more than it may, and says before whether a fragment fits at all', () => {
  const files = new ForgetfulFiles()
  const spool = new Spool({ storage: files, directory, capacityBytes })
  for (let index = 0; spool.hasRoom(100 + header.length); index++) spool.append(figuresOf(index), [new Uint8Array(100)])
  const all = readAll(spool)
  assert.ok(all.length > 70)
  for (const [index, { fragment }] of all.entries()) if (index % 8 > 0) spool.done(fragment)
  assert.ok([...files.files.values()].reduce((sum, { content }) => sum + content.length, 0) <= capacityBytes)
  assert.equal(spool.hasRoom(capacityBytes - 144, true), true)
  assert.equal(spool.hasRoom(capacityBytes - 143, true), false)
})

test('what somebody is at is not dropped', () => {
  const spool = spoolOf(new ForgetfulFiles(), 900, 900, 900, 900, 900)
  assert.deepEqual(spool.dropOldest(nth(spool, 1)), { fragments: 2, frames: 4, frameBytes: 14, bytes: 1800 })
  assert.deepEqual(timecodes(spool), [0, 1, 4])
  assert.equal(spool.dropOldest(nth(spool, 2)), null)
  assert.equal(spool.dropOldest(null)?.fragments, 2)
  assert.equal(spool.dropOldest(null)?.fragments, 1)
  assert.equal(spool.dropOldest(null), null)
  spool.append(figuresOf(7), [new Uint8Array(9)])
  assert.deepEqual(timecodes(spool), [7])
})

test('fragments are done in any order, and twice is once; what comes behind one that is done is found', () => {
  const files = new ForgetfulFiles()
  const spool = spoolOf(files, 300, 300, 300, 300, 300, 300, 300, 300)
  const all = readAll(spool).map(({ fragment }) => fragment)
  for (const index of [3, 0, 3, 4, 7]) spool.done(all[index] ?? assert.fail())
  assert.equal(spool.waiting.fragments, 4)
  assert.deepEqual(timecodes(spool), [1, 2, 5, 6])
  assert.equal(spool.next(all[3] ?? null)?.timecodeMs, 5)
  assert.deepEqual(timecodes(spoolOf(files.kill())), [1, 2, 5, 6])
})

test('nothing is left where all is done', () => {
  const files = new ForgetfulFiles()
  const spool = spoolOf(files, 900, 900, 900)
  for (const { fragment } of readAll(spool)) spool.done(fragment)
  assert.deepEqual([...files.files.keys()], [])
  spool.append(figuresOf(5), [new Uint8Array(5)])
  assert.deepEqual(timecodes(spool), [5])
})

test('going on costs no more reads the more fragments are kept', () => {
  const readsOf = (count: number) => {
    const files = new ForgetfulFiles()
    const spool = new Spool({ storage: files, directory, capacityBytes: 1e6 })
    for (let index = 0; index < count; index++) spool.append(figuresOf(index), [new Uint8Array(10)])
    const before = files.reads
    for (let left = count - 1; left > 0; left--) spool.done(spool.next(null) ?? assert.fail())
    return (files.reads - before) / count
  }
  assert.ok(readsOf(400) < readsOf(20) + 1)
})

test('other files are left alone', () => {
  const files = new ForgetfulFiles()
  files.makeDirectory(directory)
  const others = ['notes', '1.spool', '00000000x.spool', '00000001.spool.old'].map((name) => `${directory}/${name}`)
  for (const path of others) files.openStored(path, true).append(Uint8Array.of(1))
  const spool = spoolOf(files, 5)
  spool.done(nth(spool, 0))
  assert.deepEqual([...files.files.keys()], others)
})

test('one at a time has a folder, until it gives it back', () => {
  const files = new ForgetfulFiles()
  const spool = spoolOf(files, 5)
  assert.throws(() => spoolOf(files), failsWith('OUTPUT_UNWRITABLE', /^\/spool is in use by another process$/))
  spool.close()
  assert.deepEqual(timecodes(spoolOf(files)), [0])
})

test('a spool of another version is left as it is', () => {
  const files = new ForgetfulFiles()
  spoolOf(files, 5).close()
  const [content = new Uint8Array(0)] = [...files.files.values()].map((inode) => inode.content)
  const view = new DataView(content.buffer)
  content[3] = 2
  view.setUint32(44, files.crc32(content.subarray(0, 44), 0))
  const before = content.slice()
  // The folder is given back each time.
  for (let tries = 0; tries < 2; tries++)
    assert.throws(() => spoolOf(files), failsWith('CONFIGURATION', /another version/))
  assert.deepEqual(content, before)
})
