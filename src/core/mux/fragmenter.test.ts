import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fragmenter, type FragmentLimits, type Placement, serviceLimits } from './fragmenter.ts'

interface Input {
  readonly video: boolean
  readonly keyFrame: boolean
  readonly pts: number
  readonly dts: number
  readonly bytes: number
}

interface Placed {
  readonly input: Input
  readonly placement: Placement
  readonly timeMs: number
}

interface Made {
  readonly clusterMs: number
  readonly split: boolean
  /** Of sound, for want of pictures. */
  readonly alone: boolean
  readonly frames: Placed[]
}

/** Runs frames through and checks what the service demands of every fragment. */
function run(inputs: readonly Input[], hasVideo: boolean, limits: FragmentLimits = serviceLimits): Made[] {
  const fragmenter = new Fragmenter(hasVideo, limits)
  const made: Made[] = []
  let lastMs = -1
  for (const input of inputs) {
    const ask = () => {
      const { video, keyFrame, pts, dts, bytes } = input
      const placement = fragmenter.place(video, keyFrame, pts, dts, bytes)
      const { clusterMs, timeMs, movedMs, split, alone, lastRelativeMs } = fragmenter
      return { placement, clusterMs, timeMs, movedMs, split, alone, lastRelativeMs }
    }
    const first = ask()
    assert.deepEqual(ask(), first, 'asking twice changes nothing')
    if (first.placement === 'discard') assert.ok(made.length === 0 || made.every(({ alone }) => alone))
    if (first.placement !== 'open' && first.placement !== 'append') continue
    fragmenter.placed(first.placement, input.video, input.bytes)
    if (first.placement === 'open') {
      assert.ok(first.clusterMs > lastMs, 'a fragment begins behind all frames of the one before')
      assert.equal(first.alone, hasVideo && !input.video)
      assert.equal(first.split, !input.keyFrame)
      made.push({ clusterMs: first.clusterMs, split: first.split, alone: first.alone, frames: [] })
    }
    const fragment = made[made.length - 1]
    assert.equal(first.clusterMs, fragment?.clusterMs)
    assert.equal(first.timeMs >= first.clusterMs && first.timeMs - first.clusterMs < 20_000, true)
    assert.equal(first.movedMs, first.timeMs - input.pts)
    fragment?.frames.push({ input, placement: first.placement, timeMs: first.timeMs })
    lastMs = Math.max(lastMs, first.timeMs)
    assert.equal(fragmenter.lastRelativeMs, lastMs - first.clusterMs)
  }
  for (const [index, { clusterMs, split, frames }] of made.entries()) {
    assert.equal(frames.reduce((sum, { input }) => sum + input.bytes, 0) <= limits.maxFragmentBytes, true)
    const before = made[index - 1]
    // Pictures that come again do not wait.
    if (before === undefined || split || before.alone) continue
    const full = before.frames.reduce((sum, { input }) => sum + input.bytes, 0) > limits.maxFragmentBytes / 2
    if (!full) assert.ok(clusterMs - before.clusterMs >= 1000, 'no more than one fragment a second')
  }
  return made
}

const startMs = 1_700_000_000_000

/** Frame sequences as sources make them, and as they should not. */
const sequence = fc
  .record({
    frameMs: fc.constantFrom(1, 5, 33, 40, 500, 3000),
    gop: fc.constantFrom(1, 2, 10, 50, 100_000),
    count: fc.integer({ min: 1, max: 250 }),
    jitterMs: fc.constantFrom(0, 3, 100, 2500),
    reorder: fc.constantFrom(0, 2, 5),
    audio: fc.boolean(),
    bytes: fc.constantFrom(100, 5_000_000),
    jumps: fc.array(fc.tuple(fc.nat(250), fc.integer({ min: -30_000, max: 100_000 })), { maxLength: 3 }),
    seed: fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }),
  })
  .map(({ frameMs, gop, count, jitterMs, reorder, audio, bytes, jumps, seed }): Input[] => {
    const inputs: Input[] = []
    let jumpMs = 0
    for (let n = 0; n < count; n++) {
      for (const [at, by] of jumps) if (at === n) jumpMs += by
      const dts = startMs + jumpMs + n * frameMs + Math.round(((seed[n % seed.length] ?? 0) / 1000) * jitterMs)
      // Every second picture is shown earlier than the one decoded before it.
      const pts = reorder === 0 ? dts : dts + (n % 2 === 0 ? reorder : reorder - 2) * frameMs
      inputs.push({ video: true, keyFrame: n % gop === 0, pts, dts, bytes })
      if (audio) inputs.push({ video: false, keyFrame: true, pts: dts + 7, dts: dts + 7, bytes: 50 })
    }
    return inputs
  })

test('whatever comes, the service takes what goes out', () => {
  fc.assert(
    fc.property(sequence, (inputs) => void run(inputs, true)),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(sequence, (inputs) => {
      run(
        inputs.map((input) => ({ ...input, video: false, keyFrame: true })),
        false,
      )
    }),
  )
})

test('frames at any time whatever, too', () => {
  const input = fc.record({
    video: fc.boolean(),
    keyFrame: fc.boolean(),
    pts: fc.integer({ min: startMs, max: startMs + 100_000 }),
    dts: fc.integer({ min: startMs - 50_000, max: startMs + 150_000 }),
    bytes: fc.nat(20_000_000),
  })
  fc.assert(
    fc.property(
      fc.array(input, { maxLength: 60, size: 'max' }),
      fc.boolean(),
      (inputs, video) => void run(inputs, video),
    ),
  )
})

const video = (pts: number, keyFrame: boolean, dts = pts, bytes = 1000): Input => ({
  video: true,
  keyFrame,
  pts: startMs + pts,
  dts: startMs + dts,
  bytes,
})
const audio = (pts: number): Input => ({ ...video(pts, true), video: false })
const starts = (made: readonly Made[]) => made.map(({ clusterMs }) => clusterMs - startMs)

test('a key frame opens a fragment, after a second at the earliest', () => {
  const made = run([video(0, true), video(999, true), video(1000, true), video(1500, false), video(2500, true)], true)
  assert.deepEqual(starts(made), [0, 1000, 2500])
  assert.equal(
    made.some(({ split }) => split),
    false,
  )
})

test('all-intra pictures at 25 a second make a fragment a second', () => {
  const made = run(
    Array.from({ length: 251 }, (_, n) => video(n * 40, true)),
    true,
  )
  assert.deepEqual(
    starts(made),
    Array.from({ length: 11 }, (_, n) => n * 1000),
  )
})

test('a group of pictures without end is split below 20 s, and said to be', () => {
  const made = run(
    Array.from({ length: 1500 }, (_, n) => video(n * 40, n === 0)),
    true,
  )
  assert.deepEqual(starts(made), [0, 18_960, 37_920, 56_880])
  assert.deepEqual(
    made.map(({ split }) => split),
    [false, true, true, true],
  )
})

test('a fragment is split below 50 MB', () => {
  const made = run(
    Array.from({ length: 12 }, (_, n) => video(n * 40, n === 0, n * 40, 10_000_000)),
    true,
  )
  assert.deepEqual(
    made.map(({ frames }) => frames.length),
    [4, 4, 4],
  )
})

/** Puts one frame; its placement. */
function put(fragmenter: Fragmenter, { video, keyFrame, pts, dts, bytes }: Input): Placement {
  const placement = fragmenter.place(video, keyFrame, pts, dts, bytes)
  if (placement === 'open' || placement === 'append') fragmenter.placed(placement, video, bytes)
  return placement
}

test('sound waits for pictures, and without them it goes on by itself before any of it is lost', () => {
  const fragmenter = new Fragmenter(true)
  assert.equal(put(fragmenter, audio(0)), 'discard')
  assert.equal(put(fragmenter, video(0, false)), 'discard')
  assert.equal(put(fragmenter, video(0, true)), 'open')
  const made = new Map<number, boolean>()
  for (let ms = 0; ms < 30_000; ms += 20) {
    const placement = put(fragmenter, audio(ms))
    if (placement === 'open') made.set(ms, fragmenter.alone)
    else assert.equal(placement, 'append')
  }
  assert.deepEqual(
    [...made],
    Array.from({ length: 12 }, (_, n) => [18_000 + n * 1000, true]),
  )
  // A picture begins a fragment at once: nothing is missing before it.
  assert.equal(put(fragmenter, video(30_100, false)), 'open')
  assert.equal(fragmenter.split, true)
  assert.equal(put(fragmenter, audio(30_120)), 'append')
  assert.equal(put(fragmenter, video(31_200, true)), 'open')
  assert.deepEqual([fragmenter.split, fragmenter.alone], [false, false])
})

test('sound that no picture ever joins begins after a while; pictures then begin with a key frame', () => {
  const fragmenter = new Fragmenter(true)
  const first = Array.from({ length: 600 }, (_, n) => n * 20).find((ms) => put(fragmenter, audio(ms)) === 'open')
  assert.equal(first, 10_000)
  assert.equal(put(fragmenter, video(10_010, false)), 'discard')
  assert.equal(put(fragmenter, audio(10_020)), 'append')
  assert.equal(put(fragmenter, video(10_100, true)), 'open')
  fragmenter.close()
  assert.equal(put(fragmenter, audio(10_120)), 'discard')
  assert.equal(put(fragmenter, audio(20_120)), 'open')
  assert.equal(put(fragmenter, video(20_140, false)), 'discard', 'what it refers to may be gone')
})

test('sound behind a pause waits for the pictures behind it, a little', () => {
  const fragmenter = new Fragmenter(true)
  put(fragmenter, video(0, true))
  assert.equal(put(fragmenter, audio(60_000)), 'no-video')
  assert.equal(put(fragmenter, video(60_000, false)), 'open')
  assert.equal(put(fragmenter, audio(120_000)), 'no-video')
  assert.equal(put(fragmenter, audio(121_980)), 'no-video')
  assert.equal(put(fragmenter, audio(122_000)), 'open')
})

test('a key frame of another format begins a fragment, however young the open one is', () => {
  const fragmenter = new Fragmenter(true)
  put(fragmenter, video(0, true))
  const place = (keyFrame: boolean, newFormat: boolean) =>
    fragmenter.place(true, keyFrame, startMs + 40, startMs + 40, 1000, newFormat)
  assert.deepEqual([place(true, false), place(false, true), place(true, true)], ['append', 'append', 'open'])
})

test('sound alone opens fragments by itself', () => {
  const made = run(
    Array.from({ length: 100 }, (_, n) => audio(Math.round(n * 21.333))),
    false,
  )
  assert.deepEqual(starts(made), [0, 1003, 2005])
})

test('pictures shown before their key frame keep their times', () => {
  const inputs = [video(80, true, 0), video(40, false, 40), video(1120, true, 1040), video(1080, false, 1080)]
  const made = run(inputs, true)
  assert.deepEqual(starts(made), [0, 1040])
  assert.deepEqual(
    made.flatMap(({ frames }) => frames.map(({ timeMs }) => timeMs - startMs)),
    [80, 40, 1120, 1080],
  )
})

test('the same millisecond at a border moves to the later side by one', () => {
  const made = run([video(0, true), video(500, false), audio(1000), video(1000, true), audio(1000)], true)
  assert.deepEqual(starts(made), [0, 1001])
  assert.deepEqual(
    made[1]?.frames.map(({ timeMs }) => timeMs - startMs),
    [1001, 1001],
  )
})
