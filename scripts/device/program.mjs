/** TypeScript → one script → bytecode of the engine → C. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cArray } from './cArray.mjs'
import { hostCompiler } from './compiler.mjs'
import { cache, checkout, makeWhole } from './folders.mjs'
import { sha256 } from './lock.mjs'
import { compileAll } from './objects.mjs'
import { plainFieldNames, plainFields } from './plainFields.mjs'
import { withPlainVariables } from './plainVariables.mjs'
import { BuildError, run } from './run.mjs'
import { engineGroup, toolGroup } from './units.mjs'

/** The program as C, and what its stages weigh. */
export async function programInC(entry, quickjs, { debug, regexp }) {
  const script = await bundle(entry, { debug, shortNames: !debug && !regexp })
  const words = [...(debug ? ['debug'] : []), ...(regexp ? ['regexp'] : [])]
  const bytecode = await compileScript(script, quickjs, words)
  const array = cArray('_Alignas(8) const unsigned char program_bytecode[]', bytecode)
  const text = `#include "program.h"\n\n${array}const unsigned int program_bytecode_size = sizeof(program_bytecode);\n`
  return { text, scriptBytes: script.length, bytecodeBytes: bytecode.length }
}

/** `shortNames`: of private fields, too; the tests import what may have such names of its own. */
async function bundle(entry, { debug, shortNames }) {
  const { build } = loadEsbuild()
  const { outputFiles } = await build({
    absWorkingDir: checkout,
    entryPoints: [entry],
    bundle: true,
    write: false,
    plugins: [plainFields],
    ...(shortNames && { mangleProps: plainFieldNames }),
    format: 'iife',
    platform: 'neutral',
    target: 'es2022',
    minify: !debug,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    // The engine runs the bytecode where it lies only if its names get the numbers that they have in it. It knows one
    // name more than it says when it reads them, so this must be the first of them.
    banner: { js: 'AggregateError;' },
  }).catch((error) => {
    throw new BuildError(`bundling ${entry} failed\n${error.message}`)
  })
  return withPlainVariables(outputFiles[0].text)
}

function loadEsbuild() {
  try {
    return createRequire(import.meta.url)('esbuild')
  } catch {
    throw new BuildError('esbuild is missing: npm install, with the development dependencies')
  }
}

async function compileScript(script, quickjs, words) {
  const tool = await bytecodeTool(quickjs)
  const folder = mkdtempSync(join(tmpdir(), 'kvs-bytecode-'))
  try {
    const [input, output] = [join(folder, 'kvs.js'), join(folder, 'kvs.bytecode')]
    writeFileSync(input, script)
    await run(tool, [input, output, ...words], { name: 'the bytecode compiler' })
    return readFileSync(output)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The engine on this machine. Bytecode is the same for every processor here, since all have their low byte first. */
async function bytecodeTool(quickjs) {
  const compiler = await hostCompiler()
  const objects = await compileAll(compiler, [engineGroup(quickjs, '-O1'), toolGroup(quickjs)])
  const tool = join(cache, 'tools', `bytecode-${sha256(JSON.stringify([compiler.id, objects])).slice(0, 16)}`)
  if (existsSync(tool)) return tool
  mkdirSync(join(cache, 'tools'), { recursive: true })
  await makeWhole(tool, (unfinished) =>
    run(compiler.program, [...compiler.flags, ...objects, ...compiler.linkFlags, '-o', unfinished], {
      env: compiler.env,
      name: 'linking the bytecode compiler',
    }),
  )
  return tool
}
