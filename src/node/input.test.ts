import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { KvsError } from '../core/errors.ts'
import type { Input } from '../core/platform.ts'
import { openInput } from './input.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kvs-input-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

function fifo(t: TestContext): string {
  const path = join(folder(t), 'fifo')
  execFileSync('mkfifo', [path])
  return path
}

/** Reads an input to its end; `onPiece` may pause it. */
class Reading {
  readonly pieces: Buffer[] = []
  readonly input: Input
  readonly ended: Promise<KvsError | null>
  over = false

  constructor(path: string, onPiece: (reading: Reading) => void = () => undefined) {
    let end: (error: KvsError | null) => void
    this.ended = new Promise((resolve) => {
      end = resolve
    })
    this.input = openInput(path, {
      onData: (bytes) => {
        assert.equal(this.over, false)
        this.pieces.push(Buffer.from(bytes))
        onPiece(this)
      },
      onEnd: (error) => {
        assert.equal(this.over, false)
        this.over = true
        end(error)
      },
    })
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces)
  }
}

test('a file is read from begin to end, from later turns on', async (t) => {
  const path = join(folder(t), 'file')
  const content = randomBytes(300_000)
  writeFileSync(path, content)
  const reading = new Reading(path)
  assert.equal(reading.pieces.length, 0)
  assert.equal(await reading.ended, null)
  assert.deepEqual(reading.bytes, content)
})

test('while it is paused nothing comes, and nothing is left out', async (t) => {
  const path = join(folder(t), 'file')
  const content = randomBytes(300_000)
  writeFileSync(path, content)
  let paused = 0
  const reading = new Reading(path, async (reading) => {
    reading.input.pause()
    paused++
    const before = reading.pieces.length
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    assert.equal(reading.pieces.length, before)
    reading.input.resume()
  })
  assert.equal(await reading.ended, null)
  assert.deepEqual(reading.bytes, content)
  assert.ok(paused > 2)
})

test('after it is closed nothing comes', async (t) => {
  const path = join(folder(t), 'file')
  writeFileSync(path, randomBytes(300_000))
  const reading = new Reading(path, (reading) => reading.input.close())
  while (reading.pieces.length === 0) await setImmediate()
  for (let turn = 0; turn < 50; turn++) await setImmediate()
  assert.deepEqual([reading.pieces.length, reading.over], [1, false])
})

test('a FIFO waits for its first writer, gives what comes as it comes, and ends with its last', async (t) => {
  const path = fifo(t)
  const reading = new Reading(path)
  for (let turn = 0; turn < 50; turn++) await setImmediate()
  assert.equal(reading.over, false, 'not before there was a writer')
  const writer = createWriteStream(path)
  writer.write('one')
  while (reading.pieces.length === 0) await setImmediate()
  assert.equal(reading.bytes.toString(), 'one')
  writer.end('two')
  assert.equal(await reading.ended, null)
  assert.equal(reading.bytes.toString(), 'onetwo')
})

test('a FIFO that nobody writes to holds nobody up', (t) => {
  const path = fifo(t)
  const program = `
    import { openInput } from ${JSON.stringify(new URL('./input.ts', import.meta.url).href)}
    openInput(process.argv[1], { onData() {}, onEnd() {} })
    process.exit(3)`
  const args = ['--import', 'tsx', '--input-type=module', '-e', program, path]
  assert.throws(() => execFileSync(process.execPath, args, { timeout: 60_000 }), { status: 3 })
})

test('"-" is standard input', () => {
  const program = `
    import { openInput } from ${JSON.stringify(new URL('./input.ts', import.meta.url).href)}
    openInput('-', { onData: (bytes) => process.stdout.write(bytes), onEnd: (error) => process.stdout.write(String(error)) })`
  const args = ['--import', 'tsx', '--input-type=module', '-e', program]
  assert.equal(execFileSync(process.execPath, args, { input: 'media' }).toString(), 'medianull')
})

test('what cannot be read is said with its path', async (t) => {
  const path = folder(t)
  const silent = { onData: () => undefined, onEnd: () => undefined }
  assert.throws(() => openInput(join(path, 'none'), silent), { code: 'INPUT_MISSING' })
  const error = await new Reading(path).ended
  assert.equal(error?.code, 'INPUT_UNREADABLE')
  assert.equal(error?.message, `${path} cannot be read (EISDIR)`)
})
