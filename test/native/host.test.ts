/** The device's host besides network and files: every function that C offers to the program. */

import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
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
        const memory = (await said('memory')) as Record<'before' | 'during' | 'after', Memory>
        const names = memory.before.map(({ name }) => name)
        assert.deepEqual(names, ['engine', 'TLS', 'media', 'resident'])
        const before = bytesOf(memory.before, 'engine')
        // 1000 arrays of 500 bytes on average, and what describes each.
        assertWithin(bytesOf(memory.during, 'engine') - before, 500_000, 900_000)
        assertWithin(bytesOf(memory.after, 'engine') - before, 0, 100_000)
        for (const { name, nowBytes, peakBytes } of memory.after) assertWithin(nowBytes, 0, peakBytes, name)
        assertWithin(bytesOf(memory.after, 'resident'), bytesOf(memory.after, 'engine'), 2 ** 30)
      })

      // With sanitizers line numbers take memory, too, and what is freed is kept for a while, to find who still uses it.
      if (target !== 'sanitize') {
        test('the program is run where it lies in the executable', async () => {
          const entry = join(folder, 'large.ts')
          const body = `let a = native.args.length\n${'while (a < 9) a = a * 3 + 1\n'.repeat(14_000)}return a`
          const print = 'native.stdout(JSON.stringify(native.memory()))\nnative.exit(0)'
          await writeFile(
            entry,
            `${print}\nif (native.args.length > 9) native.exit(large())\nfunction large() { ${body} }\n`,
          )
          const { stdout } = await runProgram(await buildProgram(entry, target, folder))
          // Its bytecode is 200 KB; the rest is what every program takes.
          assertWithin(bytesOf(JSON.parse(stdout) as Memory, 'engine'), 1, 150_000)
        })

        test('memory is used again', async () => {
          const { before, after } = (await said('churn')) as Record<'before' | 'after', Memory>
          assertWithin(bytesOf(after, 'resident') - bytesOf(before, 'resident'), 0, 500_000)
        })
      }
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
      test('timers fire in later turns, unless cancelled', async () => {
        const told = ['now', 'first', 'promise of a timer', 'negative', 'no number', 'set by a timer']
        assert.deepEqual(await said('timers'), told)
      })

      test('timers fire in the order in which they are due', async () => {
        const fired = (await said('timerOrder')) as { notBeforeMs: number; notAfterMs: number }[]
        assert.equal(fired.length, 100)
        let latestMs = 0
        for (const { notBeforeMs, notAfterMs } of fired) {
          assert.ok(notAfterMs >= latestMs, `${notAfterMs} after ${latestMs}`)
          latestMs = Math.max(latestMs, notBeforeMs)
        }
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
  })
}

function assertWithin(value: number, least: number, most: number, name = ''): void {
  assert.ok(value >= least && value <= most, `${name} ${value} is not from ${least} to ${most}`)
}

type Memory = readonly { readonly name: string; readonly nowBytes: number; readonly peakBytes: number }[]

function bytesOf(memory: Memory, name: string): number {
  return memory.find((entry) => entry.name === name)?.nowBytes ?? Number.NaN
}
