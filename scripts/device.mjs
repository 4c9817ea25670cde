/**
 * npm run device [TARGET…]: the executable for cameras, dist/device/kvs-TARGET. See `npm run device -- --help`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildExecutable } from './device/executable.mjs'
import { built, checkout } from './device/folders.mjs'
import { licences } from './device/licences.mjs'
import { sha256 } from './device/lock.mjs'
import { BuildError, say } from './device/run.mjs'
import { targets } from './device/targets.mjs'

const help = `Builds the kvs executable for devices: static, nothing to install, nothing needed beside it.

  npm run device [TARGET…]       dist/device/kvs-TARGET for the targets named, or for all
  npm run device -- OPTIONS…

Targets: ${Object.keys(targets).join(', ')}
         sanitize: for this machine, with AddressSanitizer and UndefinedBehaviorSanitizer, to test with

Options:
  --debug           keep symbols, function names and line numbers (kvs-TARGET-debug)
  --map             say what takes how much room (kvs-TARGET.map)
  --no-aes          leave out AES instructions, to measure (kvs-TARGET-noaes)
  --entry FILE      another program than src/device/kvs.ts, with --output
  --output PATH     a name in dist/device, or a path
  --for-tests       with regular expressions and a deep stack, which tests use and kvs does without

Environment:
  KVS_CC, KVS_CFLAGS    a vendor's own C compiler instead of the one fetched, and its options, for the one target named
  KVS_DEVICE_SOURCES    a folder with the archives that native/vendor.lock names, where Debian's cannot be fetched
  KVS_DEVICE_CACHE      where compiler, sources and objects are kept (otherwise ~/.cache/kvs-producer)
`

try {
  await main()
} catch (error) {
  if (!(error instanceof BuildError)) throw error
  console.error(`device: ${error.message}`)
  process.exit(1)
}

async function main() {
  const plans = makePlans(parseArguments())
  if (!plans) {
    console.log(help)
    return
  }
  mkdirSync(built, { recursive: true })
  for (const plan of plans) {
    const startMs = performance.now()
    const { scriptBytes, bytecodeBytes } = await buildExecutable(plan)
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    say(`${relative(checkout, plan.output)}: ${seconds} s; script ${scriptBytes}, bytecode ${bytecodeBytes} bytes`)
  }
  writeChecksums()
  if (plans.some(({ target }) => target !== 'sanitize')) writeFileSync(join(built, 'LICENSES'), await licences())
  printTable(plans.map(({ output }) => output))
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        debug: { type: 'boolean', default: false },
        map: { type: 'boolean', default: false },
        'no-aes': { type: 'boolean', default: false },
        entry: { type: 'string' },
        output: { type: 'string' },
        'for-tests': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    // What follows the first sentence is about programs that take file names.
    throw new BuildError(`${error.message.split('. ')[0]}; see npm run device -- --help`)
  }
}

function makePlans({ values, positionals }) {
  if (values.help) return undefined
  const known = [...Object.keys(targets), 'sanitize']
  const unknown = positionals.find((target) => !known.includes(target))
  if (unknown) throw new BuildError(`there is no target ${unknown}: ${known.join(', ')}`)
  if (process.env.KVS_CC && positionals.length !== 1) throw new BuildError('KVS_CC needs the one target that it is for')
  if (values.output && positionals.length !== 1) throw new BuildError('--output needs one target')
  if (values.entry && !values.output) throw new BuildError('--entry needs --output')
  if (values.entry && !existsSync(values.entry)) throw new BuildError(`there is no file ${values.entry}`)
  const wanted = positionals.length > 0 ? positionals : Object.keys(targets)
  return wanted.map((target) => makePlan(target, values))
}

function makePlan(target, { entry, output, debug, map, 'for-tests': forTests, 'no-aes': noAes }) {
  const name = output ?? `kvs-${target}${noAes ? '-noaes' : ''}${debug ? '-debug' : ''}`
  return {
    target,
    entry: resolve(entry ?? join(checkout, 'src', 'device', 'kvs.ts')),
    output: name.includes('/') ? resolve(name) : join(built, name),
    debug,
    map,
    forTests,
    aes: !noAes,
    // A vendor's C library may be a large one.
    limited: !entry && !debug && !process.env.KVS_CC,
  }
}

/** Of the executables that are for cameras; what serves tests and measurements is not listed. */
function writeChecksums() {
  const names = readdirSync(built).filter((name) => Object.keys(targets).some((target) => name === `kvs-${target}`))
  const lines = names.sort().map((name) => `${sha256(readFileSync(join(built, name)))}  ${name}\n`)
  writeFileSync(join(built, 'SHA256SUMS'), lines.join(''))
}

function printTable(paths) {
  for (const path of paths) {
    console.log(
      `${sha256(readFileSync(path))}  ${String(statSync(path).size).padStart(9)}  ${relative(process.cwd(), path)}`,
    )
  }
}
