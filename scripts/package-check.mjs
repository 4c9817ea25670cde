/**
 * Judges the package as its users get it: packs it, asks publint and "Are the types wrong?", installs it into an empty
 * folder, imports both entries, compiles a program against their types, and runs the command.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kvs-package-'))
try {
  check(pack())
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function check(tarball) {
  run('publint', ['run', tarball, '--strict'])
  run('attw', [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--format', 'ascii'])
  const user = install(tarball)
  importEntries(user)
  compileAgainstTypes(user)
  execFileSync('npx', ['--no-install', 'kvs', '--version'], { cwd: user, stdio: 'inherit' })
}

/** `npm pack` builds first: "prepare". */
function pack() {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' })
  const [{ filename, size, entryCount }] = JSON.parse(packed.slice(packed.indexOf('[\n')))
  console.log(`${filename}: ${entryCount} files, ${size} bytes`)
  return join(folder, filename)
}

function install(tarball) {
  const user = join(folder, 'user')
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    cwd: user,
    stdio: 'inherit',
  })
  return user
}

function importEntries(user) {
  const program = `
    for (const entry of ['kvs-producer', 'kvs-producer/local']) {
      const names = Object.keys(await import(entry))
      if (names.length === 0) throw new Error(entry + ' exports nothing')
      console.log(entry + ': ' + names.join(', '))
    }`
  execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: user, stdio: 'inherit' })
}

/** Without skipLibCheck: a user's compiler reads our declarations, and they must stand on their own. */
function compileAgainstTypes(user) {
  writeFileSync(
    join(user, 'program.ts'),
    `import * as producer from 'kvs-producer'\nimport * as local from 'kvs-producer/local'\nexport { producer, local }\n`,
  )
  const options = '--noEmit --strict --target es2022 --module nodenext --lib es2022,esnext.disposable --types node'
  const typeRoots = join(root, 'node_modules', '@types')
  run('tsc', [...options.split(' '), '--typeRoots', typeRoots, 'program.ts'], user)
}

function run(tool, options, cwd = root) {
  console.log(`\n> ${tool}`)
  execFileSync(resolve(root, 'node_modules', '.bin', tool), options, { cwd, stdio: 'inherit' })
}
