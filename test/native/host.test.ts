/** The device's host besides the network: every function that C offers to the program. */

import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../drive/folder.ts'
import { buildProgram, type Ended, runProgram, targets } from './program.ts'

const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
after(() => rm(folder, { recursive: true }))

for (const target of targets) {
  describe(`the host on ${target}`, () => {
    let program: string
    before(async () => {
      program = await buildProgram('host', target, folder)
    })

    const ended = (...args: string[]): Promise<Ended> => runProgram(program, ...args)

    /** What the case says; it ends well. */
    async function said(...args: string[]): Promise<unknown> {
      const { status, signal, stdout, stderr } = await ended(...args)
      assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
      return JSON.parse(stdout)
    }

    async function assertInternal(end: Ended, message: string): Promise<void> {
      const cure = '\n  likely cause: a mistake in this program\n  cure: report it\n'
      assert.deepEqual(end, { status: 70, signal: null, stdout: '', stderr: `kvs: ${message}${cure}` })
    }

    function assertOutOfMemory({ status, signal, stderr }: Ended): void {
      assert.deepEqual({ status, signal }, { status: 70, signal: null })
      assert.match(stderr, /^kvs: no memory left\n {2}likely cause: .+\n {2}cure: .+\n$/)
    }

    describe('process', () => {
      test('arguments, system and runtime', async () => {
        const about = (await said('about', 'ä', '', '--')) as Record<string, unknown>
        assert.deepEqual(about['args'], ['about', 'ä', '', '--'])
        assert.match(String(about['system']), /^Linux\/\d+\.\d+\S* x86_64$/)
        assert.match(String(about['runtime']), /^QuickJS \d{4}-\d\d-\d\d, mbedTLS 3\.6\.\d+, \w+$/)
        assert.equal(about['columns'], 0)
      })

      test('environment', async () => {
        assert.deepEqual(await said('environment', 'PATH'), { value: process.env['PATH'], missing: true })
      })

      test('ends when the turn is over', async () => {
        const { status, stdout } = await ended('exit')
        assert.deepEqual({ status, stdout }, { status: 7, stdout: 'same turn its promises' })
      })

      test('memory by purpose', async () => {
        const { before, after } = (await said('memory')) as Record<'before' | 'after', Memory>
        assert.deepEqual(
          after.map(({ name }) => name),
          ['engine', 'TLS', 'media', 'resident'],
        )
        // 1000 arrays of 500 bytes on average, and what describes each.
        const grown = bytesOf(after, 'engine') - bytesOf(before, 'engine')
        assert.ok(grown > 500_000 && grown < 900_000, `${grown} bytes`)
        for (const { name, nowBytes, peakBytes } of after) assert.ok(peakBytes >= nowBytes && nowBytes >= 0, name)
        assert.ok(bytesOf(after, 'resident') > bytesOf(after, 'engine'))
      })
    })

    describe('mistakes of the program', () => {
      test('an exception ends it', async () => {
        await assertInternal(await ended('throwing'), 'Error: thrown by a timer')
        await assertInternal(await ended('throwingAtOnce'), 'Error: thrown at once')
      })

      test('a rejection that nobody asks for ends it', async () => {
        await assertInternal(await ended('rejecting'), 'Error: nobody asked')
      })

      test('a rejection may be asked for later in the turn', async () => {
        assert.deepEqual(await said('rejectingHandled'), { caught: 'asked for' })
      })

      test('waiting for nothing ends it', async () => {
        await assertInternal(await ended('waitingForNothing'), 'nothing is left to wait for')
      })

      test('endless recursion is an error', async () => {
        assert.deepEqual(await said('recursing'), { thrown: 'InternalError: stack overflow' })
      })

      test('what is no Uint8Array is refused', async () => {
        const refusals = (await said('notBytes')) as string[]
        assert.equal(refusals.length, 8)
        for (const refusal of refusals) assert.match(refusal, /^TypeError: /)
      })
    })

    // AddressSanitizer reserves far more than any limit.
    if (target !== 'sanitize') {
      describe('without memory', () => {
        const limited = (...args: string[]) => runProgram('prlimit', '--as=16777216', program, ...args)

        test('it says so', async () => {
          assertOutOfMemory(await limited('outOfMemory'))
        })

        test('too much at once can be handled', async () => {
          const { stdout } = await limited('tooLarge')
          assert.deepEqual(JSON.parse(stdout), { thrown: 'InternalError: out of memory' })
        })

        test('blocks are null', async () => {
          const { stdout } = await limited('blocksWithoutMemory')
          const { taken, again } = JSON.parse(stdout) as { taken: number; again: boolean }
          assert.ok(taken > 500 && taken < 1024, `${taken} blocks`)
          assert.equal(again, true)
        })
      })
    }

    describe('clock', () => {
      test('timers fire in order, unless cancelled, and never at once', async () => {
        const fired = ['now', '0', 'promise of a timer', 'negative', 'no number', 'set by a timer']
        assert.deepEqual(await said('timers'), [...fired, '10 first', '10 second', '30'])
      })

      test('timers are never early', async () => {
        const { earliestMs } = (await said('earliness')) as { earliestMs: number }
        assert.ok(earliestMs >= 0, `${earliestMs} ms`)
      })

      test('a timer that sets itself again leaves inputs their turn', async () => {
        assert.deepEqual(await said('starvation', '/dev/null'), { error: null })
      })

      test('wall clock', async () => {
        const beforeMs = Date.now()
        const { wallMs } = (await said('wall')) as { wallMs: number }
        assert.ok(wallMs >= beforeMs && wallMs <= Date.now())
      })
    })

    describe('blocks', () => {
      test('taken, counted, given back', async () => {
        assert.deepEqual(await said('blocks'), {
          blockBytes: 16384,
          lengths: [16384, 16384, 16384],
          ends: [1, 2, 3].map((value) => [value, value]),
          before: { nowBytes: 0, peakBytes: 0 },
          during: { nowBytes: 49152, peakBytes: 49152 },
          after: { nowBytes: 0, peakBytes: 49152 },
          detached: [0, 0, 0],
        })
      })

      test('forgotten ones are collected', async () => {
        assert.deepEqual(await said('blocksForgotten'), { nowBytes: 0, peakBytes: 16384 })
      })
    })

    test('start codes are found as a plain loop finds them', async () => {
      const { checked, found, wrong } = (await said('search')) as { checked: number; found: number; wrong: unknown[] }
      assert.deepEqual(wrong, [])
      assert.ok(checked > 50_000 && found > 10_000, `${found} of ${checked}`)
    })

    test('hashes are those of node:crypto', async () => {
      const lengths = [0, 1, 2, 55, 56, 63, 64, 65, 66, 119, 1000]
      const expected = lengths.map((length) => {
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256)
        const hmac = createHmac('sha256', bytes.subarray(1)).update(bytes).digest('hex')
        return { sha256: createHash('sha256').update(bytes).digest('hex'), hmac }
      })
      assert.deepEqual(await said('hashes', ...lengths.map(String)), expected)
    })

    test('random bytes', async () => {
      const [first, second] = (await said('random')) as [number[], number[]]
      assert.notDeepEqual(first, second)
      // 1000 bytes miss any five values far less often than once in a billion runs.
      assert.ok(new Set(first).size > 220 && new Set(second).size > 220)
    })

    describe('files', () => {
      test('a folder is listed, links as what they lead to', async (t) => {
        const path = await temporaryFolder(t)
        await writeFile(join(path, 'file ä'), '')
        await mkdir(join(path, 'folder'))
        await symlink('file ä', join(path, 'link'))
        await symlink('folder', join(path, 'link to folder'))
        await symlink('nowhere', join(path, 'dangling'))
        await symlink('/dev/null', join(path, 'device'))
        const entries = (await said('list', path)) as { name: string; type: string }[]
        assert.deepEqual(entries.map(({ name, type }) => `${type} ${name}`).sort(), [
          'directory folder',
          'directory link to folder',
          'file file ä',
          'file link',
          'other dangling',
          'other device',
        ])
      })

      test('a folder of thousands', async (t) => {
        const path = await temporaryFolder(t)
        const names = Array.from({ length: 3000 }, (_, i) => `frame-${i}.h264`)
        for (const name of names) await writeFile(join(path, name), '')
        const entries = (await said('list', path)) as { name: string }[]
        assert.deepEqual(entries.map(({ name }) => name).sort(), names.sort())
      })

      test('what cannot be listed', async (t) => {
        const path = await temporaryFolder(t)
        await writeFile(join(path, 'file'), '')
        await symlink('circle', join(path, 'circle'))
        assert.equal(await said('list', join(path, 'missing')), 'ENOENT')
        assert.equal(await said('list', join(path, 'file')), 'ENOTDIR')
        assert.equal(await said('list', path), 'ELOOP')
      })

      test('a file is read where it fits', async (t) => {
        const path = join(await temporaryFolder(t), 'file')
        await writeFile(path, 'content')
        assert.deepEqual(await said('read', path, '7'), { size: 7, text: 'content' })
        assert.deepEqual(await said('read', path, '100'), { size: 7, text: 'content' })
        assert.deepEqual(await said('read', path, '6'), { size: 7, text: '' })
        await writeFile(path, '')
        assert.deepEqual(await said('read', path, '0'), { size: 0, text: '' })
      })

      test('what has no size is empty', async (t) => {
        const fifo = join(await temporaryFolder(t), 'fifo')
        await runProgram('mkfifo', fifo)
        for (const path of [fifo, '/dev/zero', '/proc/self/status']) {
          assert.deepEqual(await said('read', path, '100'), { size: 0, text: '' })
        }
      })

      test('what cannot be read', async (t) => {
        const path = await temporaryFolder(t)
        assert.deepEqual(await said('read', join(path, 'missing'), '9'), { size: 'ENOENT', text: '' })
        assert.deepEqual(await said('read', path, '9'), { size: 'EISDIR', text: '' })
        assert.deepEqual(await said('read', join(path, 'x'.repeat(300)), '9'), { size: 'ENAMETOOLONG', text: '' })
      })

      test('a file is written, made new or emptied', async (t) => {
        const path = join(await temporaryFolder(t), 'file')
        await writeFile(path, 'what was there before')
        assert.deepEqual(await said('write', path, 'one ', '', 'two'), {
          written: [null, null, null],
          afterClose: 'EBADF',
        })
        assert.equal(await readFile(path, 'utf8'), 'one two')
      })

      test('what cannot be written', async (t) => {
        const path = await temporaryFolder(t)
        assert.deepEqual(await said('write', path, 'x'), { created: 'EISDIR' })
        assert.deepEqual(await said('write', join(path, 'missing', 'file'), 'x'), { created: 'ENOENT' })
        assert.deepEqual(await said('write', '/dev/full', 'x'), { written: ['ENOSPC'], afterClose: 'EBADF' })
      })

      test('whether a folder can be written to', async (t) => {
        const path = await temporaryFolder(t)
        await writeFile(join(path, 'file'), '')
        assert.equal(await said('writable', path), null)
        assert.equal(await said('writable', join(path, 'file')), 'ENOTDIR')
        assert.equal(await said('writable', join(path, 'missing')), 'ENOENT')
      })

      test('rights count', async (t) => {
        const path = await temporaryFolder(t)
        for (const open of [folder, path]) await chmod(open, 0o755)
        await mkdir(join(path, 'closed'), { mode: 0o555 })
        const { stdout } = await runProgram(...asAnybody, program, 'writable', join(path, 'closed'))
        assert.equal(JSON.parse(stdout), 'EACCES')
      })
    })
  })
}

/** Root may do everything. */
const asAnybody = ['setpriv', ...(process.getuid?.() === 0 ? ['--reuid=65534', '--clear-groups'] : [])] as const

type Memory = readonly { readonly name: string; readonly nowBytes: number; readonly peakBytes: number }[]

function bytesOf(memory: Memory, name: string): number {
  return memory.find((entry) => entry.name === name)?.nowBytes ?? Number.NaN
}
