/**
 * Runs on every device executable the tests of all that `kvs` does, the same as on Node.js: npm run test:device [ARCH…]
 * Builds what it runs. Every other argument is a filter: a part of a test file's path.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const program = ['test/cli', ...(process.env.KVS_SAMPLE_DIR ? ['test/aws'] : [])]
// What the network does to the program is the same on every processor, and an emulator too slow for its seconds.
const native = ['faults.cuts', 'faults.errorAcks', 'faults.http', 'rotation'].map((name) => `test/cli/${name}.test.ts`)
const targets = {
  x86_64: { tests: [...program, 'test/device', 'test/kernel'] },
  sanitize: { tests: [...program, 'test/device/said.test.ts', 'test/native'] },
  armv7: { tests: [...program, 'test/device'], emulator: ['qemu-arm-static'] },
  arm: { tests: [...program, 'test/device'], emulator: ['qemu-arm-static', '-cpu', 'arm926'] },
  arm64: { tests: [...program, 'test/device'], emulator: ['qemu-aarch64-static'] },
  // A processor without floating point.
  mipsel: { tests: [...program, 'test/device'], emulator: ['qemu-mipsel-static', '-cpu', '24Kc'] },
  riscv64: { tests: [...program, 'test/device'], emulator: ['qemu-riscv64-static'] },
}

const given = process.argv.slice(2)
const named = given.filter((argument) => argument in targets)
const filters = given.filter((argument) => !(argument in targets))
const archs = named.length > 0 ? named : Object.keys(targets)

if (node(['scripts/device.mjs', ...archs]) !== 0) process.exit(1)
const scratch = mkdtempSync(join(tmpdir(), 'kvs-test-device-'))
const results = archs.map(testOn)
rmSync(scratch, { recursive: true })
report(results)
process.exit(results.every((result) => result.passed) ? 0 : 1)

function testOn(arch) {
  const { tests, emulator = [] } = targets[arch]
  const executable = `dist/device/kvs-${arch}`
  const command = [...emulator, executable].join(' ')
  console.log(`\n=== ${command}\n`)
  const except = emulator.length === 0 ? [] : native.flatMap((path) => ['--except', path])
  const tap = join(scratch, `${arch}.tap`)
  const startMs = performance.now()
  const status = node(['scripts/test.mjs', ...tests, ...except, '--concurrency', '4', '--tap', tap, ...filters], {
    KVS_COMMAND: command,
  })
  const seconds = Math.round((performance.now() - startMs) / 1000)
  return {
    arch,
    passed: status === 0,
    seconds,
    bytes: statSync(executable).size,
    ...counted(existsSync(tap) ? readFileSync(tap, 'utf8') : ''),
  }
}

function counted(tap) {
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0)
  const skipped = [...tap.matchAll(/^ *ok \d+ - (.*) # SKIP (.*)$/gm)].map(([, name, reason]) => `${name}: ${reason}`)
  return { tests: count('tests'), failed: count('fail') + count('cancelled'), skipped }
}

function report(results) {
  console.log(`\n${row('executable', ['bytes', 'tests', 'failed', 'skipped', 'seconds'])}`)
  for (const { arch, passed, seconds, bytes, tests, failed, skipped } of results) {
    const cells = [bytes, tests, failed, skipped.length, seconds]
    console.log(`${row(`kvs-${arch}`, cells)}${passed ? '' : '   FAILED'}`)
  }
  const skipped = [...new Set(results.flatMap((result) => result.skipped))]
  if (skipped.length > 0) console.log(`\nSkipped, and why:\n  ${skipped.join('\n  ')}`)
}

function row(name, cells) {
  return name.padEnd(14) + cells.map((cell) => String(cell).padStart(10)).join('')
}

function node(args, env = {}) {
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  if (error) throw error
  return status
}
