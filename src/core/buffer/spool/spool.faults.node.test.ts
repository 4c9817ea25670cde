import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Chance, ForgetfulFiles, PowerLost } from '../../testing/forgetfulFiles.ts'
import { Spool } from './spool.ts'
import { figuresOf, header, hitHead, nth, spoolOf, timecodes } from './testing/smallSpool.ts'
import { chanceOf, directory, readAll, SpoolRun } from './testing/spoolRun.ts'

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
    run.files.budget = Math.floor(chance() ** 2 * 60_000)
    while (!losesPower(() => run.step()));
    const left = end(run.files)
    // Opening it may be cut short as well.
    left.budget = Math.floor(chance() * 500)
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
  for (let seed = 1; seed <= 100; seed++) {
    const chance = chanceOf(seed)
    const run = new SpoolRun(new ForgetfulFiles(), chance)
    for (let times = 0; times < 20; times++) {
      for (let step = Math.floor(chance() * 5); step > 0; step--) run.step()
      run.files.failAfter = 1 + Math.floor(chance() * 8)
      run.files.failures = 1
      for (const before = run.refused; run.refused === before; ) run.step(true)
      run.files.failAfter = Number.POSITIVE_INFINITY
      refused++
      run.check()
      if (chance() < 0.5) continue
      run.reopen(chance() < 0.5 ? run.files.kill() : run.files.powerLoss(chance))
      run.settle()
    }
  }
  assert.equal(refused, 2000)
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
      for (const { fragment, content } of read) {
        assert.ok(content.every((byte) => byte === fragment.timecodeMs + 1))
        assert.deepEqual([...fragment.header], [...header])
      }
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

test('what lies behind damage is found, wherever the next record begins', () => {
  for (let bytes = 16_330; bytes < 16_340; bytes++) {
    const files = new ForgetfulFiles()
    const options = { storage: files, directory, capacityBytes: 1e6 }
    const spool = new Spool(options)
    for (const [index, size] of [100, bytes, 100].entries()) {
      spool.append(figuresOf(index), [new Uint8Array(size).fill(index + 1)])
    }
    hitHead(files, 1)
    assert.deepEqual(timecodes(spool), [0, 2])
    assert.deepEqual(spool.damaged, { fragments: 1, frames: 2, frameBytes: 7, bytes })
    assert.deepEqual(timecodes(new Spool({ ...options, storage: files.kill() })), [0, 2])
  }
})
