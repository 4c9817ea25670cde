/** What the device's host does as things happen: inputs whose bytes come, signals, readers that go away. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, type TestContext, test } from 'node:test'
import { temporaryFolder } from '../drive/folder.ts'
import { Watched, within } from '../drive/within.ts'
import { buildProgram, runProgram, targets } from './program.ts'

type Line = Readonly<Record<string, unknown>>

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

for (const target of targets) {
  describe(`events on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('events', target, folder)
    })

    /** Started, its lines watched; ended with the test at the latest. */
    function start(t: TestContext, ...args: string[]) {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
      t.after(() => child.kill('SIGKILL'))
      const lines = new Watched<Line>()
      const reader = createInterface(child.stdout)
      reader.on('line', (line) => lines.add(JSON.parse(line) as Line))
      reader.on('close', () => lines.end())
      const end = new Promise<number | NodeJS.Signals | null>((resolve) => {
        child.on('close', (status, signal) => resolve(signal ?? status))
      })
      const ended = () => within(end, () => `its end after ${JSON.stringify(lines.items)}`)
      const seen = (line: Line) =>
        lines.find(
          (item) => isSame(item, line),
          () => JSON.stringify(line),
        )
      return { child, lines, ended, seen }
    }

    async function linesOf(t: TestContext, ...args: string[]): Promise<readonly Line[]> {
      const { lines, ended } = start(t, ...args)
      assert.equal(await ended(), 0)
      return lines.items
    }

    async function fifoIn(t: TestContext): Promise<string> {
      const fifo = join(await temporaryFolder(t), 'fifo')
      await runProgram('mkfifo', fifo)
      return fifo
    }

    async function fileOf(t: TestContext, bytes: number): Promise<string> {
      const file = join(await temporaryFolder(t), 'file')
      await writeFile(file, Buffer.alloc(bytes, 7))
      return file
    }

    describe('inputs', () => {
      test('a file comes in pieces, then its end', async (t) => {
        const lines = await linesOf(t, 'input', await fileOf(t, 40_000))
        assert.deepEqual(lines, [
          { open: true },
          { bytes: 16_384, largest: 16_384 },
          { bytes: 32_768, largest: 16_384 },
          { bytes: 40_000, largest: 16_384 },
          { end: null },
        ])
        assert.deepEqual(await linesOf(t, 'input', await fileOf(t, 0)), [{ open: true }, { end: null }])
      })

      test('a FIFO waits for its first writer, and ends with its last', async (t) => {
        const fifo = await fifoIn(t)
        const { ended, seen, lines } = start(t, 'input', fifo)
        await seen({ open: true })
        const first = await open(fifo, 'w')
        await first.write('one')
        await seen({ data: 'one' })
        const second = await open(fifo, 'w')
        await first.close()
        await second.write('two')
        await seen({ data: 'two' })
        await second.close()
        assert.equal(await ended(), 0)
        assert.deepEqual(lines.items.at(-1), { end: null })
      })

      test('a writer that writes nothing ends a FIFO', async (t) => {
        const fifo = await fifoIn(t)
        const { ended, seen, lines } = start(t, 'input', fifo)
        await seen({ open: true })
        closeSync(openSync(fifo, 'w'))
        assert.equal(await ended(), 0)
        assert.deepEqual(lines.items, [{ open: true }, { end: null }])
      })

      test('standard input', async (t) => {
        const { child, ended, lines } = start(t, 'input', '-')
        child.stdin.end('from a pipe')
        assert.equal(await ended(), 0)
        assert.deepEqual(lines.items, [{ open: true }, { data: 'from a pipe' }, { end: null }])
      })

      test('what cannot be read', async (t) => {
        const path = await temporaryFolder(t)
        assert.deepEqual(await linesOf(t, 'input', join(path, 'missing')), [{ end: 'ENOENT' }])
        assert.deepEqual(await linesOf(t, 'input', path), [{ open: true }, { end: 'EISDIR' }])
      })

      test('bytes are lent, not given', async (t) => {
        const lines = await linesOf(t, 'inputKept', await fileOf(t, 20_000))
        assert.deepEqual(lines, [{ lengths: [0, 0] }, { end: null }])
      })

      test('nothing comes during a pause', async (t) => {
        const lines = await linesOf(t, 'inputPaused', await fileOf(t, 40_000))
        const pieces = [16_384, 16_384, 7_232].map((data) => ({ data, paused: false }))
        assert.deepEqual(lines, [...pieces, { paused: false }, { end: null }])
      })

      test('nothing comes after it is closed', async (t) => {
        assert.deepEqual(await linesOf(t, 'inputClosed', await fileOf(t, 40_000)), [{ data: 16_384 }])
      })

      test('nothing comes after the program has ended itself', async (t) => {
        assert.deepEqual(await linesOf(t, 'inputExit', await fileOf(t, 10)), [{ data: 10 }])
      })

      test('one that is left open is let go', async (t) => {
        assert.deepEqual(await linesOf(t, 'inputLeft', await fifoIn(t)), [])
      })

      test('waiting takes no time of the processor', async (t) => {
        const fifo = await fifoIn(t)
        const { child, seen, ended } = start(t, 'input', fifo)
        await seen({ open: true })
        const writer = await open(fifo, 'w')
        const beforeTicks = await processorTicks(child.pid)
        await new Promise((resolve) => setTimeout(resolve, 500))
        assert.ok((await processorTicks(child.pid)) - beforeTicks <= 5, 'it spins')
        await writer.close()
        assert.equal(await ended(), 0)
      })
    })

    describe('signals', () => {
      test('are told, until they are the system’s again', async (t) => {
        const { child, seen, ended, lines } = start(t, 'signals')
        await seen({ handling: true })
        child.kill('SIGHUP')
        await seen({ signal: 1 })
        child.kill('SIGTERM')
        await seen({ handling: false })
        child.kill('SIGINT')
        assert.equal(await ended(), 'SIGINT')
        assert.deepEqual(lines.items, [{ handling: true }, { signal: 1 }, { signal: 15 }, { handling: false }])
      })

      test('are told to the latest handler', async (t) => {
        const { child, seen, ended } = start(t, 'signalsHandedOver')
        await seen({ handling: true })
        child.kill('SIGINT')
        await seen({ signal: 2 })
        assert.equal(await ended(), 0)
      })
    })

    test('a reader that goes away ends nothing', async (t) => {
      const { child, ended } = start(t, 'output')
      child.stdout.destroy()
      assert.equal(await ended(), 5)
    })
  })
}

function isSame(one: Line, other: Line): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Of 10 ms: utime and stime of proc(5). */
async function processorTicks(pid: number | undefined): Promise<number> {
  const { stdout } = await runProgram('cat', `/proc/${pid}/stat`)
  const [user, system] = stdout
    .slice(stdout.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return Number(user) + Number(system)
}
