/**
 * npm run soak -- [--minutes N] [--seed S] [--rotate SECONDS] [--fault-every SECONDS]
 * The library's Producer against a local endpoint in another process, over real sockets and TLS, with something going
 * wrong every few seconds and sessions and credentials that live for seconds. In the end all must add up, and nothing have grown.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Frame } from '../../src/core/frame/frame.ts'
import { framesLost } from '../../src/core/stats.ts'
import { packet, picture } from '../../src/core/testing/media.ts'
import { SeededRandom } from '../../src/core/testing/simulation/random.ts'
import { Producer, type Summary } from '../../src/node/index.ts'
import type { Question, Stored } from './endpoint.ts'
import { plans } from './faultPlans.ts'
import { megabytes, plot, type Sample, sample, slopePerHour } from './memory.ts'

const streamName = 'soak'
const tokenLifeMs = 25_000
const pictureMs = 100
const gopPictures = 10
const packetMs = 200
/** What a run may grow by: code that is compiled late, and the noise of the heap; and in an hour, less than a leak per session. */
const mostGrowthBytes = 2 * 2 ** 20
const mostGrowthPerHour = 4 * 2 ** 20
/** Until the code is compiled and the caches are full, the heap grows. */
const warmUpShare = 0.3

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    rotate: { type: 'string', default: '20' },
    'fault-every': { type: 'string', default: '5' },
  },
})
const minutes = Number(values.minutes)
const faultEveryMs = 1000 * Number(values['fault-every'])
const random = new SeededRandom(Number(values.seed))

class Endpoint {
  readonly #child: ChildProcess
  #last: Promise<unknown> = Promise.resolve()

  constructor(child: ChildProcess) {
    this.#child = child
  }

  /** One question after the other. */
  ask<T>(question: Question): Promise<T> {
    const answer = this.#last.then(async () => {
      const reply = once(this.#child, 'message')
      this.#child.send(question)
      return (await reply)[0] as T
    })
    this.#last = answer
    return answer
  }

  async end(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}

interface Run {
  readonly endpoint: Endpoint
  readonly producer: Producer
  readonly samples: Sample[]
  readonly startedMs: number
  /** Names of the faults so far. */
  readonly struck: string[]
  put: number
  ended: boolean
  /** What failed last. */
  lastRetry: string
}

process.exitCode = await main()

async function main(): Promise<number> {
  const handlesBefore = handles()
  const child = fork(fileURLToPath(new URL('endpoint.ts', import.meta.url)), { serialization: 'advanced' })
  const [where] = (await once(child, 'message')) as [{ endpoint: string; region: string; caPath: string }]
  const endpoint = new Endpoint(child)
  const options = {
    ...where,
    streamName,
    tracks: [{ codec: 'h264' } as const, { codec: 'aac', sampleRateHz: 48_000, channels: 2 } as const],
    bufferBytes: 4 * 2 ** 20,
    rotateAfterMs: 1000 * Number(values.rotate),
    credentials: () => endpoint.ask<never>({ ask: 'credentials', lifeMs: tokenLifeMs }),
  }
  const producer = new Producer(options)
  const run: Run = {
    endpoint,
    producer,
    samples: [],
    startedMs: performance.now(),
    struck: [],
    put: 0,
    ended: false,
    lastRetry: '',
  }
  producer.once('end', () => {
    run.ended = true
  })
  producer.on('retry', ({ message }) => {
    run.lastRetry = message
  })
  const [calm, over] = [new AbortController(), new AbortController()]
  const others = [breakThings(run, calm.signal), watch(run, over.signal)]
  await playAll(run)
  calm.abort()
  await endpoint.ask({ ask: 'faults', faults: [] })
  const summary = await producer.stop()
  over.abort()
  await Promise.all(others)
  const stored = await endpoint.ask<Stored>({ ask: 'stored', streamName })
  await endpoint.end()
  // What has just been closed is told a turn later.
  await sleep(100)
  return report(run, summary, stored, handles() - handlesBefore)
}

/** Everything that would keep the process alive. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => !['TTYWrap', 'PipeWrap', 'Timeout'].includes(name)).length
}

/** A camera's frames in their time, each with its number. */
async function playAll(run: Run): Promise<void> {
  const totalMs = minutes * 60_000
  for (let ms = 0; ms < totalMs && !run.ended; ms += pictureMs) {
    const waitMs = run.startedMs + ms - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    const key = (ms / pictureMs) % gopPictures === 0
    await put(run, (number) => ({ track: 1, pts: ms, dts: ms, data: picture(number, key, key ? 6000 : 1500) }))
    if (ms % packetMs === 0) await put(run, (number) => ({ track: 2, pts: ms, dts: ms, data: packet(number, 200) }))
  }
}

async function put(run: Run, frameOf: (number: number) => Frame): Promise<void> {
  const frame = frameOf(run.put)
  while (!run.ended && !run.producer.putFrame(frame)) await run.producer.drained()
  run.put++
}

async function breakThings(run: Run, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await pause(faultEveryMs * (0.5 + random.next()), over)
    const { name, faults } = random.pick(plans)
    if (over.aborted) return
    run.struck.push(name)
    await run.endpoint.ask({ ask: 'faults', faults })
  }
}

async function watch(run: Run, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    run.samples.push(sample(run.startedMs, run.producer.bufferedBytes))
    if (run.samples.length % 5 === 0) tell(run)
    await pause(2000, over)
  }
}

async function pause(ms: number, over: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: over }).catch(() => undefined)
}

function tell({ producer, samples, startedMs, struck, lastRetry }: Run): void {
  const { stats } = producer
  const at = new Date(performance.now() - startedMs).toISOString().slice(11, 19)
  const frames = `${stats.framesPut} put, ${stats.framesPersisted} persisted, ${framesLost(stats)} lost`
  const sessions = `${stats.sessions} sessions, ${stats.sessionsFailed} failed`
  const held = `${megabytes(samples[samples.length - 1]?.heldBytes ?? 0)} MB`
  console.log(
    `${at}  ${frames}; ${sessions}; ${struck.length} faults; ${held}; ${handles()} handles; ${struck.at(-1)}; ${lastRetry}`,
  )
}

/** Prints what there is to say; the exit status. */
function report(run: Run, { stats, error }: Summary, stored: Stored, handlesLeft: number): number {
  const lost = framesLost(stats)
  const kept = run.samples.slice(Math.floor(run.samples.length * warmUpShare))
  const hours = ((kept[kept.length - 1]?.atMs ?? 0) - (kept[0]?.atMs ?? 0)) / 3_600_000
  const slope = slopePerHour(kept)
  const [growth, mostGrowth] = [slope * hours, mostGrowthBytes + mostGrowthPerHour * hours]
  const missing = stats.framesPut - stats.framesDiscarded - stored.frames.length
  const checks: [string, boolean][] = [
    [`${stats.framesPut} frames put, ${run.put} offered`, stats.framesPut === run.put],
    [
      `= ${stats.framesPersisted} persisted + ${lost} lost + ${stats.framesDiscarded} discarded`,
      stats.framesPut === stats.framesPersisted + lost + stats.framesDiscarded,
    ],
    [`${stored.frames.length} frames stored, at least those persisted`, stored.frames.length >= stats.framesPersisted],
    [`${missing} not stored, no more than are reported lost`, missing <= lost],
    [`${stored.repeated} fragments stored twice, ${stored.unlike} of them not the same`, stored.unlike === 0],
    [`lost for no reason but "refused": ${Object.keys(stats.lost).join(', ') || 'none'}`, onlyRefused(stats.lost)],
    [`ended with ${error?.code ?? 'nothing to report'}`, error === null || error.code === 'DATA_LOST'],
    [`${stats.sessions} sessions, ${stats.sessionsFailed} failed, ${run.struck.length} faults`, stats.sessions > 1],
    [`${handlesLeft} handles left`, handlesLeft <= 0],
    [
      `memory grew by ${megabytes(growth)} MB (${megabytes(slope)} an hour), at most ${megabytes(mostGrowth)}`,
      growth <= mostGrowth,
    ],
  ]
  console.log(`\nmemory  ${plot(kept)}`)
  for (const [what, holds] of checks) console.log(`${holds ? 'ok  ' : 'FAIL'}  ${what}`)
  return checks.every(([, holds]) => holds) ? 0 : 1
}

function onlyRefused(lost: Summary['stats']['lost']): boolean {
  return Object.keys(lost).every((reason) => reason === 'refused')
}
