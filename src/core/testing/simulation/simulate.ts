/** One run out of a seed: a producer before the fake service, everything that goes wrong, and the checks after it. */

import { KvsError } from '../../errors.ts'
import type { Crypto } from '../../platform.ts'
import type { Summary } from '../../summary.ts'
import { ForgetfulFiles } from '../forgetfulFiles.ts'
import { Rig } from '../rig.ts'
import { objectionsTo } from './check.ts'
import { isPrompt } from './faults.ts'
import { Identities } from './identity.ts'
import { planOf, recoveryMs, type Scenario } from './plan.ts'
import { SeededRandom } from './random.ts'
import { framesOf, type TimedFrame } from './source.ts'
import { Strikes } from './strikes.ts'
import { Witness } from './witness.ts'

export interface Outcome {
  readonly seed: number
  /** Over all that happened: the same seed gives the same. */
  readonly hash: number
  /** In words what did not hold. */
  readonly objections: readonly string[]
  /** What happened, with simulated milliseconds. */
  readonly lines: readonly string[]
  readonly scenario: Scenario
  readonly summary: Summary | undefined
}

/** More than any run needs, beside those that come with each frame. */
const mostTimers = 60_000
const mostTimersPerFrame = 20

/** Nobody checks signatures here: a hash that costs little does as well. */
const quickCrypto: Crypto = { sha256: quickHash, hmacSha256: (_key, bytes) => quickHash(bytes) }

function quickHash(bytes: Uint8Array): Uint8Array {
  let sum = bytes.length
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0
  return new Uint8Array(32).fill(sum & 255)
}

/** Runs the scenario of a seed. Never rejects: what is thrown is an objection. */
export async function simulate(seed: number): Promise<Outcome> {
  return play(planOf(seed))
}

/** Runs a scenario, of a seed or made by hand. */
export async function play(scenario: Scenario): Promise<Outcome> {
  const random = new SeededRandom(scenario.seed).fork()
  const rig = rigOf(scenario, random.fork())
  const witness = new Witness(rig.clock, scenario.service.retentionHours, isPrompt(scenario.faults))
  const objections: string[] = []
  try {
    objections.push(...(await run(scenario, rig, witness, random)))
  } catch (thrown) {
    objections.push(thrown instanceof Error ? `${thrown.message}\n${thrown.stack}` : String(thrown))
  }
  return { seed: scenario.seed, hash: witness.hash, objections, lines: witness.lines, scenario, summary: rig.summary }
}

const identities = new WeakMap<Rig, Identities>()

function rigOf(scenario: Scenario, random: SeededRandom): Rig {
  const { service, source, options, blockBytes, spoolBytes } = scenario
  const storage = new ForgetfulFiles()
  const sound = { codec: 'aac', sampleRateHz: 48_000, channels: 2 } as const
  const tracks = { none: [{ codec: 'h264' }], with: [{ codec: 'h264' }, sound], only: [sound] } as const
  const rig: Rig = new Rig(
    {
      tracks: tracks[source.sound],
      ...options,
      spool: spoolBytes === undefined ? undefined : { storage, directory: '/spool', capacityBytes: spoolBytes },
      retentionHours: service.retentionHours,
      credentials: () => identities.get(rig)?.provider() ?? Promise.reject(new Error('the run has not begun')),
    },
    blockBytes,
    {
      crypto: quickCrypto,
      random: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = random.int(0, 255)
      },
    },
  )
  rig.service.addStream('cam', service.retentionHours)
  if (!service.exists) rig.service.streams.clear()
  return rig
}

async function run(scenario: Scenario, rig: Rig, witness: Witness, random: SeededRandom): Promise<string[]> {
  const { service, faults, source, stopTimeoutMs } = scenario
  const identity = new Identities(rig.clock, service.tokenLifeMs, faults)
  identities.set(rig, identity)
  rig.onEvent = (event) => witness.onEvent(event)
  rig.blocks.spent = () => {
    const nowMs = rig.clock.monotonicMs()
    return faults.some((fault) => fault.kind === 'memory' && nowMs >= fault.fromMs && nowMs < fault.untilMs)
  }
  new Strikes(rig.service, service, faults, identity, random, witness).begin()
  // What may be kept back in the network or for want of an ack or of memory, is nobody's idleness.
  const busy = isPrompt(faults) && faults.every(({ kind }) => kind !== 'acks' && kind !== 'memory')
  rig.service.onIdle = ({ connection }) => {
    if (busy && connection.state === 'open' && rig.producer.bufferedBytes > 2 * scenario.blockBytes)
      witness.objections.push('idle, with media to send')
  }
  const frames = framesOf(source, faults)
  rig.clock.mostFired = mostTimers + mostTimersPerFrame * frames.length
  rig.producer.start()
  const put = await putAll(frames, rig, scenario)
  witness.note('stop')
  const stopped = rig.producer.stop(stopTimeoutMs)
  await rig.clock.until(() => rig.summary !== undefined, stopTimeoutMs + 1)
  const summary = await stopped
  await rig.clock.advance(0)
  return objectionsTo({ scenario, rig, witness, frames, put, summary })
}

/** Puts each frame when its time comes, and where there is no room waits for it; ends early where the producer does. */
async function putAll(frames: readonly TimedFrame[], rig: Rig, scenario: Scenario): Promise<number[]> {
  const { mustDeliver: patient, metadataEvery } = scenario
  const { clock } = rig
  const startMs = clock.monotonicMs()
  const put: number[] = []
  for (const [number, { frame, atMs }] of frames.entries()) {
    const waitMs = startMs + atMs - clock.monotonicMs()
    if (waitMs > 0) await clock.advance(waitMs)
    if (metadataEvery !== undefined && number % metadataEvery === 0) putMetadata(rig, number)
    const fullFromMs = clock.monotonicMs()
    while (!tryPut(rig, frame)) {
      if (rig.summary !== undefined) return put
      if (clock.monotonicMs() - fullFromMs < recoveryMs) await change(rig)
      else if (patient) throw new Error(`the source has waited for room for ${recoveryMs / 1000} s`)
      else return put
    }
    put.push(number)
  }
  return put
}

function putMetadata({ producer, summary }: Rig, number: number): void {
  if (summary !== undefined) return
  producer.putMetadata(`name${number % 4}`, `value ${number}`, { persistent: number % 8 < 4 })
}

function tryPut(rig: Rig, frame: TimedFrame['frame']): boolean {
  try {
    return rig.producer.putFrame(frame)
  } catch (error) {
    if (rig.summary !== undefined && error instanceof KvsError) return false
    throw error
  }
}

/** There may be room, or a while has passed. */
async function change({ clock, producer }: Rig): Promise<void> {
  let room = false
  producer.whenRoom(() => {
    room = true
  })
  const untilMs = clock.monotonicMs() + recoveryMs
  await clock.until(() => room || clock.monotonicMs() >= untilMs, recoveryMs + 60_000)
}
