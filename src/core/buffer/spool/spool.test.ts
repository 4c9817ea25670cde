import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsWith } from '../../testing/failsWith.ts'
import { type Chance, ForgetfulFiles, PowerLost } from '../../testing/forgetfulFiles.ts'
import { Spool, type SpooledFragment } from './spool.ts'
import { capacityBytes, chanceOf, directory, readAll, SpoolRun } from './testing/spoolRun.ts'

function losesPower(task: () => void): boolean {
  try {
    task()
    return false
  } catch (error) {
    if (error instanceof PowerLost) return true
    throw error
  }
}

/** Lives that end at any byte, one after the other on one disk. */
function live(chance: Chance, end: (files: ForgetfulFiles) => ForgetfulFiles): SpoolRun {
  const run = new SpoolRun(new ForgetfulFiles(), chance)
  for (let life = 0; life < 6; life++) {
    run.files.budget = Math.floor(chance() ** 2 * 30_000)
    while (!losesPower(() => run.step()));
    const left = end(run.files)
    // Opening it may be cut short as well.
    left.budget = Math.floor(chance() * 20)
    if (losesPower(() => run.reopen(left))) run.reopen(end(left))
    run.files.budget = Number.POSITIVE_INFINITY
    run.settle()
  }
  return run
}

test('what is kept outlives a loss of power at any byte, and what is done stays done', () => {
  let dropped = 0
  for (let seed = 1; seed <= 40; seed++) {
    const chance = chanceOf(seed)
    dropped += live(chance, (files) => files.powerLoss(chance)).dropped
  }
  assert.ok(dropped > 0)
})

test('it outlives a process that is killed at any byte', () => {
  for (let seed = 1; seed <= 10; seed++) live(chanceOf(-seed), (files) => files.kill())
})

test('where anything fails, it fails as a whole, and what was kept before is there', () => {
  let refused = 0
  for (let seed = 1; seed <= 20; seed++) {
    const chance = chanceOf(seed)
    const run = new SpoolRun(new ForgetfulFiles(), chance)
    for (let step = 0; step < 60; step++) {
      if (chance() < 0.2) run.files.failAfter = 1 + Math.floor(chance() * 4)
      run.step(true)
    }
    refused += run.refused
    run.check()
    // An append that failed left nothing, so that its number and its place went to another.
    run.reopen(run.files.powerLoss(chance))
    run.settle()
  }
  assert.ok(refused > 100)
})

test('a full disk refuses a fragment and keeps nothing of it; with room again it goes on', () => {
  let refused = 0
  for (let seed = 1; seed <= 20; seed++) {
    const chance = chanceOf(seed)
    const run = new SpoolRun(new ForgetfulFiles(), chance)
    run.files.freeBytes = 4000 + Math.floor(chance() * 4000)
    for (let step = 0; step < 60; step++) run.step(true)
    refused += run.refused
    run.check()
    run.reopen(run.files.kill())
    run.settle()
  }
  assert.ok(refused > 100)
})

const header = Uint8Array.of(1, 2, 3)
const figuresOf = (timecodeMs: number) => ({ timecodeMs, frames: 2, frameBytes: 7, header })

function spoolOf(storage: ForgetfulFiles, ...sizes: number[]): Spool {
  const spool = new Spool({ storage, directory, capacityBytes })
  for (const [index, bytes] of sizes.entries()) spool.append(figuresOf(index), [new Uint8Array(bytes).fill(index + 1)])
  return spool
}

const timecodes = (spool: Spool) => readAll(spool).map(({ fragment }) => fragment.timecodeMs)

function nth(spool: Spool, index: number): SpooledFragment {
  const fragment = readAll(spool)[index]?.fragment
  assert.ok(fragment)
  return fragment
}

test('any bit that flips costs at most what it lies in, and is told', () => {
  const before = new ForgetfulFiles()
  const spool = spoolOf(before, 600, 600, 600, 600, 600)
  spool.done(nth(spool, 1))
  const chance = chanceOf(1)
  for (let flip = 0; flip < 200; flip++) {
    for (const whileOpen of [false, true]) {
      const files = before.kill()
      const open = whileOpen ? spoolOf(files) : null
      const all = [...files.files.values()]
      const content = all[Math.floor(chance() * all.length)]?.content ?? new Uint8Array(0)
      const at = Math.floor(chance() * content.length)
      content[at] = (content[at] ?? 0) ^ (1 << Math.floor(chance() * 8))
      const spool = open ?? spoolOf(files)
      const read = readAll(spool)
      for (const { fragment, content } of read) assert.ok(content.every((byte) => byte === fragment.timecodeMs + 1))
      const { fragments } = spool.damaged
      const lost = 4 - read.filter(({ fragment }) => fragment.timecodeMs !== 1).length
      // Nobody can tell whether the last append was cut short. A mark that is hit brings back what it marked, maybe damaged.
      const untold = !whileOpen && !timecodes(spool).includes(4) ? 1 : 0
      assert.ok(fragments >= lost - untold && fragments <= lost + 1, `${lost} lost, ${fragments} damaged`)
      assert.ok(lost <= 2, `${lost} lost`)
      assert.equal(spool.waiting.fragments, read.length)
      const again = spoolOf(files.kill())
      const unmarked = (timecodeMs: number) => timecodeMs !== 1
      assert.deepEqual(timecodes(again).filter(unmarked), timecodes(spool).filter(unmarked))
      assert.equal(again.damaged.fragments, 0, 'told once')
    }
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
  for (let index = 0; spool.hasRoom(700 + header.length); index++) spool.append(figuresOf(index), [new Uint8Array(700)])
  assert.ok(spool.waiting.fragments > 15)
  for (let fragment = nth(spool, 10); spool.waiting.fragments > 15; fragment = nth(spool, 10)) spool.done(fragment)
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
