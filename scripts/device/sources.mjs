/** Unpacked sources of the engine and of TLS, with Debian's changes, which may mend what has become known since the release. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { archivesOf } from './archives.mjs'
import { cache, makeWhole } from './folders.mjs'
import { sha256 } from './lock.mjs'
import { BuildError, requireProgram, run } from './run.mjs'

/**
 * The engine has no option for this: without the Atomics object, which the program does not use, it needs no atomic
 * operations, which ARMv5 and MIPS lack.
 */
const switchedOff = { quickjs: { file: 'quickjs.c', line: '#define CONFIG_ATOMICS\n' } }

/** The folder, and what identifies its content. */
export async function sourceOf(name) {
  const archives = await archivesOf(name)
  const id = sha256(JSON.stringify(switchedOff[name] ?? {}), ...archives.map((archive) => readFileSync(archive)))
  const folder = join(cache, 'sources', `${name}-${id.slice(0, 16)}`)
  if (!existsSync(folder)) await makeWhole(folder, (unfinished) => prepare(name, archives, unfinished))
  return { folder, id }
}

async function prepare(name, archives, folder) {
  await unpack(archives, folder)
  if (switchedOff[name]) switchOff(folder, switchedOff[name])
}

function switchOff(folder, { file, line }) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  if (!text.includes(line)) throw new BuildError(`${path} has no line "${line.trim()}": this version is not known here`)
  writeFileSync(path, text.replace(line, '\n'))
}

async function unpack([upstream, debian], folder) {
  mkdirSync(folder)
  await extract(upstream, folder, ['--strip-components=1'])
  if (!debian) return
  await extract(debian, folder, [])
  await applyPatches(folder)
}

async function extract(archive, folder, options) {
  requireProgram('tar', 'unpack sources')
  requireProgram(archive.endsWith('.bz2') ? 'bzip2' : 'xz', 'unpack sources')
  await run('tar', ['--extract', '--file', archive, '--directory', folder, '--no-same-owner', ...options])
}

async function applyPatches(folder) {
  const patches = join(folder, 'debian', 'patches')
  if (!existsSync(patches)) return
  requireProgram('patch', "apply Debian's changes")
  const series = readFileSync(join(patches, 'series'), 'utf8').split('\n')
  for (const line of series) {
    const name = line.replace(/#.*/, '').trim()
    if (name)
      await run('patch', ['--strip=1', '--silent', '--force', `--input=${join(patches, name)}`], { cwd: folder })
  }
}

export function cFilesIn(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(folder, name))
}
