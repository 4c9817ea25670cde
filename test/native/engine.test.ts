/** The core's own tests, run by the engine of the device. */

import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { build } from 'esbuild'
import { root } from '../drive/folder.ts'
import { jsonLines } from '../drive/kvs.ts'
import { buildProgram, type Ended, runProgram } from './program.ts'

/** Tests in files that end so compare with what there is on Node.js only. */
const nodeOnly = '.node.test.ts'

interface Result {
  readonly file: string
  readonly name: string
  readonly failure: string | null
}

const shims = join(root, 'test/native/engine')
const files = await testFiles()

describe('the core in the engine', () => {
  let ended: Ended
  let results: readonly Result[]

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
    after(() => rm(folder, { recursive: true }))
    const script = await bundle(folder)
    ended = await runProgram(await buildProgram(script, 'x86_64', folder, '--for-tests'))
    results = jsonLines(ended.stdout) as unknown as readonly Result[]
  })

  for (const file of files) {
    test(file, () => {
      const ofFile = results.filter((result) => result.file === file)
      assert.deepEqual(
        ofFile.filter(({ failure }) => failure !== null),
        [],
      )
      assert.ok(ofFile.length > 0, `none of its tests has run: ${ended.stderr}`)
    })
  }

  test('all have run to their end', () => {
    const { status, signal, stderr } = ended
    assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
  })
})

async function testFiles(): Promise<readonly string[]> {
  const names = await readdir(join(root, 'src/core'), { recursive: true })
  const portable = names.filter((name) => name.endsWith('.test.ts') && !name.endsWith(nodeOnly))
  return portable.map((name) => `src/core/${name}`).sort()
}

/** All tests as one script, with what they use of Node.js replaced. */
async function bundle(folder: string): Promise<string> {
  const [entry, script] = [join(folder, 'entry.ts'), join(folder, 'tests.js')]
  const imports = await Promise.all(files.map((file, i) => importsOf(folder, file, i)))
  const text = [
    `import '${shims}/globals.ts'`,
    ...imports.flat(),
    `import { runAll } from 'node:test'`,
    'void runAll()',
  ]
  await writeFile(entry, text.join('\n'))
  await build({
    entryPoints: [entry],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    nodePaths: [join(root, 'node_modules')],
    alias: {
      'node:assert/strict': join(shims, 'assert.ts'),
      'node:crypto': join(shims, 'nodeCrypto.ts'),
      'node:test': join(shims, 'nodeTest.ts'),
    },
  })
  return script
}

/** Modules are run in the order of their imports: before each file one that announces it. */
async function importsOf(folder: string, file: string, index: number): Promise<readonly string[]> {
  const announcement = join(folder, `announce${index}.ts`)
  await writeFile(announcement, `import { declareFile } from 'node:test'\ndeclareFile('${file}')\n`)
  return [`import '${announcement}'`, `import '${join(root, file)}'`]
}
