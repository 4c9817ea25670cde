/** Plays the tracks of a directory: each in its own loop, together by decode time, paced by the media's own time. */

import { KvsError } from '../errors.ts'
import type { Frame } from '../frame/frame.ts'
import { Pacer } from '../frame/pace.ts'
import type { MediaMs } from '../frame/time.ts'
import type { Clock, Files, Timer } from '../platform.ts'
import { type DirectoryTrack, FrameReader, withPath } from './directory.ts'

/** Who takes the frames: a Producer. */
export interface FrameTaker {
  putFrame(frame: Frame): boolean
  whenRoom(task: () => void): void
}

export interface PlayOptions {
  /** How much to play, in media time. */
  readonly durationMs: number
  /** False: as fast as the taker takes. */
  readonly paced: boolean
  /** Called once: null when all is played, else why it ended before. */
  readonly onEnd: (error: unknown) => void
}

interface Playing {
  readonly track: DirectoryTrack
  readonly number: number
  /** Frames put so far, over all loops. */
  frames: number
  /** Sound in G.711: samples put so far, which is what tells the time. */
  samples: number
  /** When the next frame is decoded. */
  nextMs: MediaMs
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Slack of a timer: what is due this soon is due now. */
const timerSlackMs = 0.5

export class DirectoryPlayer {
  readonly #clock: Clock
  readonly #taker: FrameTaker
  readonly #options: PlayOptions
  readonly #playing: readonly Playing[]
  readonly #reader: FrameReader
  readonly #frame: Mutable<Frame> = { track: 0, pts: 0, dts: 0, data: new Uint8Array(0) }
  /** The track that is next; undefined when a frame has been put since. */
  #upcoming: Playing | undefined
  #pacer: Pacer | undefined
  #timer: Timer | undefined
  #over = false

  constructor(clock: Clock, files: Files, tracks: readonly DirectoryTrack[], taker: FrameTaker, options: PlayOptions) {
    this.#clock = clock
    this.#taker = taker
    this.#options = options
    this.#reader = new FrameReader(files)
    this.#playing = tracks.map((track, index) => ({ track, number: index + 1, frames: 0, samples: 0, nextMs: 0 }))
  }

  /** Begins; media time 0 is now. */
  start(): void {
    this.#pacer = new Pacer(this.#clock.monotonicMs())
    this.#step()
  }

  /** Ends without `onEnd`. */
  stop(): void {
    this.#over = true
    this.#timer?.cancel()
  }

  /** Puts all frames that are due, then waits for the next one or for room. */
  #step(): void {
    this.#timer = undefined
    try {
      while (!this.#over) if (!this.#advance()) return
    } catch (error) {
      this.#end(error)
    }
  }

  /** Puts the next frame; false where it is not due yet, not taken, or was the last. */
  #advance(): boolean {
    this.#upcoming ??= this.#next()
    const next = this.#upcoming
    const mediaMs = next.nextMs
    if (mediaMs >= this.#options.durationMs) {
      this.#end(null)
      return false
    }
    const waitMs = this.#options.paced ? (this.#pacer?.waitMs(mediaMs, this.#clock.monotonicMs()) ?? 0) : 0
    if (waitMs > timerSlackMs) {
      this.#timer = this.#clock.setTimer(waitMs, () => this.#step())
      return false
    }
    if (this.#put(next, mediaMs)) return true
    this.#taker.whenRoom(() => this.#step())
    return false
  }

  /** The track whose next frame is decoded first; pictures before sound at the same time, since they open fragments. */
  #next(): Playing {
    let next = this.#playing[0]
    if (next === undefined) throw new KvsError('INTERNAL', 'a player without tracks')
    for (const playing of this.#playing) if (playing.nextMs < next.nextMs) next = playing
    return next
  }

  #put(playing: Playing, mediaMs: MediaMs): boolean {
    const { files, codec, format } = playing.track
    const path = files.path(playing.frames % files.count)
    const frame = this.#frame
    try {
      frame.data = this.#reader.read(path)
      frame.track = playing.number
      frame.pts = mediaMs
      frame.dts = mediaMs
      if (!this.#taker.putFrame(frame)) return false
    } catch (error) {
      throw withPath(error, path)
    }
    playing.frames++
    if (codec === 'alaw' || codec === 'mulaw') playing.samples += frame.data.length / (format.channels ?? 1)
    playing.nextMs = mediaTimeMs(playing)
    this.#upcoming = undefined
    return true
  }

  #end(error: unknown): void {
    this.#over = true
    this.#options.onEnd(error)
  }
}

/** When a track's next frame is decoded, computed from the start so that nothing adds up. */
function mediaTimeMs(playing: Playing): MediaMs {
  const { format, framesPerSecond } = playing.track
  const rateHz = format.sampleRateHz ?? 48_000
  if (format.kind === 'video') return (playing.frames * 1000) / framesPerSecond
  if (format.codec === 'aac') return (playing.frames * 1024 * 1000) / rateHz
  return (playing.samples * 1000) / rateHz
}
