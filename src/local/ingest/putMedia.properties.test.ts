import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ForgetfulFiles } from '../store/testing/forgetfulFiles.ts'
import { serviceLimits } from './limits.ts'
import * as media from './testing/media.ts'
import { type Bench, brief, everything, newBench } from './testing/session.ts'

const { block, cluster, endOfFragment, fullCluster, header, tags } = media

/** Parts that may follow each other in a body, with some that may not. */
const part = fc.oneof(
  { weight: 8, arbitrary: fc.constant('full') },
  { weight: 3, arbitrary: fc.constant('tags') },
  { weight: 3, arbitrary: fc.constant('end') },
  { weight: 2, arbitrary: fc.constant('sized') },
  { weight: 1, arbitrary: fc.constantFrom('void', 'header', 'short', 'track 3', 'reserved tag', 'empty', 'rubbish') },
)

/** A body of these parts; `timecode` rises but sometimes. */
function bodyOf(parts: readonly string[], payload: number): Buffer {
  const bytes: Buffer[] = [header()]
  let timecode = 0
  for (const name of parts) {
    timecode += 2000
    if (name === 'full') bytes.push(fullCluster(timecode, Buffer.alloc(payload, timecode)))
    else if (name === 'sized') bytes.push(media.sizedCluster(timecode, [block(1, 0), block(2, 40)]))
    else if (name === 'tags') bytes.push(tags({ name: 'value', other: 'x' }))
    else if (name === 'end') bytes.push(endOfFragment)
    else if (name === 'void') bytes.push(media.element(0xec, Buffer.alloc(payload)))
    else if (name === 'header') bytes.push(header())
    else if (name === 'short') bytes.push(cluster(timecode, [block(1, 0)]))
    else if (name === 'track 3') bytes.push(cluster(timecode, [block(3, 0)]))
    else if (name === 'reserved tag') bytes.push(tags({ AWSx: '' }))
    else if (name === 'empty') bytes.push(cluster(timecode, []))
    else bytes.push(Buffer.from([0x00, 0x00, 0x01]))
  }
  return Buffer.concat(bytes)
}

async function run(pieces: readonly Uint8Array[]): Promise<Bench> {
  const bench = await newBench()
  for (const piece of pieces) await bench.session.push(piece)
  await bench.session.endOfBody()
  return bench
}

/** Cuts at the places given, as fractions of the whole. */
function cut(body: Uint8Array, places: readonly number[]): Uint8Array[] {
  const borders = [0, ...places.map((place) => Math.floor(place * body.length)).sort((a, b) => a - b), body.length]
  return borders.slice(1).map((border, i) => body.subarray(borders[i], border))
}

/** Durable when, and only when, told: the rest of the acks come in one order however the body is cut. */
function outcome({ acks }: Bench): { told: string[]; persisted: string[] } {
  const all = brief(acks)
  const isPersisted = (ack: string) => ack.startsWith('PERSISTED')
  return { told: all.filter((ack) => !isPersisted(ack)), persisted: all.filter(isPersisted) }
}

test('any split of the body gives the same acks and the same stored bytes', async () => {
  const bodies = fc.tuple(fc.array(part, { maxLength: 12 }), fc.integer({ min: 0, max: 300 }))
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(bodies, places, async ([parts, payload], at) => {
      const body = bodyOf(parts, payload)
      const whole = await run([body])
      const split = await run(cut(body, at))
      assert.deepEqual(outcome(split), outcome(whole))
      assert.deepEqual(await everything(split.stream), await everything(whole.stream))
    }),
    { numRuns: 150 },
  )
})

test('byte by byte gives the same as at once', async () => {
  const body = bodyOf(['full', 'tags', 'end', 'tags', 'full', 'sized', 'void', 'end', 'full', 'header'], 20)
  const whole = await run([body])
  const split = await run(Array.from(body, (_, at) => body.subarray(at, at + 1)))
  assert.deepEqual(outcome(split), outcome(whole))
  assert.deepEqual(outcome(whole).told.pop(), 'ERROR 4006 at 18000')
  assert.deepEqual(await everything(split.stream), await everything(whole.stream))
})

/** One error at most, and last; each fragment's acks in their order; told as persisted is what is stored. */
async function checkSane({ acks, closes, stream, timers }: Bench): Promise<void> {
  const errors = acks.filter((ack) => ack.type === 'ERROR')
  assert.ok(errors.length <= 1 && (errors.length === 0 || acks[acks.length - 1] === errors[0]))
  assert.deepEqual(closes, [acks.length])
  assert.equal(timers.pending, 0)
  assert.ok(!errors.some((ack) => ack.type === 'ERROR' && ack.errorId === 5000), 'a mistake of our own')
  const persisted = acks.flatMap((ack) => (ack.type === 'PERSISTED' ? [ack.number] : []))
  assert.deepEqual(
    persisted,
    stream.fragments().map(({ number }) => number),
  )
  const received = acks.flatMap((ack) => (ack.type === 'RECEIVED' ? [ack.number] : []))
  assert.deepEqual(received, persisted)
  for (const { body } of await everything(stream)) assert.ok(body.includes('1f43b675'))
}

test('damaged bodies end in acks, never in an exception', async () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 9 }),
    insert: fc.uint8Array({ maxLength: 9 }),
  })
  const bodies = fc.tuple(fc.array(part, { maxLength: 8 }), fc.array(damage, { minLength: 1, maxLength: 4 }))
  await fc.assert(
    fc.asyncProperty(bodies, fc.integer({ min: 1, max: 500 }), async ([parts, damages], pieceBytes) => {
      let body: Uint8Array = bodyOf(parts, 30)
      for (const { at, remove, insert } of damages) {
        const from = Math.floor(at * body.length)
        body = Buffer.concat([body.subarray(0, from), insert, body.subarray(from + remove)])
      }
      const pieces: Uint8Array[] = []
      for (let at = 0; at < body.length; at += pieceBytes) pieces.push(body.subarray(at, at + pieceBytes))
      await checkSane(await run(pieces))
    }),
    { numRuns: 300 },
  )
})

test('arbitrary bytes, also behind a good header, end in acks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }),
      async (good, pieces) => {
        await checkSane(await run(good ? [header(), ...pieces] : pieces))
      },
    ),
    { numRuns: 200 },
  )
})

test('hostile sizes are refused without being waited for', async () => {
  const huge = (id: number) => Buffer.concat([media.idOf(id), Buffer.from('01fffffffffffffe', 'hex')])
  const endless = async function* (start: Uint8Array) {
    yield start
    for (;;) yield Buffer.alloc(65_536)
  }
  const starts = [
    Buffer.concat([media.ebmlHeader(), media.open(0x18538067), huge(0xec)]),
    Buffer.concat([header(), media.idOf(0xec), Buffer.from('0100ffffffffffff', 'hex')]),
    Buffer.concat([header(), fullCluster(0), endOfFragment, media.idOf(0xec), Buffer.from('0100ffffffffffff', 'hex')]),
    Buffer.concat([header(), fullCluster(0), media.idOf(0xec), Buffer.from('0100ffffffffffff', 'hex')]),
    Buffer.concat([header(), fullCluster(0), media.idOf(0xa3), Buffer.from('0100ffffffffffff', 'hex')]),
    Buffer.concat([header(), media.idOf(0x1254c367), Buffer.from('ff', 'hex'), huge(0x7373)]),
  ]
  for (const start of starts) {
    const bench = await newBench({ limits: { ...serviceLimits, fragmentBytes: 500_000 } })
    let taken = 0
    for await (const piece of endless(start)) {
      await bench.session.push(piece)
      taken += piece.length
      if (brief(bench.acks).some((ack) => ack.startsWith('ERROR'))) break
      assert.ok(taken < 5_000_000, 'taken without end')
    }
    await bench.session.done
    assert.match(brief(bench.acks).pop() ?? '', /ERROR 400[16]/)
  }
})

test('whenever the power goes: what was acknowledged as PERSISTED is there, byte for byte', async () => {
  let cutShort = 0
  const sizes = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.nat(12_000),
      fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 40, maxLength: 40 }),
      async (payloads, budget, chances) => {
        const files = new ForgetfulFiles()
        const clusters = payloads.map((size, i) => fullCluster(i * 2000, Buffer.alloc(size, i)))
        const bench = await newBench({}, files)
        files.budget = budget
        await bench.session.push(header())
        for (const bytes of clusters)
          for (const piece of cut(bytes, chances.slice(0, 3))) await bench.session.push(piece)
        await bench.session.endOfBody()
        const persisted = bench.acks.flatMap((ack) => (ack.type === 'PERSISTED' ? [ack.timecode] : []))
        if (persisted.length < clusters.length) cutShort++
        let drawn = 0
        const after = await newBench(
          {},
          files.crash(() => chances[drawn++ % chances.length] ?? 0),
        )
        const found = new Map(after.stream.fragments().map((fragment) => [fragment.timecode, fragment]))
        for (const timecode of persisted) assert.ok(found.has(timecode), `the fragment of ${timecode} is lost`)
        for (const [i, { body }] of (await everything(after.stream)).entries()) {
          const timecode = after.stream.fragments()[i]?.timecode ?? -1
          assert.equal(body, clusters[timecode / 2000]?.toString('hex'))
        }
      },
    ),
    { numRuns: 200 },
  )
  assert.ok(cutShort > 20, `only ${cutShort} of the runs were cut short`)
})
