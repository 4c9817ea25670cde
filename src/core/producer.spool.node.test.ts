/** Media that memory has no room for, or that is left at the end, waits in files and arrives whole and in order. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from './frame/frame.ts'
import type { ProducerOptions } from './options.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }], bufferBytes: 64 * 1024 } as const
/** 10 kB/s in fragments of a second. */
const source = { framesPerSecond: 10, pictureBytes: 1000, audio: false } as const

function rigWith(
  storage: ForgetfulFiles,
  capacityBytes = 4 * 1024 * 1024,
  options: Partial<ProducerOptions> = {},
): Rig {
  const overflow = 'drop-oldest'
  return new Rig({ ...videoOnly, overflow, spool: { storage, directory: '/spool', capacityBytes }, ...options })
}

/** The network is gone until further notice. */
function fail(rig: Rig): void {
  rig.service.dial = () => refusedConnection
  for (const session of rig.service.sessions) session.connection.close(refusedConnection)
}

function mend(rig: Rig): void {
  rig.service.dial = () => undefined
}

async function live(
  rig: Rig,
  frames: readonly Frame[],
  events: Readonly<Record<number, () => void>> = {},
): Promise<void> {
  for (const frame of frames) {
    events[frame.pts]?.()
    assert.equal(rig.producer.putFrame(frame), true, `frame at ${frame.pts}`)
    await rig.clock.advance(100)
  }
}

const numbersOf = (frames: readonly Frame[]) => frames.map((_, n) => n)

test('an outage longer than the buffer: nothing is lost, and everything arrives once and in order', async () => {
  const storage = new ForgetfulFiles()
  const rig = await rigWith(storage).ready()
  const frames = media({ ...source, durationMs: 120_000 })
  await live(rig, frames, { 10000: () => fail(rig), 70000: () => mend(rig) })
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual(rig.storedNumbers(), numbersOf(frames))
  const times = rig.service.stored.map(({ timecodeMs }) => timecodeMs)
  // What had been stored as the connection broke is allowed to come twice.
  assert.ok(times.length <= new Set(times).size + 2)
  assert.equal(rig.producer.spooledBytes, 0)
  assert.deepEqual([...storage.files.keys()], [], 'what is persisted is deleted')
  assert.ok(rig.blocks.most <= videoOnly.bufferBytes)
  assert.deepEqual(stats.lost, {})
  rig.assertSound()
})

test('what is left at the end waits for the next run, which sends it first, with its own times', async () => {
  const storage = new ForgetfulFiles()
  const first = await rigWith(storage).ready()
  const before = media({ ...source, durationMs: 30_000 })
  await live(first, before, { 5000: () => fail(first) })
  const left = await first.finish(5000)
  assert.equal(left.exitStatus, 75)
  assert.equal(left.error?.code, 'GAVE_UP')
  assert.ok(left.stats.spooled.frames >= 240)
  assert.deepEqual(left.stats.lost, {})

  const second = rigWith(storage)
  await second.ready().catch(() => undefined)
  await live(second, media({ ...source, durationMs: 10_000 }))
  const { stats, exitStatus } = await second.finish()
  assert.equal(exitStatus, 0)
  assert.deepEqual(stats.recovered, left.stats.spooled)
  assert.equal(stats.framesPersisted, left.stats.spooled.frames + 100)
  const stored = [...first.service.stored, ...second.service.stored]
  const recovered = second.service.sessions[0]?.fragments ?? []
  assert.ok(recovered.length >= 24)
  const bytesAt = new Map(stored.map(({ timecodeMs, bytes }) => [timecodeMs, bytes]))
  for (const { timecodeMs, bytes } of recovered) assert.deepEqual(bytesAt.get(timecodeMs), bytes)
  const numbers = new Set([...first.storedNumbers(), ...recovered.flatMap(({ frames }) => frames.map((_, n) => n))])
  assert.ok(numbers.size > 0)
  // What was recorded first is sent first, in sessions of its own where times or headers differ.
  assert.ok(recovered.every(({ timecodeMs }, n) => timecodeMs > (recovered[n - 1]?.timecodeMs ?? 0)))
  second.assertSound()
})

test('a process that is killed leaves what the spool has, whole', async () => {
  const storage = new ForgetfulFiles()
  const first = await rigWith(storage).ready()
  fail(first)
  await live(first, media({ ...source, durationMs: 60_000 }))
  assert.ok(first.producer.spooledBytes > 400_000)
  const after = storage.powerLoss(() => 0.5)

  const second = rigWith(after)
  second.producer.start()
  await second.clock.until(() => second.producer.spooledBytes === 0)
  const { stats, exitStatus } = await second.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPersisted, stats.recovered.frames)
  assert.ok(stats.recovered.frames >= 500)
  assert.deepEqual(second.storedNumbers(), numbersOf(media({ ...source, durationMs: stats.recovered.frames * 100 })))
})

test('a spool that is full gives up the oldest, and says how much', async () => {
  const storage = new ForgetfulFiles()
  const rig = await rigWith(storage, 1024 * 1024).ready()
  fail(rig)
  const frames = media({ ...source, durationMs: 180_000 })
  await live(rig, frames)
  mend(rig)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  const lost = stats.lost['spool-full']?.frames ?? 0
  assert.ok(lost > 600 && lost < 1200, `${lost} lost`)
  // The file that is being sent from stays.
  const stored = new Set(rig.storedNumbers())
  const missing = numbersOf(frames).filter((n) => !stored.has(n))
  assert.equal(missing.length, lost)
  assert.equal((missing[missing.length - 1] ?? 0) - (missing[0] ?? 0), lost - 1, 'one gap')
  assert.ok(rig.of('warning').some(({ message }) => message.includes('the spool was full')))
})

test('a source that waits waits for a spool that is full', async () => {
  const storage = new ForgetfulFiles()
  const rig = await rigWith(storage, 1024 * 1024, { overflow: 'block' }).ready()
  fail(rig)
  const frames = media({ ...source, durationMs: 180_000 })
  let taken = 0
  while (rig.producer.putFrame(frames[taken] ?? assert.fail('all is taken'))) taken++
  assert.ok(taken > 900, `${taken} frames taken`)
  mend(rig)
  for (const frame of frames.slice(taken)) await rig.put(frame)
  const { exitStatus } = await rig.finish(600_000)
  assert.equal(exitStatus, 0)
  assert.deepEqual(rig.storedNumbers(), numbersOf(frames))
})

test('a disk that is full: the overflow does what it would do without a spool, and it is said once', async () => {
  const storage = new ForgetfulFiles()
  const rig = await rigWith(storage).ready()
  storage.freeBytes = 100_000
  fail(rig)
  const frames = media({ ...source, durationMs: 60_000 })
  await live(rig, frames)
  mend(rig)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.deepEqual(Object.keys(stats.lost), ['overflow'])
  assert.equal(rig.of('warning').filter(({ message }) => message.includes('the spool does not work')).length, 1)
  assert.equal(rig.storedNumbers().length, stats.framesPersisted)
  rig.assertSound()
})

test('what is kept goes out at the pace it is given, while capture goes on', async () => {
  const storage = new ForgetfulFiles()
  const spool = { storage, directory: '/spool', capacityBytes: 4 * 1024 * 1024, bytesPerSecond: 10_000 }
  const rig = await rigWith(storage, 0, { spool }).ready()
  const frames = media({ ...source, durationMs: 180_000 })
  await live(rig, frames, { 0: () => fail(rig), 40000: () => mend(rig) })
  // 10 kB/s come in, and as much beside that may go out: 40 s are caught up in 40 s.
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  const starts = rig.service.stored.map(({ beganAtMs }) => beganAtMs)
  const [from = 0, to = 0] = [starts[0], starts[60]]
  assert.ok(to - from >= 27_000 && to - from <= 40_000, `60 fragments in ${to - from} ms`)
  assert.deepEqual(rig.storedNumbers(), numbersOf(frames))
})

test('acks that come late for what has been moved to the spool are heard: nothing is sent twice', async () => {
  const storage = new ForgetfulFiles()
  const rig = await rigWith(storage).ready()
  rig.service.persistMs = 15_000
  const frames = media({ ...source, durationMs: 60_000 })
  await live(rig, frames)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.sessions, 1)
  assert.equal(rig.service.stored.length, 60)
  assert.deepEqual(rig.storedNumbers(), numbersOf(frames))
})

test('damage that is found as it is to be sent is told, and the rest arrives', async () => {
  const storage = new ForgetfulFiles()
  const rig = await rigWith(storage).ready()
  fail(rig)
  const frames = media({ ...source, durationMs: 60_000 })
  await live(rig, frames)
  const [inode] = storage.files.values()
  inode?.content.fill(0, 50_000, 50_100)
  mend(rig)
  const { stats, exitStatus } = await rig.finish()
  assert.equal(exitStatus, 74)
  assert.equal(stats.lost['spool-damaged']?.fragments, 1)
  assert.equal(stats.framesPersisted, frames.length - 10)
  rig.assertSound()
})
