import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FragmentGone } from './fragmentReader.ts'
import { FragmentStore } from './fragmentStore.ts'
import type { SessionStore, StoredFragment } from './sessionStore.ts'
import type { StreamStore } from './streamStore.ts'
import { Crashed, ForgetfulFiles } from './testing/forgetfulFiles.ts'

const root = '/store'
const header = Buffer.from('header of the session')

/** Mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

async function bodyOf(stream: StreamStore, fragment: StoredFragment): Promise<Buffer> {
  const reader = await stream.openFragment(fragment)
  try {
    const pieces: Uint8Array[] = []
    for await (const piece of reader.pieces()) pieces.push(piece)
    return Buffer.concat(pieces)
  } finally {
    await reader.close()
  }
}

async function headerOf(stream: StreamStore, fragment: StoredFragment): Promise<Buffer> {
  const reader = await stream.openFragment(fragment)
  await reader.close()
  return Buffer.from(reader.header)
}

async function put(session: SessionStore, bytes: Uint8Array, serverMs: number): Promise<StoredFragment> {
  const fragment = session.beginFragment(serverMs)
  await fragment.write(bytes)
  return await fragment.commit({ timecode: serverMs, producerMs: serverMs, lengthMs: 1000 })
}

function begin(stream: StreamStore): SessionStore {
  const session = stream.beginSession()
  session.header(header, [])
  return session
}

test('what was committed is found again byte for byte after a restart', async () => {
  const files = new ForgetfulFiles()
  const store = await FragmentStore.open(root, files)
  const session = begin(store.stream('camera'))
  const bodies = [Buffer.from('one'), Buffer.alloc(300_000, 2), Buffer.from('three')]
  for (const [i, body] of bodies.entries()) await put(session, body, 1000 + i)
  const open = session.beginFragment(9000)
  await open.write(Buffer.from('never finished'))

  const stream = (await FragmentStore.open(root, files.crash(seeded(1)))).stream('camera')
  assert.deepEqual(
    stream.fragments().map(({ serverMs }) => serverMs),
    [1000, 1001, 1002],
  )
  for (const [i, fragment] of stream.fragments().entries()) {
    assert.deepEqual(await bodyOf(stream, fragment), bodies[i])
    assert.deepEqual(await headerOf(stream, fragment), header)
    assert.equal(stream.find(fragment.number), fragment)
  }
})

test('numbers rise through sessions, long sessions, restarts, and when everything has expired', async () => {
  const files = new ForgetfulFiles()
  let store = await FragmentStore.open(root, files)
  const first = begin(store.stream('s'))
  const second = begin(store.stream('s'))
  const numbers = [await put(first, header, 5), await put(second, header, 5), await put(first, header, 5)].map(
    (f) => f.number,
  )
  const sequence = (number: string) => Number((BigInt(number) - 2n ** 156n) >> 92n)
  assert.deepEqual(numbers.map(sequence), [1, 1001, 2])
  assert.ok(numbers.every((number) => number.length === 47 && ((BigInt(number) >> 28n) & (2n ** 64n - 1n)) === 5n))
  for (let i = 0; i < 998; i++) await put(first, header, 5)
  assert.equal(
    sequence(store.stream('s').latest?.number ?? ''),
    2001,
    'a session that outgrows its thousand takes the next free one',
  )

  await store.close()
  store = await FragmentStore.open(root, files)
  assert.equal(sequence((await put(begin(store.stream('s')), header, 5)).number), 3001)
  await store.close()
  store = await FragmentStore.open(root, files)
  await store.stream('s').expire(10_000, { maxAgeMs: 1000 })
  assert.equal(store.stream('s').latest, null)
  assert.equal(files.totalBytes, 0, 'nothing but a name is left')
  store = await FragmentStore.open(root, files)
  assert.equal(sequence((await put(begin(store.stream('s')), header, 5)).number), 4001)
})

test('at whatever byte the power goes: every commit told is there, and nothing that was not whole', async () => {
  let crashes = 0
  for (let seed = 1; seed <= 200; seed++) {
    const chance = seeded(seed)
    let files = new ForgetfulFiles()
    const told = new Map<string, Buffer>()
    const tried = new Map<string, Buffer>()
    for (let life = 0; life < 3; life++) {
      files.budget = Math.floor(chance() * 6000)
      crashes += await live(files, chance, told, tried)
      files = files.crash(chance)
      // Unchecked, the next life starts on the ruins, and may crash while it tidies them.
      if (life === 2 || chance() < 0.5) await check(files, told, tried)
    }
  }
  assert.ok(crashes > 200, `only ${crashes} crashes`)
})

/** Two sessions that write fragments of random sizes in random pieces until the power goes. */
async function live(
  files: ForgetfulFiles,
  chance: () => number,
  told: Map<string, Buffer>,
  tried: Map<string, Buffer>,
) {
  try {
    const store = await FragmentStore.open(root, files)
    const sessions = [begin(store.stream('s')), begin(store.stream('s'))]
    const writing = sessions.map(async (session) => {
      for (let i = 0; i < 8; i++) {
        const body = Buffer.alloc(Math.floor(chance() * 400), 1 + Math.floor(chance() * 255))
        const fragment = session.beginFragment(1000 + i)
        tried.set(fragment.number, body)
        for (let at = 0; at < body.length; at += 100) await fragment.write(body.subarray(at, at + 100))
        await fragment.commit({ timecode: i, producerMs: i, lengthMs: 1 })
        told.set(fragment.number, body)
      }
      await session.end()
    })
    const results = await Promise.allSettled(writing)
    for (const result of results) if (result.status === 'rejected') throw result.reason
    return 0
  } catch (error) {
    assert.ok(error instanceof Crashed, String(error))
    return 1
  }
}

async function check(files: ForgetfulFiles, told: Map<string, Buffer>, tried: Map<string, Buffer>): Promise<void> {
  const stream = (await FragmentStore.open(root, files)).stream('s')
  for (const number of told.keys()) assert.ok(stream.find(number), `fragment ${number} was told and is lost`)
  let last = ''
  for (const fragment of stream.fragments()) {
    assert.deepEqual(await bodyOf(stream, fragment), tried.get(fragment.number))
    assert.deepEqual(await headerOf(stream, fragment), header)
    assert.ok(fragment.number > last)
    last = fragment.number
  }
}

for (const code of ['ENOSPC', 'EIO']) {
  test(`${code}: the commit fails, what was committed stays, and the next session works`, async () => {
    const files = new ForgetfulFiles()
    const store = await FragmentStore.open(root, files)
    const stream = store.stream('s')
    const session = begin(stream)
    const good = await put(session, Buffer.from('good'), 1)
    files.failWith = code
    await assert.rejects(put(session, Buffer.from('lost'), 2), { code })
    await assert.rejects(put(session, Buffer.from('lost too'), 2), { code })
    files.failWith = null
    await session.end()
    const later = await put(begin(stream), Buffer.from('later'), 3)
    assert.deepEqual(stream.fragments(), [good, later])
    const again = (await FragmentStore.open(root, files.crash(seeded(3)))).stream('s')
    assert.deepEqual(
      again.fragments().map(({ number }) => number),
      [good.number, later.number],
    )
    assert.deepEqual(await bodyOf(again, good), Buffer.from('good'))
  })
}

/** Three fragments of one session, and the files of its segment. */
async function stored(files: ForgetfulFiles) {
  const store = await FragmentStore.open(root, files)
  const session = begin(store.stream('s'))
  const bodies = ['one', 'two', 'three'].map((text) => Buffer.from(text))
  const numbers: string[] = []
  for (const [i, body] of bodies.entries()) numbers.push((await put(session, body, 1000 + i)).number)
  const { dataPath, indexPath } = store.stream('s').latest?.segment ?? { dataPath: '', indexPath: '' }
  return { bodies, numbers, dataPath, indexPath }
}

async function overwrite(files: ForgetfulFiles, path: string, content: Uint8Array): Promise<void> {
  const file = await files.create(path)
  await file.write([content])
}

test('a bit flipped anywhere in an index costs one fragment at most, no byte of the media, and a warning', async () => {
  const model = new ForgetfulFiles()
  const whole = await model.read((await stored(model)).indexPath)
  const headEnd = whole.indexOf(0x0a)
  for (let bit = 0; bit < whole.length * 8; bit += 3) {
    const files = new ForgetfulFiles()
    const { bodies, numbers, dataPath, indexPath } = await stored(files)
    const dataBytes = await files.sizeBytes(dataPath)
    const damaged = Buffer.from(await files.read(indexPath))
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    await overwrite(files, indexPath, damaged)
    const warnings: string[] = []
    for (let start = 0; start < 2; start++) {
      const stream = (await FragmentStore.open(root, files, (message) => warnings.push(message))).stream('s')
      const left = stream.fragments()
      if (bit >> 3 < headEnd) assert.deepEqual(left, [])
      else assert.ok(left.length >= 2, `bit ${bit}: ${left.length} are left`)
      for (const fragment of left) {
        assert.deepEqual(await bodyOf(stream, fragment), bodies[numbers.indexOf(fragment.number)])
      }
      if (left.length < 3) assert.ok(warnings.length > 0, `bit ${bit}: no word of it`)
    }
    const kept = bit >> 3 < headEnd ? `${dataPath}.damaged` : dataPath
    assert.equal(await files.sizeBytes(kept), dataBytes, `bit ${bit}`)
    if (kept !== dataPath) assert.deepEqual(await files.read(`${indexPath}.damaged`), damaged)
  }
})

test('media that is cut short loses what is cut; cut before all of it, it is kept aside, and numbers go on', async () => {
  const files = new ForgetfulFiles()
  const { numbers, dataPath, indexPath } = await stored(files)
  await files.truncate(dataPath, (await files.sizeBytes(dataPath)) - 1)
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const stream = (await FragmentStore.open(root, files, warn)).stream('s')
  assert.deepEqual(
    stream.fragments().map(({ number }) => number),
    numbers.slice(0, 2),
  )
  await files.truncate(dataPath, header.length - 1)
  const again = (await FragmentStore.open(root, files, warn)).stream('s')
  assert.equal(again.latest, null)
  assert.equal(await files.sizeBytes(`${dataPath}.damaged`), header.length - 1)
  assert.ok((await files.sizeBytes(`${indexPath}.damaged`)) > 0)
  assert.equal(warnings.length, 2)
  assert.ok((await put(begin(again), Buffer.from('later'), 1)).number > (numbers[2] ?? ''))
})

test('a disk that is behind makes the writer wait, and memory stays bounded', async () => {
  const files = new ForgetfulFiles()
  const store = await FragmentStore.open(root, files)
  const session = begin(store.stream('s'))
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  files.beforeSync = () => held
  const fragment = session.beginFragment(1)
  let wait: Promise<void> | null = null
  let taken = 0
  while (wait === null && taken < 100) {
    wait = fragment.write(Buffer.alloc(65_536))
    taken++
  }
  assert.ok(wait !== null && taken <= 17, `${taken} pieces of 64 KiB were taken`)
  release()
  await wait
  assert.equal(fragment.write(Buffer.alloc(1)), null)
})

test('expiry by age and by size; a fragment that has gone is told as gone', async () => {
  const files = new ForgetfulFiles()
  const store = await FragmentStore.open(root, files)
  const stream = store.stream('s')
  const oldSession = begin(stream)
  const old = [await put(oldSession, Buffer.alloc(100), 1000), await put(oldSession, Buffer.alloc(100), 2000)]
  await oldSession.end()
  const session = begin(stream)
  const young = [await put(session, Buffer.alloc(100), 3000), await put(session, Buffer.alloc(100), 4000)]
  await stream.expire(4000, { maxAgeMs: 2000 })
  assert.deepEqual(stream.fragments(), young)
  for (const fragment of old) await assert.rejects(stream.openFragment(fragment), FragmentGone)
  await stream.expire(4000, { maxAgeMs: 2000, maxBytes: 150 })
  assert.deepEqual(stream.fragments(), young.slice(1))
  assert.equal((await bodyOf(stream, young[1] as StoredFragment)).length, 100)
})

test('a deleted stream is gone with its sessions and tails, and its namesake starts empty', async () => {
  const files = new ForgetfulFiles()
  const store = await FragmentStore.open(root, files)
  const stream = store.stream('s')
  const session = begin(stream)
  const fragment = await put(session, Buffer.from('x'), 1)
  let ended = 0
  stream.follow({ onFragment: () => {}, onEnd: () => ended++ })
  await store.delete('s')
  assert.equal(ended, 1)
  assert.equal(stream.closed, true)
  await assert.rejects(stream.openFragment(fragment), FragmentGone)
  await assert.rejects(put(session, Buffer.from('y'), 2), /deleted/)
  assert.equal(store.stream('s').latest, null)
  await put(begin(store.stream('t')), Buffer.from('z'), 3)
  const again = await FragmentStore.open(root, files)
  assert.deepEqual(again.strangers(['t']), [])
  assert.equal(again.strangers(['s']).length, 1)
  assert.equal(again.stream('s').latest, null)
  assert.equal(again.stream('t').fragments().length, 1)
})

test('keys that are paths, long, or differ in case only stay apart and inside', async () => {
  const files = new ForgetfulFiles()
  const keys = ['../../etc/passwd', '..', '', 'A', 'a', 'x'.repeat(256), `${'x'.repeat(255)}y`, 'dot.name', 'dot_name']
  const store = await FragmentStore.open(root, files)
  for (const key of keys) await put(begin(store.stream(key)), Buffer.from(key), 1)
  const names = await files.list(root)
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, keys.length)
  assert.ok(names.every((name) => name.length <= 255 && !name.includes('.') && !name.includes('/')))
  const again = await FragmentStore.open(root, files)
  for (const key of keys) {
    const stream = again.stream(key)
    assert.deepEqual(await bodyOf(stream, stream.latest as StoredFragment), Buffer.from(key))
  }
})

test('a tail hears of every fragment once it is durable, until it leaves', async () => {
  const store = await FragmentStore.open(root, new ForgetfulFiles())
  const stream = store.stream('s')
  const heard: string[] = []
  const leave = stream.follow({ onFragment: ({ number }) => heard.push(number), onEnd: () => heard.push('end') })
  const session = begin(stream)
  const first = await put(session, header, 1)
  const aborted = session.beginFragment(2)
  await aborted.write(Buffer.from('junk'))
  aborted.abort()
  const second = await put(session, Buffer.from('after the junk'), 3)
  assert.deepEqual(await bodyOf(stream, second), Buffer.from('after the junk'))
  leave()
  await put(session, header, 4)
  await store.close()
  assert.deepEqual(heard, [first.number, second.number])
})
