/** The producer into the local endpoint, which stores every fragment durably. Arguments: runs, megabytes a run. */

import { ask, endChild, startChild } from './children.ts'
import type { EndpointReady, EndpointReport } from './endpoint.ts'
import { frameCount, readRecording } from './media.ts'
import { type ProducerRun, runProducer } from './producerRun.ts'

export interface StoringRun extends ProducerRun {
  readonly endpointCpuSeconds: number
}

export interface StoringReport {
  readonly runs: readonly StoringRun[]
}

const [count = 3, megabytes = 128] = process.argv.slice(2).map(Number)
const recording = await readRecording()
const endpoint = await startChild<EndpointReady>('endpoint.ts', [])
const frames = frameCount(recording, megabytes)

await runProducer(endpoint.ready, recording, Math.ceil(frames / 4))
const runs: StoringRun[] = []
for (let index = 0; index < count; index++) {
  const before = await ask<EndpointReport>(endpoint.child)
  const run = await runProducer(endpoint.ready, recording, frames)
  const after = await ask<EndpointReport>(endpoint.child)
  runs.push({ ...run, endpointCpuSeconds: after.cpuSeconds - before.cpuSeconds })
}
process.send?.({ runs } satisfies StoringReport)
await endChild(endpoint.child)
process.disconnect()
