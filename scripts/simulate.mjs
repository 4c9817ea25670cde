/**
 * Runs the core's simulator (src/core/testing/simulation) over many seeds: npm run simulate -- [OPTION…]
 *   --seeds N    how many, default 2000
 *   --from S     the first, default 0
 *   --seed S     this one only, with its plan and all that happens
 *   --workers N  how many run at once, default the number of processors
 * A seed that fails is named with the command that plays it again, byte for byte, and the exit status is 1.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { build } from 'esbuild'

/** Seeds that a worker is given at a time. */
const shareSeeds = 20
/** Failures that are shown; more of them say little. */
const mostFailures = 5
const linesShown = 60

if (isMainThread) await main()
else await serve(workerData.program)

async function main() {
  const options = optionsFrom(process.argv.slice(2))
  const program = await programUrl()
  if (options.seed !== undefined) return replay(program, options.seed)
  const startedMs = performance.now()
  const failures = await runAll(program, options)
  for (const failure of failures.slice(0, mostFailures)) show(failure)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const { from, seeds } = options
  console.log(`simulate: seeds ${from} to ${from + seeds - 1}, ${failures.length} failed, ${seconds} s`)
  if (failures.length > 0) process.exitCode = 1
}

function optionsFrom(args) {
  const number = (text, name, least) => {
    const value = Number(text)
    if (text !== '' && Number.isSafeInteger(value) && value >= least) return value
    console.error(`simulate: --${name} takes a whole number from ${least}, not "${text}"`)
    process.exit(1)
  }
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      workers: { type: 'string' },
    },
  })
  return {
    seeds: number(values.seeds ?? '2000', 'seeds', 1),
    from: number(values.from ?? '0', 'from', 0),
    seed: values.seed === undefined ? undefined : number(values.seed, 'seed', 0),
    workers: number(values.workers ?? String(availableParallelism()), 'workers', 1),
  }
}

/** The simulator as one script: nothing is compiled while it runs. */
async function programUrl() {
  const result = await build({
    entryPoints: ['src/core/testing/simulation/simulate.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    sourcemap: 'inline',
  })
  return `data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString('base64')}`
}

/** Gives the workers shares of seeds until none is left; the failures, by seed. */
async function runAll(program, { from, seeds, workers }) {
  let next = from
  const failures = []
  const share = () => {
    const first = next
    next = Math.min(from + seeds, first + shareSeeds)
    return first < next ? { first, end: next } : undefined
  }
  const work = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { program } })
      worker.on('error', reject)
      worker.on('message', (failed) => {
        failures.push(...failed)
        const seedsLeft = failures.length < mostFailures * 4 ? share() : undefined
        if (seedsLeft !== undefined) worker.postMessage(seedsLeft)
        else resolve(worker.terminate())
      })
    })
  await Promise.all(Array.from({ length: workers }, work))
  return failures.sort((one, other) => one.seed - other.seed)
}

/** A worker: runs the shares that it is given. */
async function serve(program) {
  let current
  process.on('unhandledRejection', (reason) => {
    console.error(`simulate: in seed ${current}, a promise was rejected for nobody: ${reason?.stack ?? reason}`)
    process.exit(1)
  })
  const { simulate } = await import(program)
  parentPort.on('message', async ({ first, end }) => {
    const failed = []
    for (current = first; current < end; current++) {
      const { seed, objections, lines } = await simulate(current)
      if (objections.length > 0) failed.push({ seed, objections, lines })
    }
    parentPort.postMessage(failed)
  })
  parentPort.postMessage([])
}

function show({ seed, objections, lines }) {
  console.log(`\nseed ${seed} fails; play it again: npm run simulate -- --seed ${seed}`)
  for (const objection of objections) console.log(`  ${objection}`)
  if (lines.length > linesShown) console.log(`  … ${lines.length - linesShown} lines before`)
  for (const line of lines.slice(-linesShown)) console.log(`  ${line}`)
}

async function replay(program, seed) {
  process.setSourceMapsEnabled(true)
  const { simulate } = await import(program)
  const { scenario, lines, objections, hash } = await simulate(seed)
  console.log(JSON.stringify(scenario, (_key, value) => (value === Number.POSITIVE_INFINITY ? 'for ever' : value), 2))
  for (const line of lines) console.log(line)
  for (const objection of objections) console.log(`FAILS: ${objection}`)
  console.log(`seed ${seed}: ${objections.length === 0 ? 'all holds' : 'fails'}, log ${(hash >>> 0).toString(16)}`)
  if (objections.length > 0) process.exitCode = 1
}
