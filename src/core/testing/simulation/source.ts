/** The frames of a simulated source, each with its number in it, and the time at which it comes. */

import type { Frame } from '../../frame/frame.ts'
import { packet, picture } from '../media.ts'
import type { Fault } from './faults.ts'
import type { SourcePlan } from './plan.ts'

export interface TimedFrame {
  readonly frame: Frame
  /** Milliseconds after the source's start. */
  readonly atMs: number
}

/** By time; numbered in this order from 0. */
export function framesOf(plan: SourcePlan, faults: readonly Fault[]): TimedFrame[] {
  const shots = [...pictures(plan), ...packets(plan)].filter((shot) => !missing(shot, faults))
  shots.sort((one, other) => one.dts - other.dts || one.track - other.track)
  return shots.map(({ track, key, pts, dts }, number) => {
    const bytes = key ? plan.keyPictureBytes : plan.pictureBytes
    const data = track === soundTrack(plan) ? packet(number) : picture(number, key, bytes)
    const jumpMs = plan.firstPts + jumpOf(dts, faults)
    return { frame: { track, pts: pts + jumpMs, dts: dts + jumpMs, data }, atMs: comesAt({ track, dts }, faults) }
  })
}

/** The track of sound; 0 where there is none. */
export function soundTrack({ sound }: SourcePlan): number {
  if (sound === 'none') return 0
  return sound === 'only' ? 1 : 2
}

interface Shot {
  readonly track: number
  readonly key: boolean
  readonly pts: number
  readonly dts: number
}

function pictures(plan: SourcePlan): Shot[] {
  const { sound, durationMs, framesPerSecond, gopFrames, leadingFrames, reordered } = plan
  if (sound === 'only') return []
  const stepMs = 1000 / framesPerSecond
  const shots: Shot[] = []
  for (let n = 0; n * stepMs < durationMs; n++) {
    const inGop = (n + gopFrames - (leadingFrames % gopFrames)) % gopFrames
    const shown = reordered ? n + 1 + displacement(inGop, gopFrames) : n
    shots.push({ track: 1, key: inGop === 0, pts: shown * stepMs, dts: n * stepMs })
  }
  return shots
}

/** In groups of three pictures after the key frame, the one that is decoded first is shown last. */
function displacement(inGop: number, gopFrames: number): number {
  const first = inGop - ((inGop - 1) % 3)
  if (inGop === 0 || first + 2 >= gopFrames) return 0
  return inGop === first ? 2 : -1
}

function packets(plan: SourcePlan): Shot[] {
  const { sound, durationMs, packetMs } = plan
  const shots: Shot[] = []
  for (let n = 0; sound !== 'none' && n * packetMs < durationMs; n++) {
    shots.push({ track: soundTrack(plan), key: true, pts: n * packetMs, dts: n * packetMs })
  }
  return shots
}

function concerns(fault: Extract<Fault, { kind: 'source' }>, { track, dts }: Pick<Shot, 'track' | 'dts'>): boolean {
  return dts >= fault.fromMs && dts < fault.untilMs && (fault.track === 0 || fault.track === track)
}

function missing(shot: Shot, faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.kind === 'source' && fault.how === 'gap' && concerns(fault, shot))
}

function comesAt(shot: Pick<Shot, 'track' | 'dts'>, faults: readonly Fault[]): number {
  let atMs = shot.dts
  for (const fault of faults) {
    if (fault.kind === 'source' && fault.how === 'late' && concerns(fault, shot)) atMs = Math.max(atMs, fault.untilMs)
  }
  return atMs
}

function jumpOf(dts: number, faults: readonly Fault[]): number {
  return faults.reduce((ms, fault) => ms + (fault.kind === 'sourceClock' && dts >= fault.atMs ? fault.byMs : 0), 0)
}
