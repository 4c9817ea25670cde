/** That the compiler makes code that computes rightly: LLVM 17, for one, shifts numbers of 64 bits wrongly on MIPS. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { basename, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { root, temporaryFolder } from '../drive/folder.ts'
import { command } from '../drive/kvs.ts'

interface Compiler {
  readonly engineFlags?: readonly string[]
}

const { compilerFor, hostCompiler } = (await load('compiler.mjs')) as {
  compilerFor(target: string): Promise<Compiler>
  hostCompiler(): Promise<Compiler>
}
const { compileAll } = (await load('objects.mjs')) as {
  compileAll(compiler: Compiler, groups: readonly object[]): Promise<readonly string[]>
}
const { link } = (await load('link.mjs')) as {
  link(compiler: Compiler, inputs: readonly string[], output: string): Promise<void>
}

/** Wrong code may well never end. */
const boundMs = 60_000

const executable = command().at(-1) ?? ''
const emulator = command().slice(0, -1)

describe('arithmetic of 64 bits and of floating point', () => {
  for (const level of ['-Os', '-O2']) {
    test(`compiled with ${level}, is that of this machine`, async (t) => {
      const here = await computed(t, await hostCompiler(), '-O1', [])
      assert.ok(here.length > 30)
      const compiler = await compilerFor(basename(executable).replace('kvs-', ''))
      assert.deepEqual(await computed(t, compiler, level, emulator), here)
    })
  }
})

/** What arithmetic.c prints, a line for each operation; compiled and linked as the executable is. */
async function computed(t: TestContext, compiler: Compiler, level: string, runner: readonly string[]) {
  const program = join(await temporaryFolder(t), 'arithmetic')
  const files = [join(root, 'test/device/arithmetic.c')]
  const flags = [level, ...(compiler.engineFlags ?? [])]
  await link(compiler, await compileAll(compiler, [{ files, flags, places: [], madeWith: '' }]), program)
  const [run = program, ...rest] = [...runner, program]
  return (await promisify(execFile)(run, rest, { timeout: boundMs })).stdout.trim().split('\n')
}

async function load(name: string): Promise<unknown> {
  return await import(pathToFileURL(join(root, 'scripts/device', name)).href)
}
