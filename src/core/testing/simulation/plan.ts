/** A scenario out of a seed: what is streamed, with which options, to which service, and what goes wrong. */

import type { ProducerOptions } from '../../options.ts'
import { type Fault, fragmentErrorIds, windowOf } from './faults.ts'
import { faultsOf } from './planFaults.ts'
import { SeededRandom } from './random.ts'

export interface SourcePlan {
  readonly durationMs: number
  readonly sound: 'none' | 'with' | 'only'
  readonly framesPerSecond: number
  /** Pictures from one key frame to the next. */
  readonly gopFrames: number
  /** Frames before the first key frame. */
  readonly leadingFrames: number
  readonly reordered: boolean
  readonly pictureBytes: number
  readonly keyPictureBytes: number
  readonly packetMs: number
  readonly firstPts: number
}

export interface ServicePlan {
  readonly retentionHours: number
  /** PERSISTED comes so long after RECEIVED. */
  readonly persistMs: readonly [least: number, most: number]
  readonly connectionLimit: number
  readonly sessionLifeMs: number
  /** Undefined: keys without an end. */
  readonly tokenLifeMs: number | undefined
  /** Whether the stream is there from the beginning. */
  readonly exists: boolean
  readonly endsResponse: boolean
}

/** What the producer is told beside its source. */
export type OptionsPlan = Pick<
  ProducerOptions,
  'bufferBytes' | 'create' | 'giveUpAfterMs' | 'overflow' | 'bufferDurationMs' | 'maxLatencyMs' | 'rotateAfterMs'
>

export interface Scenario {
  readonly seed: number
  readonly source: SourcePlan
  readonly service: ServicePlan
  readonly options: OptionsPlan
  readonly blockBytes: number
  /** What the spool's files may take; undefined: there is none. */
  readonly spoolBytes: number | undefined
  /** Metadata is put with every frame whose number is a multiple of this; undefined: never. */
  readonly metadataEvery: number | undefined
  readonly faults: readonly Fault[]
  readonly stopTimeoutMs: number
  /** Something in it may end the producer before it is told to. */
  readonly mayEnd: boolean
  /** All faults pass, and there is time enough after them: everything has to be delivered. */
  readonly mustDeliver: boolean
}

/** Long enough after any fault: a dead connection is noticed in 60 s, tried again in 20 s, and a backlog takes a while. */
export const recoveryMs = 400_000

export function planOf(seed: number): Scenario {
  const random = new SeededRandom(seed)
  const source = sourceOf(random.fork())
  const service = serviceOf(random.fork())
  const [blockBytes, bufferBytes] = bufferOf(random.fork(), source)
  const spoolBytes = random.chance(0.2) ? random.pick([1, 1, 4]) * 2 ** 20 : undefined
  const metadataEvery = random.chance(0.15) ? random.pick([60, 150]) : undefined
  const planned = optionsOf(random.fork(), bufferBytes, service)
  // A spool keeps what a limit of latency would leave out: not both.
  const options = spoolBytes === undefined ? planned : { ...planned, maxLatencyMs: undefined }
  const faults = faultsOf(random.fork(), source.durationMs, service)
  const stopTimeoutMs = random.chance(0.15) ? random.pick([0, 100, 3000, 20_000]) : recoveryMs
  const mayEnd = options.giveUpAfterMs !== undefined || faults.some((fault) => mayEndIt(fault, options.create, faults))
  const mustDeliver = !mayEnd && faults.every(passes) && stopTimeoutMs === recoveryMs
  return {
    seed,
    source,
    service,
    options,
    blockBytes,
    spoolBytes,
    metadataEvery,
    faults,
    stopTimeoutMs,
    mayEnd,
    mustDeliver,
  }
}

function optionsOf(random: SeededRandom, bufferBytes: number, { exists }: ServicePlan): OptionsPlan {
  return {
    bufferBytes,
    create: exists ? random.chance(0.7) : true,
    giveUpAfterMs: random.chance(0.07) ? random.int(0, 30_000) : undefined,
    overflow: random.pick(['block', 'block', 'drop-oldest', 'drop-newest']),
    bufferDurationMs: random.chance(0.15) ? random.pick([20_000, 30_000]) : undefined,
    maxLatencyMs: random.chance(0.15) ? random.pick([2000, 5000, 20_000]) : undefined,
    rotateAfterMs: random.chance(0.5) ? random.pick([1000, 3000, 8000, 20_000]) : undefined,
  }
}

function sourceOf(random: SeededRandom): SourcePlan {
  const sound = random.pick(['none', 'with', 'with', 'with', 'only'] as const)
  const framesPerSecond = random.pick([1, 2, 5, 5, 10, 10, 15])
  const gopSeconds = random.pick([0, 0.5, 1, 1, 2, 2, 3, 5, 25])
  const pictureBytes = random.pick([60, 60, 200, 600, 2000])
  return {
    durationMs: random.pick([3000, 8000, 12_000, 20_000, 30_000, 45_000]),
    sound,
    framesPerSecond,
    gopFrames: Math.max(1, Math.round(gopSeconds * framesPerSecond)),
    leadingFrames: random.chance(0.2) ? random.int(1, 5) : 0,
    reordered: random.chance(0.25),
    pictureBytes,
    keyPictureBytes: pictureBytes * random.pick([1, 2, 6]),
    packetMs: random.pick([64, 120, 250]),
    firstPts: random.pick([0, 0.5, 1234.567, -50_000]),
  }
}

function serviceOf(random: SeededRandom): ServicePlan {
  const least = random.pick([0, 5, 5, 200])
  return {
    retentionHours: random.chance(0.2) ? 0 : 2,
    persistMs: [least, least + random.pick([0, 50, 900, 4000])],
    connectionLimit: random.pick([1, 1, 2, Number.POSITIVE_INFINITY]),
    sessionLifeMs: random.chance(0.15) ? random.int(3000, 20_000) : 45 * 60_000,
    tokenLifeMs: random.chance(0.5) ? random.pick([6000, 20_000, 50_000, 3_600_000]) : undefined,
    exists: random.chance(0.8),
    endsResponse: random.chance(0.9),
  }
}

/** Room for a few of the largest frames at least; now and then less than a fragment. */
function bufferOf(random: SeededRandom, { keyPictureBytes }: SourcePlan): [blockBytes: number, bufferBytes: number] {
  const blockBytes = random.pick([512, 1024, 4096])
  const leastBytes = 2 * keyPictureBytes + 6 * blockBytes
  return [blockBytes, Math.max(leastBytes, random.pick([8, 24, 64, 256, 1024]) * 1024)]
}

function mayEndIt(fault: Fault, create: boolean, faults: readonly Fault[]): boolean {
  switch (fault.kind) {
    case 'refuse':
      return fault.final
    case 'errorAck':
      return fault.final || refusedFragments(faults) >= 3
    case 'endSessions':
      return refusedFragments(faults) >= 3
    case 'delete':
      return !create
    default:
      return false
  }
}

function refusedFragments(faults: readonly Fault[]): number {
  return faults.filter((fault) => 'errorId' in fault && fragmentErrorIds.includes(fault.errorId ?? 0)).length
}

function passes(fault: Fault): boolean {
  // What lies still for good is left by the producer itself; new connections do not.
  return fault.kind === 'hold' || (windowOf(fault)?.untilMs ?? 0) < Number.POSITIVE_INFINITY
}
