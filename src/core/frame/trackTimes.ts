/** The times of one track as they come, and what is expected of the next one. */

import type { Stepped } from './clockSteps.ts'
import type { MediaMs } from './time.ts'
import { TrackLag } from './trackLag.ts'

/** Frames of a track are no further apart, or something has happened: also the most that dts may lie before pts. */
export const maxGapMs = 5000

/** For so long a track shows whether its pts go back and forth. */
const learningMs = 10_000

/** How far they may until then: 16 pictures (H.264 section A.3.1), roughly. */
const maxReorderMs = 1000

export class TrackTimes {
  readonly video: boolean
  /** What is added to the source's times; undefined before the first frame. */
  offsetMs: number | undefined
  /** The highest dts so far; NaN: none yet, or the frame before had none. */
  lastMs: MediaMs = Number.NaN
  /** Between frames, smoothed. */
  intervalMs: number
  /** Its dts are no copies of pts. */
  ordered = false
  /** How far pts has gone back, where it is not in order and dts is a copy of it. */
  reorderMs = 0
  /** The steps of its clock: how many of the source's it has seen, and its last. */
  stepsSeen = 0
  stepped: Stepped | null = null
  /** Ahead of the first track, and its latest frame when that was looked at. */
  readonly lag = new TrackLag()
  sampledMs: MediaMs = Number.NaN
  #learnsUntilMs: MediaMs = 0
  /** Frames without a time since the last one that had one, and where the last of them was put. */
  #guesses = 0
  #guessedMs: MediaMs = Number.NaN
  /** The last dts before them; NaN: there has been none. */
  #realMs: MediaMs = Number.NaN

  constructor(video: boolean) {
    this.video = video
    this.intervalMs = video ? 40 : 20
  }

  begin(offsetMs: number, dts: MediaMs): void {
    this.offsetMs = offsetMs
    this.lastMs = dts
    this.#learnsUntilMs = dts + learningMs
  }

  /** Adds to all times from here on. */
  move(byMs: number): void {
    this.offsetMs = (this.offsetMs ?? 0) + byMs
  }

  /** Its clock is another from here on, of which `dts` is the first time. */
  restart(dts: MediaMs): void {
    this.lastMs = dts
    this.#learnsUntilMs = Number.NEGATIVE_INFINITY
  }

  /** Of the latest frame, guessed or not; NaN before the first. */
  get latestMs(): MediaMs {
    return this.#guesses > 0 ? this.#guessedMs : this.lastMs
  }

  /** Some frame has had a time. */
  get everTimed(): boolean {
    const real = this.#guesses > 0 ? this.#realMs : this.lastMs
    return !Number.isNaN(real)
  }

  /** How far pts go back and forth at most. */
  get reorderLimitMs(): number {
    if (!this.video || this.ordered) return 0
    return this.lastMs < this.#learnsUntilMs ? maxReorderMs : 2 * this.reorderMs
  }

  /** A frame without a time was put at `ms`. */
  guessed(ms: MediaMs): void {
    if (this.#guesses++ === 0) this.#realMs = this.lastMs
    this.#guessedMs = ms
    this.lastMs = Number.NaN
  }

  /** The first time after frames without one: `lastMs` is set to what it is to be compared with. */
  compareGuesses(dts: MediaMs): void {
    if (this.#guesses === 0) return
    const timed = this.everTimed
    const frames = this.#guesses + 1
    const sinceMs = dts - this.#realMs
    this.#guesses = 0
    this.lastMs = this.#guessedMs
    if (!timed) {
      // Nothing has been told of this clock so far: it goes on from where the guesses are.
      this.move(this.#guessedMs + this.intervalMs - dts)
      this.lastMs = dts
    } else if (sinceMs >= 0 && sinceMs <= maxGapMs + frames * this.intervalMs) {
      this.intervalMs = sinceMs / frames
      this.lastMs = dts
    }
  }
}
