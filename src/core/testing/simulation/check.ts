/** What must hold after every run, whatever has happened in it (docs/design.md, "What always holds"). */

import { framesLost, type Stats } from '../../stats.ts'
import type { Summary } from '../../summary.ts'
import { hex } from '../../text.ts'
import { numberOf } from '../media.ts'
import type { StoredFragment } from '../putSession.ts'
import type { Rig } from '../rig.ts'
import { isPrompt } from './faults.ts'
import { recoveryMs, type Scenario } from './plan.ts'
import type { TimedFrame } from './source.ts'
import type { Witness } from './witness.ts'

export interface Ran {
  readonly scenario: Scenario
  readonly rig: Rig
  readonly witness: Witness
  readonly frames: readonly TimedFrame[]
  /** Numbers of the frames that the producer took. */
  readonly put: readonly number[]
  readonly summary: Summary
}

/** Packets of silence are shorter than any frame of the source. */
const silenceBytes = 8

/** In words what does not hold; empty where all is well. */
export function objectionsTo(ran: Ran): string[] {
  const objections = [...ran.witness.objections]
  const check = (holds: boolean, what: string) => {
    if (!holds) objections.push(what)
  }
  checkSums(ran, check)
  checkStored(ran, check)
  checkQuiet(ran, check)
  checkWire(ran, check)
  checkPace(ran, check)
  checkEnd(ran, check)
  return objections
}

type Check = (holds: boolean, what: string) => void

/** Invariant 1: what was put ends in one place, and the status tells the truth. */
function checkSums({ put, summary, rig }: Ran, check: Check): void {
  const { stats, error, exitStatus } = summary
  const lost = framesLost(stats)
  const { framesPut, framesPersisted, framesDiscarded } = stats
  check(framesPut === put.length, `${put.length} frames were put, and ${framesPut} counted`)
  const { spooled } = stats
  check(
    framesPut === framesPersisted + lost + framesDiscarded + spooled.frames,
    `${framesPut} frames are not ${framesPersisted} persisted + ${lost} lost + ${framesDiscarded} discarded + ${spooled.frames} spooled`,
  )
  const bytesLost = Object.values(stats.lost).reduce((sum, loss) => sum + loss.bytes, 0)
  check(
    stats.bytesPut === stats.bytesPersisted + bytesLost + stats.bytesDiscarded + spooled.bytes,
    'the bytes do not add up',
  )
  check((exitStatus === 0) === (error === null), `status ${exitStatus} with the error ${error?.code}`)
  check(lost === 0 || exitStatus !== 0, 'a loss does not show in the status')
  check(rig.summary === summary, 'the end was told with another summary')
}

/** Invariants 1 and 2: what counts as persisted is stored, each frame once, in order; twice only as it may be. */
function checkStored({ rig, witness, put, summary, frames }: Ran, check: Check): void {
  const once = new Map<number, StoredFragment>()
  for (const fragment of rig.service.stored) {
    const before = once.get(fragment.timecodeMs)
    if (before !== undefined) {
      check(hex(before.bytes) === hex(fragment.bytes), `${fragment.timecodeMs} is stored twice, not the same`)
    }
    once.set(fragment.timecodeMs, fragment)
  }
  const taken = new Set(put)
  const seen = new Set<number>()
  let confirmed = 0
  const latest = new Map<number, number>()
  for (const fragment of [...once.values()].sort((one, other) => one.timecodeMs - other.timecodeMs)) {
    for (const { data, track } of fragment.frames) {
      if (data.length < silenceBytes) continue
      const number = numberOf(data)
      check(taken.has(number), `frame ${number} is stored and was not put`)
      check(!seen.has(number), `frame ${number} is stored in two fragments`)
      check(frames[number]?.frame.track === track, `frame ${number} is stored on track ${track}`)
      check((latest.get(track) ?? -1) < number, `frame ${number} is stored out of order`)
      latest.set(track, number)
      seen.add(number)
      if (witness.confirmed.has(fragment.timecodeMs)) confirmed++
    }
  }
  const { framesPersisted } = summary.stats
  check(framesPersisted === confirmed, `${framesPersisted} frames count as persisted, ${confirmed} were confirmed`)
}

/** Invariant 2, where nothing goes wrong: each fragment goes out once, and all of it is stored. */
function checkQuiet({ scenario, summary, witness, rig }: Ran, check: Check): void {
  const { faults, service, stopTimeoutMs, options } = scenario
  const rotates = service.sessionLifeMs >= 45 * 60_000 && (service.tokenLifeMs ?? 3_600_000) >= 3_600_000
  const patient = options.overflow === 'block' && options.maxLatencyMs === undefined
  if (faults.length > 0 || !rotates || !patient || stopTimeoutMs < recoveryMs) return
  const { stats, error } = summary
  check(error === null, `nothing went wrong, and it ended with ${error?.code}: ${error?.message}`)
  check(framesLost(stats) === 0, `nothing went wrong, and ${framesLost(stats)} frames were lost`)
  const once = new Set(rig.service.stored.map((fragment) => fragment.timecodeMs)).size
  const sent = witness.beginningsMs.length
  check(sent === once, `nothing went wrong, and ${sent} fragments were sent for ${once}`)
}

/** Invariant 4: sessions are what the service takes. */
function checkWire({ rig }: Ran, check: Check): void {
  for (const [number, session] of rig.service.sessions.entries()) {
    for (const fault of session.faults) check(false, `session ${number}: ${fault}`)
    check(session.fragments.length === 0 || session.ebmlHeaders === 1, `session ${number} has another header`)
  }
}

/** The service's limits, and no storm of tries: five calls and five fragments a second. */
function checkPace({ witness, scenario }: Ran, check: Check): void {
  check(most(witness.dialsMs, 1000) <= 5, `${most(witness.dialsMs, 1000)} calls of PutMedia within a second`)
  check(witness.mostRetries <= 40, `${witness.mostRetries} tries within a minute, with nothing confirmed`)
  const operations = most(witness.operationsMs, 10_000)
  check(operations <= 120, `${operations} operations within ten seconds`)
  // A network that lets things lie brings together what went out apart.
  const even = isPrompt(scenario.faults)
  const beginnings = most(witness.beginningsMs, 1000)
  check(!even || beginnings <= 5, `${beginnings} fragments within a second`)
}

/** Most moments within any span; moments rise. */
function most(moments: readonly number[], spanMs: number): number {
  let from = 0
  let count = 0
  for (const [index, ms] of moments.entries()) {
    while ((moments[from] ?? ms) <= ms - spanMs) from++
    count = Math.max(count, index - from + 1)
  }
  return count
}

/** Invariant 3, nothing left behind, and an end that the plan explains. */
function checkEnd({ rig, scenario, summary, witness }: Ran, check: Check): void {
  const { stats, error } = summary
  const { bufferBytes } = scenario.options
  check(rig.blocks.most <= bufferBytes, `${rig.blocks.most} bytes of ${bufferBytes} were held`)
  check(rig.blocks.held <= scenario.blockBytes, `${rig.blocks.held} bytes are not given back`)
  check(rig.service.network.open.size === 0, `${rig.service.network.open.size} sockets are left`)
  check(rig.ownClock.pending === 0, `${rig.ownClock.pending} timers are left`)
  // A service that was never reached says more of a loss than the loss does.
  const neverReached = error?.code === 'GAVE_UP' && stats.framesPersisted === 0 && rig.service.sessions.length === 0
  const ended = error === null || error.code === 'DATA_LOST' || neverReached
  const code = `${error?.code}: ${error?.message}`
  check(error?.code !== 'INTERNAL', code)
  check(ended || scenario.mayEnd || !scenario.mustDeliver, `it ended although nothing is wrong for good: ${code}`)
  checkLosses(stats, scenario, witness, check)
}

function checkLosses(stats: Stats, scenario: Scenario, witness: Witness, check: Check): void {
  const { mustDeliver, source, options } = scenario
  const refused = stats.lost.refused?.fragments ?? 0
  check(refused <= witness.fragmentErrors, `${refused} fragments refused, ${witness.fragmentErrors} errors blamed one`)
  const left = stats.spooled.frames > 0 || stats.lost['not-delivered'] !== undefined
  check(!mustDeliver || !left, 'not delivered although there was time enough')
  check(scenario.spoolBytes !== undefined || stats.spooled.frames === 0, 'spooled without a spool')
  // Of a fragment: a group of pictures or, where that is longer, twenty seconds; and the sound with it.
  const { pictureBytes, keyPictureBytes, gopFrames, framesPerSecond, packetMs } = source
  const pictures = gopFrames + 20 * framesPerSecond
  const gopBytes = keyPictureBytes + pictures * (pictureBytes + 20) + (20_000 / packetMs) * 50
  const small = 2 * gopBytes > options.bufferBytes || scenario.faults.some(({ kind }) => kind === 'memory')
  check(small || stats.lost['larger-than-buffer'] === undefined, 'lost as larger than a buffer that is large enough')
  const overflows = options.overflow !== 'block'
  check(overflows || stats.lost.overflow === undefined, 'lost by overflow although the source can wait')
  check(options.maxLatencyMs !== undefined || stats.lost['too-late'] === undefined, 'too late for no limit')
  check(source.sound === 'with' || stats.lost['no-video'] === undefined, 'lost for want of pictures, without sound')
}
