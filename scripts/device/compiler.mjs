/** What compiles C: zig for every target, the vendor's own compiler (KVS_CC), or the machine's for the sanitizers. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cache, makeWhole } from './folders.mjs'
import { lock } from './lock.mjs'
import { BuildError, isInstalled, pathOf, requireProgram, run, say } from './run.mjs'
import { targets } from './targets.mjs'

const sizeFlags = [
  ...['-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
  ...['-fno-ident', '-g0', '-DNDEBUG'],
]
/** The libraries are parts of musl; a vendor's C library may keep them apart. */
const staticLink = ['-static', '-Wl,--gc-sections', '-lm', '-pthread']

/** `id` names the compiler and its version in the cache; `flags` go to compiling and linking. */
export async function compilerFor(target) {
  if (process.env.KVS_CC) return vendorCompiler()
  return zigFor(targets[target])
}

async function vendorCompiler() {
  const [program, ...args] = words(process.env.KVS_CC)
  const flags = [...args, ...words(process.env.KVS_CFLAGS ?? '')]
  const id = await installedId(program)
  return { program, flags, compileFlags: sizeFlags, linkFlags: staticLink, env: {}, id }
}

/** Also by its place: the compilers of two SDKs, with two C libraries, may say the same of themselves. */
async function installedId(program) {
  const { stdout } = await run(program, ['--version'], { name: `${program} --version` })
  return `${realpathSync(pathOf(program))} ${stdout}`
}

function words(text) {
  return text.split(' ').filter((word) => word !== '')
}

async function zigFor({ triple, cpu, code = [], engineCode = [] }) {
  const zig = await fetchZig()
  return {
    program: zig,
    // zig traps what is undefined by default, in code of others as well, which costs room.
    flags: ['cc', '-target', triple, `-mcpu=${cpu}`, '-fno-sanitize=undefined'],
    compileFlags: [...code, ...sizeFlags],
    engineFlags: engineCode,
    linkFlags: staticLink,
    env: zigEnvironment(),
    id: `zig ${lock.zig.version}`,
  }
}

function zigEnvironment() {
  const folder = join(cache, 'zig-cache')
  return { ZIG_LOCAL_CACHE_DIR: folder, ZIG_GLOBAL_CACHE_DIR: folder }
}

/** With every check that the compiler has to offer; it runs on this machine only. */
export async function sanitizingCompiler() {
  requireProgram('gcc', 'build with sanitizers')
  return {
    program: 'gcc',
    flags: ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'],
    compileFlags: [],
    linkFlags: ['-pthread', '-lm'],
    env: {},
    id: await installedId('gcc'),
  }
}

/** For programs that run during the build. */
export async function hostCompiler() {
  if (!isInstalled('cc')) return zigFor(targets.x86_64)
  return { program: 'cc', flags: [], compileFlags: [], linkFlags: ['-lm'], env: {}, id: await installedId('cc') }
}

async function fetchZig() {
  const { package: name, version } = lock.zig
  const folder = join(cache, `zig-${version}`)
  const zig = join(folder, 'package', 'zig')
  if (existsSync(zig)) return zig
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const machine = `${process.platform} ${process.arch}`
    throw new BuildError(
      `the pinned compiler runs on Linux x64 and this machine is ${machine}: build there, or name a cross-compiler in KVS_CC`,
    )
  }
  requireProgram('npm', 'fetch the compiler')
  say(`fetching the compiler ${name} ${version} (70 MB, 350 MB unpacked, kept in ${cache})`)
  await makeWhole(folder, unpackZig)
  return zig
}

async function unpackZig(folder) {
  const { package: name, version, integrity } = lock.zig
  mkdirSync(folder)
  await run('npm', ['pack', `${name}@${version}`, '--silent'], { cwd: folder, name: 'npm pack' })
  const [archive] = readdirSync(folder)
  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, archive)))
    .digest('base64')}`
  if (found !== integrity) throw new BuildError(`${archive} has the checksum ${found}, native/vendor.lock ${integrity}`)
  await run('tar', ['--extract', '--file', archive], { cwd: folder })
  rmSync(join(folder, archive))
}
