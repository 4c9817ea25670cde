/** Objects → executable. */
import { chmodSync } from 'node:fs'
import { makeWhole } from './folders.mjs'
import { BuildError, run } from './run.mjs'

export async function link(compiler, inputs, output) {
  await makeWhole(output, async (unfinished) => {
    await callLinker(compiler, inputs, unfinished)
    chmodSync(unfinished, 0o755)
  })
}

/** What takes how much room. zig has no option for it, but tells how it calls its linker, which has. */
export async function writeMap(compiler, inputs, path) {
  const { stderr } = await callLinker({ ...compiler, env: { ...compiler.env, ZIG_VERBOSE_LINK: '1' } }, inputs, path)
  const call = stderr.split('\n').findLast((line) => line.startsWith('ld.lld '))
  if (!call) throw new BuildError('--map works only with the compiler that the build fetches')
  const args = call.split(' ').filter((word) => word !== '')
  await run(compiler.program, [...args, `-Map=${path}`, '-o', '/dev/null'], { env: compiler.env, name: 'the map' })
}

function callLinker(compiler, inputs, output) {
  const args = [...compiler.flags, ...inputs, ...compiler.linkFlags, '-o', output]
  return run(compiler.program, args, { env: compiler.env, name: 'linking' })
}
