/** Frames on their way in: looked at, timed, placed in fragments, written into the buffer, counted. */

import type { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import { KvsError } from './errors.ts'
import type { Frame } from './frame/frame.ts'
import type { SourceClock } from './frame/sourceClock.ts'
import type { WallMs } from './frame/time.ts'
import type { Packager } from './mux/packager.ts'
import type { Verdict } from './room.ts'
import { countLoss, type LossReason, type Stats } from './stats.ts'

export interface IntakeOptions {
  readonly packager: Packager
  readonly sourceClock: SourceClock
  readonly buffer: FragmentBuffer
  readonly stats: Stats
  /** Makes sure of room for so many bytes; `beginsMs` is the time of a frame that begins a fragment. */
  readonly makeRoom: (bytes: number, beginsMs: WallMs | undefined) => Verdict
  /** A fragment has begun. */
  readonly onOpened: () => void
}

export class Intake {
  readonly #options: IntakeOptions
  /** Why frames are left out until the next key frame, where the fragment they belong to is lost. */
  #skipping: LossReason | undefined

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /**
   * Takes a frame; false where there is no room for it, and then it may be put again.
   *
   * @throws KvsError MEDIA_INVALID, FRAME_TOO_LARGE or USAGE: this frame cannot be taken, others still can
   */
  put(frame: Frame): boolean {
    const { packager, sourceClock, makeRoom } = this.#options
    if (!packager.has(frame.track)) throw new KvsError('USAGE', `there is no track ${frame.track}`)
    if (!packager.inspect(frame)) return true
    sourceClock.time(frame)
    const { ptsMs, dtsMs } = sourceClock
    for (;;) {
      const placement = packager.place(ptsMs, dtsMs)
      if (placement === 'discard') return this.#leaveOut(frame, this.#skipping)
      if (placement === 'no-video') return this.#leaveOut(frame, 'no-video')
      const verdict = makeRoom(packager.roomBytes(), placement === 'open' ? ptsMs : undefined)
      if (verdict === 'room') return this.#write(frame, placement)
      if (verdict === 'full') return false
      if (verdict === 'lost') {
        this.abandon('overflow')
        return this.#leaveOut(frame, 'overflow')
      }
    }
  }

  #write(frame: Frame, placement: 'open' | 'append'): true {
    this.#options.packager.write(frame, placement)
    if (placement === 'open') this.#opened()
    this.#countPut(frame)
    this.#countInFragment(frame)
    return true
  }

  /** The open fragment is lost: its frames are, too, up to the next key frame. */
  abandon(reason: LossReason): void {
    this.#options.packager.abandon()
    this.#skipping = reason
  }

  #opened(): void {
    this.#skipping = undefined
    this.#options.sourceClock.opened()
    this.#options.onOpened()
  }

  #leaveOut(frame: Frame, reason: LossReason | undefined): true {
    const { stats } = this.#options
    this.#countPut(frame)
    if (reason !== undefined) {
      countLoss(stats, reason, 0, 1, frame.data.length)
    } else {
      stats.framesDiscarded++
      stats.bytesDiscarded += frame.data.length
    }
    return true
  }

  #countInFragment(frame: Frame): void {
    const fragment = this.#options.buffer.open
    if (fragment === undefined) return
    fragment.frames++
    fragment.frameBytes += frame.data.length
  }

  #countPut(frame: Frame): void {
    const { stats, sourceClock } = this.#options
    if (sourceClock.repair !== undefined) sourceClock.taken()
    stats.framesPut++
    stats.bytesPut += frame.data.length
  }
}
