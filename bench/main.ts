/** `npm run bench`: measures, prints one table, keeps the numbers in out/bench.json. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { startChild } from './children.ts'
import { measurePaced, measureStart } from './command.ts'
import { countOf, readOptions } from './commandLine.ts'
import { mediaName, readRecording } from './media.ts'
import { type Results, rowsOf } from './results.ts'
import type { StoringReport } from './storing.ts'
import { tableText } from './table.ts'
import type { ThroughputReport } from './throughput.ts'

const help = `Measures the producer on Node.js. bench/README.md says what the rows mean.

  npm run bench [-- OPTION…]

Options:
  --pairs N       pairs of runs, producer and bare tls.write; default 7
  --megabytes N   bytes of frames a run; default 400
  --seconds N     length of the memory run; default 40
  --starts N      starts of the kvs command; default 5

Environment:
  KVS_SAMPLE_DIR  folder of the frames to stream instead of samples/
`
const values = readOptions(
  { command: 'npm run bench', help },
  {
    pairs: { type: 'string', default: '7' },
    megabytes: { type: 'string', default: '400' },
    seconds: { type: 'string', default: '40' },
    starts: { type: 'string', default: '5' },
  },
)
const pairs = countOf('pairs', values.pairs)
const megabytes = countOf('megabytes', values.megabytes)
const seconds = countOf('seconds', values.seconds)
const startCount = countOf('starts', values.starts)
const recording = await readRecording()
const kilobits = Math.round((recording.bytesPerSecond * 8) / 1000)
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node.js ${process.version}`

say(`media: ${mediaName}, ${recording.tracks.map(({ options }) => options.codec).join(' + ')}, ${kilobits} kbit/s`)
say(`machine: ${machine}`)
say('the producer against a bare tls.write …')
const throughput = await report<ThroughputReport>('throughput.ts', [pairs, megabytes, seconds].map(String))
say('the producer into the local endpoint …')
const storing = await report<StoringReport>('storing.ts', ['3', String(megabytes / 4)])
say('kvs from its start to its first fragment …')
const starts = await measureStart(startCount)
// Twice as long: it takes that much for the heap to find its size at such a small load.
const pacedSeconds = Math.max(25, seconds)
say(`kvs in real time for ${pacedSeconds} s …`)
const paced = await measurePaced(pacedSeconds)

const results: Results = {
  date: new Date().toISOString(),
  machine,
  load: loadavg(),
  media: { name: mediaName, bytesPerSecond: recording.bytesPerSecond },
  throughput,
  storing,
  starts,
  paced,
}
const rows = rowsOf(results)
process.stdout.write(`\n${tableText(rows)}`)
const folder = fileURLToPath(new URL('../out/', import.meta.url))
mkdirSync(folder, { recursive: true })
writeFileSync(`${folder}bench.json`, `${JSON.stringify({ rows, ...results }, null, 2)}\n`)
say('\nall numbers: out/bench.json')

async function report<T>(file: string, args: readonly string[]): Promise<T> {
  const { ready } = await startChild<T>(file, args)
  return ready
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
