/** A source, its frames one after the other, and what becomes of their times. */

import { mustBe } from '../../testing/must.ts'
import type { CodecName } from '../frame.ts'
import { Repairs } from '../repairs.ts'
import { SourceClock } from '../sourceClock.ts'

/** The time of day at the start. */
export const startMs = 1_700_000_000_000

export class TimedSource {
  nowMs = 0
  readonly counts = { timesRepaired: 0, repairs: {} as Record<string, number> }
  readonly warnings: string[] = []
  readonly clock: SourceClock

  constructor({
    live = false,
    codecs = ['h264', 'aac'],
    originMs,
  }: {
    live?: boolean
    codecs?: readonly CodecName[]
    originMs?: number
  } = {}) {
    this.clock = new SourceClock({
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 0, setTimer: () => ({ cancel: () => undefined }) },
      nowMs: () => startMs + this.nowMs,
      originMs,
      tracks: codecs.map((codec) => ({ codec })),
      live,
      repairs: new Repairs(this.counts, (message) => this.warnings.push(message)),
    })
  }

  /** A frame; its time after the start of the stream. */
  put(track: number, pts: number, dts = pts): number {
    const frame = { track, pts, dts, data: new Uint8Array(0) }
    this.clock.time(frame)
    const { ptsMs, dtsMs } = this.clock
    this.clock.time(frame)
    mustBe(this.clock.ptsMs, ptsMs, 'asked again')
    mustBe(this.clock.dtsMs, dtsMs, 'asked again for its dts')
    this.clock.taken()
    return this.clock.ptsMs - startMs
  }

  /** Pictures every 40 ms and sound every 20 ms, as they come from a camera, whose clock is at `clockMs`. */
  play(durationMs: number, clockMs: number, soundMs = clockMs): { video: number[]; audio: number[] } {
    const video: number[] = []
    const audio: number[] = []
    for (let ms = 0; ms < durationMs; ms += 20) {
      if (ms % 40 === 0) video.push(this.put(1, clockMs + ms))
      if (ms % 1000 === 0) this.clock.opened()
      audio.push(this.put(2, soundMs + ms))
      this.nowMs += 20
    }
    return { video, audio }
  }
}

/** `count` times from `fromMs` on. */
export function every(stepMs: number, count: number, fromMs: number): number[] {
  return Array.from({ length: count }, (_, n) => fromMs + n * stepMs)
}
