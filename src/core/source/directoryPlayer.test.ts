import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { portableSearch } from '../frame/codec/search.ts'
import type { Frame } from '../frame/frame.ts'
import type { Files } from '../platform.ts'
import { FakeClock } from '../testing/fakeClock.ts'
import { numberOf, packet, picture } from '../testing/media.ts'
import { MemoryFiles } from '../testing/memoryFiles.ts'
import { Rig } from '../testing/rig.ts'
import { type DirectoryTrack, openDirectory } from './directory.ts'
import { DirectoryPlayer, type FrameTaker, type PlayOptions } from './directoryPlayer.ts'

/** A directory whose pictures and packets carry their file's number. */
function directory(pictures: number, packets: number, gop = 10): MemoryFiles {
  const files = new MemoryFiles()
  for (let n = 1; n <= pictures; n++) {
    const name = `d/h264SampleFrames/frame-${String(n).padStart(3, '0')}.h264`
    files.contents.set(name, picture(n, (n - 1) % gop === 0, 80))
  }
  for (let n = 1; n <= packets; n++) {
    files.contents.set(`d/aacSampleFrames/sample-${String(n).padStart(3, '0')}.aac`, packet(n))
  }
  return files
}

interface Taken {
  readonly atMs: number
  readonly track: number
  readonly pts: number
  readonly file: number
}

class Taker implements FrameTaker {
  readonly taken: Taken[] = []
  full = false
  readonly #clock: FakeClock
  #waiter: (() => void) | undefined

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  putFrame(frame: Frame): boolean {
    if (this.full) return false
    assert.equal(frame.pts, frame.dts)
    const { track, pts, data } = frame
    this.taken.push({ atMs: this.#clock.monotonicMs(), track, pts, file: numberOf(data) })
    return true
  }

  whenRoom(task: () => void): void {
    assert.equal(this.#waiter, undefined)
    this.#waiter = task
  }

  makeRoom(): void {
    this.full = false
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.()
  }
}

function playerOf(clock: FakeClock, files: Files, taker: FrameTaker, options: Partial<PlayOptions>, fps = 10) {
  const ends: unknown[] = []
  const tracks = openDirectory(files, portableSearch, { directory: 'd', framesPerSecond: fps, sampleRateHz: 16_000 })
  const player = new DirectoryPlayer(clock, files, tracks, taker, {
    durationMs: 5000,
    paced: true,
    onEnd: (error) => ends.push(error),
    ...options,
  })
  return { player, ends, tracks }
}

test('over 24 hours every frame is put when it is due, and in the order of decoding', () => {
  const dayMs = 24 * 3600 * 1000
  const clock = new FakeClock()
  clock.advanceNow(123.456)
  const framesPerSecond = 3.75
  const sampleRateHz = 7350
  const payloads = new Map([
    ['v', picture(1, true)],
    ['a', packet(1)],
  ])
  const files: Files = {
    list: () => [],
    read: (path, into) => {
      const content = payloads.get(path) ?? new Uint8Array(0)
      into.set(content)
      return content.length
    },
    open: () => assert.fail('nothing is read piece by piece'),
    checkWritable: () => assert.fail('nothing is written'),
    create: () => assert.fail('nothing is written'),
  }
  const track = (path: string, kind: 'video' | 'audio'): DirectoryTrack => ({
    files: { count: 403, path: () => path },
    codec: kind === 'video' ? 'h264' : 'aac',
    format: {
      kind,
      codec: kind === 'video' ? 'h264' : 'aac',
      codecId: '',
      codecPrivate: new Uint8Array(0),
      sampleRateHz,
    },
    framesPerSecond: kind === 'video' ? framesPerSecond : 0,
  })
  const counts = [0, 0]
  let lastPts = -1
  let worstMs = 0
  let worstPts = 0
  let outOfOrder = 0
  const taker: FrameTaker = {
    putFrame({ track, pts }) {
      const count = counts[track - 1] ?? 0
      const exact = track === 1 ? (count * 1000) / framesPerSecond : (count * 1024 * 1000) / sampleRateHz
      worstPts = Math.max(worstPts, Math.abs(pts - exact))
      worstMs = Math.max(worstMs, Math.abs(clock.monotonicMs() - 123.456 - pts))
      if (pts < lastPts) outOfOrder++
      lastPts = pts
      counts[track - 1] = count + 1
      return true
    },
    whenRoom: () => assert.fail('there is always room'),
  }
  let ended = 0
  const onEnd = () => {
    ended++
  }
  const options = { durationMs: dayMs, paced: true, onEnd }
  new DirectoryPlayer(clock, files, [track('v', 'video'), track('a', 'audio')], taker, options).start()
  clock.advanceNow(dayMs + 1000)
  assert.equal(ended, 1)
  assert.deepEqual(counts, [(dayMs * framesPerSecond) / 1000, Math.ceil((dayMs * sampleRateHz) / 1_024_000)])
  assert.equal(worstPts, 0)
  assert.equal(worstMs <= 0.5, true, `${worstMs} ms late`)
  assert.equal(outOfOrder, 0)
  assert.equal(clock.pending, 0)
})

test('each track plays in its own loop with times that go on', () => {
  const clock = new FakeClock()
  const taker = new Taker(clock)
  const { player, ends } = playerOf(clock, directory(7, 5), taker, { durationMs: 3000 })
  player.start()
  clock.advanceNow(5000)
  const video = taker.taken.filter(({ track }) => track === 1)
  const audio = taker.taken.filter(({ track }) => track === 2)
  assert.deepEqual(
    video.map(({ pts, file }) => [pts, file]),
    Array.from({ length: 30 }, (_, n) => [n * 100, 1 + (n % 7)]),
  )
  // 1024 samples of 16 kHz are 64 ms.
  assert.deepEqual(
    audio.map(({ pts, file }) => [pts, file]),
    Array.from({ length: 47 }, (_, n) => [n * 64, 1 + (n % 5)]),
  )
  assert.deepEqual(ends, [null])
  // At the same time the picture comes first: it may open the fragment that the sound belongs to.
  assert.deepEqual(
    taker.taken.slice(0, 2).map(({ track }) => track),
    [1, 2],
  )
})

test('the duration is media time: a source that is held up plays it all', () => {
  const clock = new FakeClock()
  const taker = new Taker(clock)
  const { player, ends } = playerOf(clock, directory(7, 5), taker, { durationMs: 3000 })
  player.start()
  clock.advanceNow(1000)
  taker.full = true
  clock.advanceNow(60_000)
  assert.deepEqual(ends, [])
  const before = taker.taken.length
  assert.equal(taker.taken[before - 1]?.pts, 1000)
  taker.makeRoom()
  assert.deepEqual(ends, [null])
  assert.equal(taker.taken.length, 30 + 47)
  assert.deepEqual(
    taker.taken.map(({ pts }) => pts),
    taker.taken.map(({ pts }) => pts).sort((a, b) => a - b),
  )
})

test('stopped, it puts nothing any more, whatever it waits for', () => {
  const clock = new FakeClock()
  const taker = new Taker(clock)
  const { player, ends } = playerOf(clock, directory(7, 5), taker, {})
  player.start()
  clock.advanceNow(500)
  taker.full = true
  clock.advanceNow(500)
  player.stop()
  const before = taker.taken.length
  taker.makeRoom()
  clock.advanceNow(10_000)
  assert.equal(taker.taken.length, before)
  assert.deepEqual(ends, [])
  assert.equal(clock.pending, 0)
})

test('a frame that cannot be read or taken ends it with the file in the message', () => {
  for (const broken of ['gone', 'unreadable', 'refused'] as const) {
    const clock = new FakeClock()
    const files = directory(7, 5)
    const taker = new Taker(clock)
    const { player, ends } = playerOf(clock, files, taker, {})
    const path = 'd/h264SampleFrames/frame-004.h264'
    if (broken === 'gone') files.contents.delete(path)
    if (broken === 'unreadable') files.unreadable.add(path)
    if (broken === 'refused') {
      taker.putFrame = ({ track, data }) => {
        if (track === 1 && numberOf(data) === 4) throw new KvsError('MEDIA_INVALID', 'no frame')
        return true
      }
    }
    player.start()
    clock.advanceNow(10_000)
    assert.equal(ends.length, 1)
    const [error] = ends
    assert.equal(error instanceof KvsError && error.message.includes('frame-004.h264'), true)
    assert.equal((error as KvsError).exitStatus, 66)
    assert.equal(clock.pending, 0)
  }
})

test('G.711 packets last as long as their samples', () => {
  const clock = new FakeClock()
  const taker = new Taker(clock)
  const files = new MemoryFiles()
  for (const [n, bytes] of [160, 320, 80].entries()) {
    files.contents.set(`d/alawSampleFrames/sample-00${n}.alaw`, packet(n, bytes))
  }
  const tracks = openDirectory(files, portableSearch, { directory: 'd' })
  const options = { durationMs: 200, paced: false, onEnd: () => undefined }
  new DirectoryPlayer(clock, files, tracks, taker, options).start()
  assert.deepEqual(
    taker.taken.map(({ pts }) => pts),
    [0, 20, 60, 70, 90, 130, 140, 160],
  )
})

test('after a minute without the network everything goes out, 5 fragments a second at most', async () => {
  const rig = await new Rig({
    tracks: [{ codec: 'h264' }, { codec: 'aac', sampleRateHz: 16_000, channels: 2 }],
    bufferBytes: 64 * 1024,
  }).ready()
  const files = directory(10, 5)
  const { player, ends } = playerOf(rig.clock, files, rig.producer, { durationMs: 120_000 })
  player.start()
  await rig.clock.advance(20_000)
  const down = new KvsError('CONNECT_FAILED', 'down')
  rig.service.dial = () => down
  for (const connection of rig.service.network.open) connection.close(down)
  await rig.clock.advance(60_000)
  // Longer than the buffer lasts, so that the source has been waiting.
  assert.equal(rig.producer.stats.framesPut < 80 * 25, true)
  rig.service.dial = () => undefined
  await rig.clock.until(() => ends.length > 0)
  const { stats, exitStatus } = await rig.finish()
  assert.deepEqual(ends, [null])
  assert.equal(exitStatus, 0)
  assert.equal(stats.framesPersisted, 1200 + 1875)
  assert.equal(rig.storedNumbers().length, 1200 + 1875)
  const begun = rig.service.sessions.flatMap((session) => session.fragments.map(({ beganAtMs }) => beganAtMs))
  for (const [index, ms] of begun.entries()) assert.equal((begun[index + 5] ?? Infinity) - ms > 1000, true)
  rig.assertSound()
})
