/** `npm run bench:device`: measures, prints one table, keeps the numbers in out/bench-device.json. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { countOf, readOptions } from '../commandLine.ts'
import { mediaDirectory, mediaName } from '../media.ts'
import type { SinkOptions } from '../sink.ts'
import { countInstructions, type InstructionCount, suites, valgrindVersion } from './instructions.ts'
import { type Load, loads, type MemoryRun, measureMemory } from './memory.ts'
import { deviceProgram, executableBytes, nodeProgram, type Program } from './program.ts'
import { type HostResults, missesBar, type Results, rowsOf } from './rows.ts'
import { measureStarts, type Starts } from './starts.ts'
import { tableText } from './table.ts'

const help = `Measures the executable kvs-x86_64 next to Node.js, and ends with status 1 where a bar is missed or something could
not be measured. bench/README.md says what the rows mean.

  npm run bench:device [-- OPTION…]

Options:
  --quick         shorter runs, for a look
  --long          eleven minutes, for the slope of resident memory
  --starts N      starts of each program; default 9

Environment:
  KVS_SAMPLE_DIR  folder of the frames to stream instead of samples/
`
const values = readOptions(
  { command: 'npm run bench:device', help },
  {
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    starts: { type: 'string', default: '9' },
  },
)
const startCount = countOf('starts', values.starts)
const memorySeconds = values.quick ? 24 : 60
const countSeconds: readonly [number, number] = values.quick ? [6, 18] : [12, 42]
/** A minute until memory has found its size, ten that count, and the end. */
const slopeSeconds = 665

const valgrind = valgrindVersion()
const device = deviceProgram('x86_64')
const withoutAes = deviceProgram('x86_64-noaes')
const aes = / aes( |$)/m.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'with' : 'WITHOUT'
const machine = [
  `${cpus()[0]?.model ?? 'unknown processor'} ${aes} AES instructions`,
  `${availableParallelism()} cores`,
  `Node.js ${process.version}`,
  valgrind ?? 'no valgrind: instructions are not counted',
].join(', ')

const hasH265 = existsSync(`${mediaDirectory}/h265SampleFrames`)
say(`media: ${mediaName}${hasH265 ? '' : ', which has no h265SampleFrames: H.265 is not measured'}`)
say(`machine: ${machine}`)
say('from the start to the first media …')
const starts = { device: await startsOf(device), node: await startsOf(nodeProgram) }
const slope = values.long ? { device: slopeOf(device), node: slopeOf(nodeProgram) } : null
say(`memory in real time for ${memorySeconds} s …`)
const [deviceMemory, nodeMemory] = await Promise.all([memoryOf(device), memoryOf(nodeProgram)])
say(`instructions: ${countSeconds.join(' s and ')} s under valgrind …`)
const instructions = await countAll()
if (slope) say('memory for the rest of eleven minutes …')

const results: Results = {
  date: new Date().toISOString(),
  machine,
  load: loadavg(),
  media: mediaName,
  sizes: { armv7: executableBytes('armv7'), x86_64: executableBytes('x86_64') },
  device: { ...deviceMemory, starts: starts.device, slope: (await slope?.device) ?? null },
  node: { ...nodeMemory, starts: starts.node, slope: (await slope?.node) ?? null },
  instructions,
}
const rows = rowsOf(results)
process.stdout.write(`\n${tableText(rows)}`)
const folder = fileURLToPath(new URL('../../out/', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}bench-device.json`, `${JSON.stringify({ rows, ...results }, null, 2)}\n`)
say('\nall numbers: out/bench-device.json')
const missed = rows.filter(missesBar)
if (missed.length > 0) {
  say(`a bar is missed: ${missed.map(({ what }) => what).join('; ')}`)
  process.exitCode = 1
}

function startsOf(program: Program | null): Promise<Starts | null> {
  return attempt(program, (run) => measureStarts(run, startCount))
}

function slopeOf(program: Program | null): Promise<MemoryRun | null> {
  return attempt(program, (run) => measureMemory(run, loads.h264, slopeSeconds))
}

async function memoryOf(program: Program | null): Promise<Pick<HostResults, 'h264' | 'unconfirmed' | 'h265'>> {
  const measure = (load: Load) => attempt(program, (run) => measureMemory(run, load, memorySeconds))
  const [h264, unconfirmed, h265] = await Promise.all([
    measure(loads.h264),
    measure(loads.unconfirmed),
    hasH265 ? measure(loads.h265) : null,
  ])
  return { h264, unconfirmed, h265 }
}

/** One after the other: valgrind makes programs so slow that several would not keep up with real time. */
async function countAll(): Promise<Results['instructions']> {
  return {
    aesGcm: await count(device, suites.aesGcm),
    withoutAesGcm: await count(withoutAes, suites.aesGcm),
    withoutAesChaCha: await count(withoutAes, suites.chaCha20),
  }
}

function count(program: Program | null, sink: SinkOptions): Promise<InstructionCount | null> {
  return attempt(valgrind ? program : null, (run) => countInstructions(run, sink, countSeconds))
}

/** Null where the program is not there; and where measuring it fails, which is said and does not stop the rest. */
async function attempt<T>(program: Program | null, measure: (program: Program) => Promise<T>): Promise<T | null> {
  if (program === null) return null
  try {
    return await measure(program)
  } catch (error) {
    say(String(error))
    process.exitCode = 1
    return null
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
