/**
 * Where a source's own times lie in the time of day. Times that cannot be right are repaired, never refused: media a
 * little off is worth more than none.
 */

import { KvsError } from '../errors.ts'
import type { Clock } from '../platform.ts'
import { ClockSteps, undoes } from './clockSteps.ts'
import { type Frame, kindOf, type TrackOptions } from './frame.ts'
import type { RepairKind, Repairs } from './repairs.ts'
import type { MediaMs, MonotonicMs, WallMs } from './time.ts'
import { maxGapMs, TrackTimes } from './trackTimes.ts'

/** Less than this is no step of a clock but the jitter of whoever writes down the times. */
const jitterMs = 100

/** A recording may pause for a year; beyond that its clock is wrong. */
const maxPauseMs = 3e10

/** Clocks that are right are slewed by less: no reason to move media that has its times already. */
const toleranceMs = 1000

/** Numbers beyond this are no times. */
const maxMediaMs = 2 ** 52

export interface SourceClockOptions {
  readonly clock: Clock
  /** The time of day as far as it is known. */
  readonly nowMs: () => WallMs
  /** Epoch milliseconds at which pts is 0; undefined: such that the first frame is now. */
  readonly originMs: WallMs | undefined
  readonly tracks: readonly Pick<TrackOptions, 'codec'>[]
  /** Frames come as they are made: then their clock can be compared with ours. */
  readonly live: boolean
  readonly repairs: Repairs
}

export class SourceClock {
  readonly #options: SourceClockOptions
  readonly #tracks: readonly TrackTimes[]
  readonly #steps = new ClockSteps()
  /** Of tracks that are still to come; undefined before the first frame. */
  #originMs: WallMs | undefined
  /** What the time of day was ahead of the monotonic clock when the first frame was placed; undefined: never asked. */
  #aheadMs: number | undefined
  /** A moment at which a frame came, and that frame's time. */
  #markMs: MonotonicMs = 0
  #markedMs: WallMs = 0
  /** Of the frame asked about last, on the stream's time line, whole milliseconds. */
  ptsMs: WallMs = 0
  /** Down to this, pictures may be shown that follow it in order of decoding. */
  dtsMs: WallMs = 0
  /** What was done to that frame's time alone; where there is something, `taken` is to be called once the frame counts. */
  repair: RepairKind | undefined
  #repairMs = 0
  #guessing: TrackTimes | undefined

  constructor(options: SourceClockOptions) {
    this.#options = options
    this.#tracks = options.tracks.map(({ codec }) => new TrackTimes(kindOf(codec) === 'video'))
  }

  /**
   * Sets `ptsMs` and `dtsMs` for a frame. Asking again for the same frame gives the same.
   *
   * @throws KvsError USAGE for numbers that are no times
   */
  time(frame: Frame): void {
    const track = this.#tracks[frame.track - 1]
    if (track === undefined) throw new KvsError('USAGE', `there is no track ${frame.track}`)
    if (this.repair !== undefined) this.#forget()
    let { pts, dts } = frame
    // Written so that what is no number is found, too.
    if (!(pts <= maxMediaMs)) {
      pts = this.#missing(track, pts, dts)
      if (this.#guessing !== undefined) return
    }
    if (!(dts <= pts && pts - dts <= maxGapMs)) dts = pts
    else if (dts !== pts) track.ordered = true
    const gapMs = dts - track.lastMs
    if (gapMs >= 0 && gapMs <= maxGapMs) {
      track.lastMs = dts
      // Not where the same frame is asked about again.
      if (gapMs > 0) track.intervalMs += (gapMs - track.intervalMs) / 16
    } else pts += this.#irregular(track, pts, dts)
    const offsetMs = track.offsetMs ?? 0
    this.ptsMs = Math.round(pts + offsetMs)
    this.dtsMs = Math.round(dts - track.reorderMs + offsetMs)
  }

  /** The frame asked about last is in a fragment, or left out: what was done to its time counts. */
  taken(): void {
    if (this.repair === undefined) return
    this.#options.repairs.count(this.repair, this.#repairMs)
    this.#guessing?.guessed(this.#repairMs)
    this.#forget()
  }

  /** A fragment has begun with the frame asked about last: the moment to compare clocks, at no cost per frame. */
  opened(): void {
    const [reference, ...others] = this.#tracks
    if (!this.#options.live || reference === undefined) return
    this.#mark(this.ptsMs)
    for (const track of others) this.#compare(reference, track)
    reference.sampledMs = reference.lastMs
  }

  /**
   * The time of day is known better than before. Moves what comes next, and returns by how many milliseconds what has
   * been placed already is to be moved; 0 where that was right, or an origin was given.
   */
  correct(): number {
    if (this.#aheadMs === undefined || this.#originMs === undefined) return 0
    const byMs = Math.round(this.#aheadOfMonotonicMs() - this.#aheadMs)
    if (Math.abs(byMs) < toleranceMs) return 0
    this.#aheadMs += byMs
    this.#originMs += byMs
    this.#markedMs += byMs
    for (const track of this.#tracks) if (track.offsetMs !== undefined) track.move(byMs)
    return byMs
  }

  #forget(): void {
    this.repair = undefined
    this.#guessing = undefined
  }

  /** The pts of a frame whose own is no time: its dts, or else a guess that is placed already. */
  #missing(track: TrackTimes, pts: MediaMs, dts: MediaMs): MediaMs {
    if (!Number.isNaN(pts)) throw noTime(pts)
    this.repair = 'missing'
    if (dts <= maxMediaMs) return dts
    const ms = this.#guess(track)
    this.#guessing = track
    this.#repairMs = ms
    this.ptsMs = Math.round(ms + (track.offsetMs ?? 0))
    this.dtsMs = this.ptsMs
    return ms
  }

  #guess(track: TrackTimes): MediaMs {
    if (track.offsetMs === undefined) {
      const ms = this.#originMs === undefined ? 0 : this.#latestMs() - this.#originMs
      this.#begin(track, ms, ms)
      track.lastMs = Number.NaN
    }
    const { latestMs, intervalMs, offsetMs = 0 } = track
    if (Number.isNaN(latestMs)) return this.#firstGuess(offsetMs)
    if (track.everTimed || !this.#options.live) return latestMs + intervalMs
    return Math.max(latestMs, this.#liveMs() - offsetMs)
  }

  /** Beside the other tracks; where there are none, on the origin. */
  #firstGuess(offsetMs: number): MediaMs {
    const latestMs = this.#latestMs()
    return latestMs === Number.NEGATIVE_INFINITY ? this.#markedMs - offsetMs : latestMs - offsetMs
  }

  /** A frame whose dts is not a little above the one before. Returns what is to be added to its pts alone. */
  #irregular(track: TrackTimes, pts: MediaMs, dts: MediaMs): number {
    if (!(pts >= -maxMediaMs)) throw noTime(pts)
    if (track.offsetMs === undefined) this.#begin(track, pts, dts)
    track.compareGuesses(dts)
    const backMs = track.lastMs - dts
    if (backMs > 0 && backMs <= this.#toleratedMs()) return this.#outOfOrder(track, backMs)
    if (backMs > 0 || backMs < -maxGapMs) this.#step(track, dts)
    else track.lastMs = dts
    return 0
  }

  /** The first frame of a track. */
  #begin(track: TrackTimes, pts: MediaMs, dts: MediaMs): void {
    const { clock, nowMs, originMs: givenMs, live } = this.#options
    const originMs = this.#originMs ?? givenMs ?? nowMs() - pts
    if (this.#originMs === undefined) {
      const ptsMs = Math.round(originMs + pts)
      if (!(ptsMs >= 0 && Number.isSafeInteger(ptsMs))) throw noTime(pts)
      this.#originMs = originMs
      if (givenMs === undefined) this.#aheadMs = this.#aheadOfMonotonicMs()
      this.#markMs = clock.monotonicMs()
      this.#markedMs = ptsMs
    }
    track.begin(originMs, dts)
    const offMs = originMs + dts - (live ? this.#liveMs() : this.#latestMs())
    // A clock of its own. What is recorded need not be stored in the order of time, so it may be ahead.
    if (offMs < -maxGapMs || (live && offMs > maxGapMs)) this.#move(track, offMs, -offMs)
  }

  #step(track: TrackTimes, dts: MediaMs): void {
    const { live } = this.#options
    const atMs = (track.offsetMs ?? 0) + dts
    const expectedMs = (track.offsetMs ?? 0) + track.lastMs + track.intervalMs
    const stepMs = atMs - expectedMs
    const liveMs = live ? this.#liveMs() : expectedMs
    const pause = stepMs > 0 && atMs - liveMs <= (live ? maxGapMs : maxPauseMs) && !undoes(stepMs, track.stepped)
    if (pause) {
      track.lastMs = dts
      return
    }
    const targetMs = liveMs > expectedMs + toleranceMs ? liveMs : expectedMs
    const movedMs = this.#steps.move(track.stepsSeen, track.stepped, stepMs, expectedMs, targetMs)
    track.stepsSeen = this.#steps.count
    track.stepped = { stepMs, movedMs }
    track.restart(dts)
    this.#move(track, stepMs, movedMs)
  }

  #move(track: TrackTimes, stepMs: number, byMs: number): void {
    track.move(byMs)
    this.#originMs = track.offsetMs
    this.#options.repairs.count(stepMs < 0 ? 'backward' : 'forward', Math.abs(stepMs))
  }

  /** A picture that is shown before one that came before it, or sound that was timed badly. */
  #outOfOrder(track: TrackTimes, backMs: number): number {
    if (track.ordered) return 0
    if (track.video) {
      track.reorderMs = Math.max(track.reorderMs, backMs)
      return 0
    }
    this.repair = 'order'
    this.#repairMs = backMs
    return backMs
  }

  /** How far a time may go back without being a step of the clock, which all tracks share. */
  #toleratedMs(): number {
    return this.#tracks.reduce((ms, { reorderLimitMs }) => Math.max(ms, reorderLimitMs), jitterMs)
  }

  #compare(reference: TrackTimes, track: TrackTimes): void {
    const { lag, lastMs } = track
    const flows = lastMs > track.sampledMs && reference.lastMs > reference.sampledMs
    track.sampledMs = lastMs
    if (!flows) lag.restart()
    if (!flows) return
    const changeMs = lag.sample(lastMs + (track.offsetMs ?? 0) - reference.lastMs - (reference.offsetMs ?? 0))
    if (changeMs === 0) return
    // The one behind is moved: times that have been given are never gone back to.
    const behind = changeMs < 0 ? track : reference
    behind.move(Math.abs(changeMs))
    for (const other of this.#tracks) other.lag.restart()
    this.#options.repairs.count('drift', Math.abs(changeMs))
  }

  #mark(atMs: WallMs): void {
    this.#markMs = this.#options.clock.monotonicMs()
    this.#markedMs = atMs
  }

  /** The time of a frame that is made now, as far as the last mark tells. */
  #liveMs(): WallMs {
    return this.#markedMs + this.#options.clock.monotonicMs() - this.#markMs
  }

  /** Of all tracks' latest frames. */
  #latestMs(): WallMs {
    let latest = Number.NEGATIVE_INFINITY
    for (const { offsetMs = 0, latestMs } of this.#tracks) {
      if (latestMs + offsetMs > latest) latest = latestMs + offsetMs
    }
    return latest
  }

  #aheadOfMonotonicMs(): number {
    return this.#options.nowMs() - this.#options.clock.monotonicMs()
  }
}

function noTime(pts: number): KvsError {
  return new KvsError('USAGE', `a frame cannot have the time ${pts}`)
}
