/** One executable: sources, program and host compiled and linked. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compilerFor, sanitizingCompiler } from './compiler.mjs'
import { link, writeMap } from './link.mjs'
import { compileAll } from './objects.mjs'
import { programInC } from './program.mjs'
import { amazonRootsInC } from './roots.mjs'
import { BuildError } from './run.mjs'
import { linkerScript } from './sections.mjs'
import { sourceOf } from './sources.mjs'
import { limitBytes } from './targets.mjs'
import { engineGroup, hostGroups, tlsGroups } from './units.mjs'

/** `plan`: { target, entry, output, debug, map, forTests, aes, limited } */
export async function buildExecutable(plan) {
  const sources = { quickjs: await sourceOf('quickjs'), mbedtls: await sourceOf('mbedtls') }
  const sanitized = plan.target === 'sanitize'
  const compiler = sanitized ? await sanitizingCompiler() : await compilerFor(plan.target)
  const debug = plan.debug || sanitized
  const options = {
    target: plan.target,
    optimization: sanitized ? '-O1' : '-Os',
    hotOptimization: sanitized ? '-O1' : '-O2',
    tlsFlags: plan.aes ? [] : ['-DKVS_WITHOUT_AES_INSTRUCTIONS'],
    hostFlags: plan.forTests ? ['-DKVS_FOR_TESTS'] : [],
  }
  const program = await programInC(plan.entry, sources.quickjs, { debug, regexp: plan.forTests })
  const scratch = mkdtempSync(join(tmpdir(), 'kvs-device-'))
  try {
    const generated = writeGenerated(scratch, { 'program.c': program.text, 'roots.c': amazonRootsInC() })
    const objects = await compileAll(compiler, [
      engineGroup(sources.quickjs, options.optimization, compiler.engineFlags),
      ...tlsGroups(sources.mbedtls, options),
      ...hostGroups(sources, options, generated),
    ])
    const script = sanitized ? [] : ['-T', ...writeGenerated(scratch, { 'sections.ld': linkerScript() })]
    const inputs = [...objects, ...script, ...(debug ? [] : ['-s'])]
    await link(compiler, inputs, plan.output)
    if (plan.map) await writeMap(compiler, inputs, `${plan.output}.map`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  refuseTooLarge(plan)
  return program
}

function writeGenerated(folder, files) {
  return Object.entries(files).map(([name, text]) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  })
}

function refuseTooLarge({ target, output, limited }) {
  const bytes = statSync(output).size
  const limit = limitBytes[target]
  if (limited && bytes > limit) throw new BuildError(`${output} has ${bytes} bytes, more than the ${limit} it may have`)
}
