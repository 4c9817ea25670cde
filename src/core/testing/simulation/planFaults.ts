/** The faults of one run: some, of any kind, at any time. */

import {
  type Fault,
  fatalErrorIds,
  finalRefusals,
  fragmentErrorIds,
  passingRefusals,
  sessionErrorIds,
  streamErrorIds,
  type Window,
} from './faults.ts'
import type { ServicePlan } from './plan.ts'
import type { SeededRandom } from './random.ts'

/** Errors that no other try can mend end a run early, which makes it a poor test of all else: they are rare. */
const finalShare = 0.03

interface Situation {
  readonly random: SeededRandom
  readonly durationMs: number
  readonly service: ServicePlan
}

type Maker = (situation: Situation) => Fault | undefined

export function faultsOf(random: SeededRandom, durationMs: number, service: ServicePlan): Fault[] {
  const count = random.pick([0, 1, 1, 2, 2, 3, 3, 4, 5, 7])
  const faults: Fault[] = []
  for (let n = 0; n < count; n++) {
    const fault = random.pick(makers)({ random, durationMs, service })
    if (fault !== undefined) faults.push(fault)
  }
  if (random.chance(0.04)) faults.push({ kind: 'dial', host: '', how: 'silence', ...forGood(random, durationMs) })
  return faults
}

/** Any time; more often while the first session comes about, where there are most steps. */
function anyMs({ random, durationMs }: Situation): number {
  return random.chance(0.3) ? random.int(0, 30) : random.int(0, durationMs)
}

function anyWindow(situation: Situation): Window {
  const { random } = situation
  const fromMs = anyMs(situation)
  return { fromMs, untilMs: fromMs + random.int(1, random.pick([10, 500, 5000, 20_000, 90_000])) }
}

function forGood(random: SeededRandom, durationMs: number): Window {
  return { fromMs: random.int(0, durationMs), untilMs: Number.POSITIVE_INFINITY }
}

const operations = ['', 'describeStream', 'getDataEndpoint', 'putMedia', 'putMedia', 'createStream']

const dial: Maker = (situation) => ({
  kind: 'dial',
  host: situation.random.pick(['control', 'data', 'data', ''] as const),
  how: situation.random.pick(['refused', 'silence', 'name', 'tls', 'certificateTime'] as const),
  ...anyWindow(situation),
})

const refuse: Maker = (situation) => {
  const { random, service } = situation
  const hopeless = random.chance(finalShare)
  const operation = random.pick(operations)
  const refusal = random.pick(hopeless ? finalRefusals : passingRefusals)
  // Keys without an end will not become other ones.
  const final = hopeless || (refusal.type === 'ExpiredTokenException' && service.tokenLifeMs === undefined)
  return { kind: 'refuse', operation, refusal, final, ...anyWindow(situation) }
}

const cutAtByte: Maker = ({ random }) => ({
  kind: 'cutAtByte',
  direction: random.pick(['up', 'up', 'down'] as const),
  connection: random.int(0, 5),
  byte: random.int(0, random.pick([1500, 3000, 10_000, 60_000])),
})

const close: Maker = (situation) => ({
  kind: 'close',
  atMs: anyMs(situation),
  inOrder: situation.random.chance(0.4),
})

const hold: Maker = (situation) => {
  const { random } = situation
  const window = anyWindow(situation)
  const untilMs = random.chance(0.3) ? Number.POSITIVE_INFINITY : window.untilMs
  const direction = random.pick(['up', 'down', 'both'] as const)
  return { kind: 'hold', direction, windowBytes: random.pick([0, 2000, 60_000]), fromMs: window.fromMs, untilMs }
}

const slow: Maker = (situation) => ({
  kind: 'slow',
  bytesPerMs: situation.random.pick([0.3, 1, 3, 20, 100]),
  ...anyWindow(situation),
})

const errorAck: Maker = ({ random }) => {
  const final = random.chance(finalShare)
  const passing = random.pick([fragmentErrorIds, sessionErrorIds, streamErrorIds])
  return {
    kind: 'errorAck',
    session: random.pick([0, 0, 0, 1, 1, 2, 3]),
    fragment: random.int(0, random.pick([1, 4, 12])),
    at: random.pick(['begin', 'end'] as const),
    errorId: random.pick(final ? fatalErrorIds : passing),
    names: random.pick(['it', 'it', 'none', 'another'] as const),
    final,
  }
}

const endSessions: Maker = (situation) => ({
  kind: 'endSessions',
  atMs: anyMs(situation),
  errorId: situation.random.pick(situation.random.pick([sessionErrorIds, fragmentErrorIds])),
})

const acks: Maker = (situation) => ({
  kind: 'acks',
  type: situation.random.pick(['', 'BUFFERING', 'RECEIVED', 'PERSISTED', 'PERSISTED'] as const),
  delayMs: situation.random.pick([50, 800, 6000, 70_000, Number.POSITIVE_INFINITY]),
  ...anyWindow(situation),
})

const strayAck: Maker = (situation) => ({
  kind: 'strayAck',
  atMs: anyMs(situation),
  what: situation.random.pick(['foreign', 'idle', 'repeat', 'unsent'] as const),
})

const deletion: Maker = (situation) => ({
  kind: 'delete',
  atMs: anyMs(situation),
  errorId: situation.random.pick([4008, 4507, undefined]),
})

const clock: Maker = (situation) => ({
  kind: 'clock',
  atMs: anyMs(situation),
  byMs: situation.random.pick([-1, 1]) * situation.random.pick([300, 8000, 600_000, 86_400_000, 1.6e12]),
})

const expire: Maker = (situation) => {
  if (situation.service.tokenLifeMs === undefined) return undefined
  return { kind: 'expire', atMs: anyMs(situation), endsSessions: situation.random.chance(0.5) }
}

const provider: Maker = (situation) => ({
  kind: 'provider',
  how: situation.random.pick(['fails', 'slow'] as const),
  ...anyWindow(situation),
})

const move: Maker = (situation) => ({
  kind: 'move',
  atMs: anyMs(situation),
  leaves: situation.random.pick(['word', 'nothing'] as const),
})

const noContinue: Maker = (situation) => ({ kind: 'noContinue', ...anyWindow(situation) })

const source: Maker = (situation) => ({
  kind: 'source',
  how: situation.random.pick(['gap', 'late'] as const),
  track: situation.random.pick([0, 0, 1, 2] as const),
  ...anyWindow(situation),
})

const sourceClock: Maker = (situation) => ({
  kind: 'sourceClock',
  atMs: anyMs(situation),
  byMs: situation.random.pick([-60_000, -6000, -2000, -40, 40, 2000, 30_000, 600_000]),
})

const memory: Maker = (situation) => ({ kind: 'memory', ...anyWindow(situation) })

const makers: readonly Maker[] = [
  ...[dial, dial, refuse, refuse, refuse, cutAtByte, cutAtByte, cutAtByte, close, close, hold, hold, slow],
  ...[errorAck, errorAck, errorAck, endSessions, acks, acks, strayAck, deletion, clock, expire, provider, move],
  ...[noContinue, source, source, sourceClock, memory],
]
