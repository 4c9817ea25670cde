/** `npm run bench`: measures, prints one table, keeps the numbers in out/bench.json. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startChild } from './children.ts'
import { measurePaced, measureStart } from './command.ts'
import { mediaName, readRecording } from './media.ts'
import { type Results, rowsOf } from './results.ts'
import type { StoringReport } from './storing.ts'
import { tableText } from './table.ts'
import type { ThroughputReport } from './throughput.ts'

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '7' },
    megabytes: { type: 'string', default: '400' },
    seconds: { type: 'string', default: '40' },
    starts: { type: 'string', default: '5' },
  },
})
const seconds = Number(values.seconds)
const recording = await readRecording()
const kilobits = Math.round((recording.bytesPerSecond * 8) / 1000)
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node.js ${process.version}`

say(`media: ${mediaName}, ${recording.tracks.map(({ options }) => options.codec).join(' + ')}, ${kilobits} kbit/s`)
say(`machine: ${machine}`)
say('the producer against a bare tls.write …')
const throughput = await report<ThroughputReport>('throughput.ts', [values.pairs, values.megabytes, values.seconds])
say('the producer into the local endpoint …')
const storing = await report<StoringReport>('storing.ts', ['3', String(Number(values.megabytes) / 4)])
say('kvs from its start to its first fragment …')
const starts = await measureStart(Number(values.starts))
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
