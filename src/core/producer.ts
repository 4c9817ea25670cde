/**
 * START HERE. The journey of a frame: frame → mux → buffer → send → ack → release. The only file that knows the order.
 */

import { AckParser } from './ack/parser.ts'
import { settle } from './ack/settle.ts'
import type { PreparedStream } from './aws/prepare.ts'
import { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import { KvsError } from './errors.ts'
import { logEvent, type ProducerEvent } from './events.ts'
import type { Fragment } from './frame/fragment.ts'
import type { Frame } from './frame/frame.ts'
import { Timeline } from './frame/timeline.ts'
import { serviceLimits } from './mux/fragmenter.ts'
import { Packager } from './mux/packager.ts'
import { endOfFragment } from './mux/tags.ts'
import { checkOptions, type ProducerOptions } from './options.ts'
import type { Platform, Timer } from './platform.ts'
import { FragmentRate } from './send/fragmentRate.ts'
import { SessionLine } from './send/sessionLine.ts'
import type { LineState } from './send/states.ts'
import { StreamService } from './service.ts'
import { countLoss, type LossReason, newStats, type Stats } from './stats.ts'
import { type Summary, summarise } from './summary.ts'

/** The service ends a session after 30 s without media: a fragment is completed before, or it would never be stored. */
const silenceMs = 10_000

export class Producer {
  readonly stats: Stats = newStats()
  readonly #platform: Platform
  readonly #onEvent: (event: ProducerEvent) => void
  readonly #buffer: FragmentBuffer
  readonly #packager: Packager
  readonly #service: StreamService
  readonly #line: SessionLine
  readonly #timeline: Timeline
  /** Why frames are left out until the next key frame, where the fragment they belong to is lost. */
  #skipping: LossReason | undefined
  #outgrown = false
  /** A frame was not taken, and nothing has changed since. */
  #full = false
  /** The frame put last was not taken. */
  #heldUp = false
  #waiters: (() => void)[] = []
  #stopping = false
  #stopTimer: Timer | undefined
  #silenceTimer: Timer | undefined
  #stopUntilMs = Number.POSITIVE_INFINITY
  #summary: Summary | undefined
  readonly #ended: ((summary: Summary) => void)[] = []

  /** Throws KvsError CONFIGURATION where the options contradict themselves or the service's limits. */
  constructor(platform: Platform, options: ProducerOptions, onEvent: (event: ProducerEvent) => void) {
    checkOptions(options)
    this.#platform = platform
    this.#onEvent = (event) => {
      logEvent(platform.log, event)
      onEvent(event)
    }
    this.#buffer = new FragmentBuffer(platform.blocks, options.bufferBytes)
    this.#packager = new Packager(options.tracks, platform.search, this.#buffer, this.stats)
    this.#service = new StreamService(platform, options, {
      onStream: (stream) => this.#onStream(stream),
      onWarning: (message) => this.#onEvent({ type: 'warning', message }),
    })
    this.#timeline = new Timeline({
      clock: platform.clock,
      nowMs: () => this.#service.nowMs(),
      originMs: options.ptsOriginMs,
      onBack: (backMs) => this.#onBack(backMs),
    })
    this.#line = new SessionLine(
      {
        service: this.#service,
        buffer: this.#buffer,
        rate: new FragmentRate(options.fragmentsPerSecond ?? 5),
        clock: platform.clock,
        random: () => this.#random(),
        stats: this.stats,
        header: () => this.#packager.header(this.#randomBytes(16), options.userAgent),
        endMark: endOfFragment(),
        ackParser: (onAck) => new AckParser(onAck),
        settle,
        dump: options.dump,
        giveUpAfterMs: options.giveUpAfterMs ?? Number.POSITIVE_INFINITY,
      },
      {
        onState: (state) => this.#onEvent({ type: 'state', state }),
        onAck: (ack) => this.#onEvent({ type: 'ack', ack }),
        onRetry: (error, delayMs) => this.#onEvent({ type: 'retry', error, delayMs }),
        onLost: (fragment, reason, error) => this.#onLost(fragment, reason, error),
        onRoom: () => this.#wake(),
        onEnd: (error) => this.#onEnd(error),
      },
    )
  }

  get state(): LineState {
    return this.#line.state
  }

  /** True once the service has accepted a session. */
  get everStreamed(): boolean {
    return this.#line.everStreamed
  }

  /** Memory held by media that is not confirmed yet, in bytes. */
  get bufferedBytes(): number {
    return this.#buffer.heldBytes
  }

  /** Begins with the stream: describes it, creates it where allowed. Frames may be put before it is ready. */
  start(): void {
    this.#line.start()
  }

  /**
   * Takes one frame. The data is borrowed until the call returns.
   *
   * @returns true: accepted. False: the buffer is full and the frame not taken; wait for `whenRoom` and put it again.
   * @throws KvsError MEDIA_INVALID, FRAME_TOO_LARGE or USAGE: this frame cannot be taken, others still can. After the
   *         end: what ended it; after `stop`: STOPPED.
   */
  putFrame(frame: Frame): boolean {
    if (this.#stopping || this.#summary !== undefined) throw this.#over()
    const packager = this.#packager
    if (!packager.has(frame.track)) throw new KvsError('USAGE', `there is no track ${frame.track}`)
    if (!packager.inspect(frame)) return true
    const originMs = this.#timeline.originMs(frame, packager.latestMs)
    const ptsMs = Math.round(originMs + frame.pts)
    const dtsMs = Math.round(originMs + frame.dts)
    const placement = packager.place(ptsMs, dtsMs)
    if (placement === 'discard') return this.#leaveOut(frame, this.#skipping)
    if (placement === 'no-video') return this.#leaveOut(frame, 'no-video')
    this.#full = !this.#makeRoom(packager.roomBytes())
    this.#heldUp = this.#full
    if (this.#full) return false
    packager.write(frame, placement)
    if (placement === 'open') this.#onOpened()
    this.#countPut(frame)
    this.#countInFragment(frame)
    this.#line.pump()
    return true
  }

  /** Calls `task` once, when a frame that was not taken may be put again, or when the producer has ended. */
  whenRoom(task: () => void): void {
    if (this.#full && this.#summary === undefined) this.#waiters.push(task)
    else this.#platform.clock.setTimer(0, task)
  }

  /**
   * Takes no more frames, brings home what is in the buffer, and ends.
   *
   * @param timeoutMs how long that may take; what is left then is lost. A second call may shorten it, not lengthen it.
   */
  stop(timeoutMs: number): Promise<Summary> {
    const { clock } = this.#platform
    if (this.#summary !== undefined) return Promise.resolve(this.#summary)
    const ended = new Promise<Summary>((resolve) => this.#ended.push(resolve))
    const untilMs = clock.monotonicMs() + timeoutMs
    if (untilMs < this.#stopUntilMs) {
      this.#stopUntilMs = untilMs
      this.#stopTimer?.cancel()
      this.#stopTimer = clock.setTimer(timeoutMs, () => this.#line.abort())
    }
    if (!this.#stopping) {
      this.#stopping = true
      this.#packager.seal()
      this.#line.finish()
    }
    return ended
  }

  #onBack(backMs: number): void {
    this.stats.timesRepaired++
    const message = `the source's clock went back by ${(backMs / 1000).toFixed(1)} s: its times go on from where they were`
    this.#onEvent({ type: 'warning', message })
  }

  #onOpened(): void {
    this.#skipping = undefined
    if (this.#silenceTimer === undefined) this.#watchForSilence()
  }

  /** Looks from time to time whether the source has fallen silent; costs nothing per frame. */
  #watchForSilence(): void {
    const framesBefore = this.stats.framesPut
    this.#silenceTimer = this.#platform.clock.setTimer(silenceMs, () => {
      this.#silenceTimer = undefined
      if (this.#buffer.open === undefined || this.#stopping) return
      // A source that we hold up is not silent.
      if (this.#heldUp || this.stats.framesPut > framesBefore) return this.#watchForSilence()
      this.#packager.seal()
      this.#line.pump()
    })
  }

  #over(): KvsError {
    return this.#summary?.error ?? new KvsError('STOPPED', 'the producer has been stopped')
  }

  /** Makes sure of room for `bytes`, where need be by giving up what is sent of a fragment larger than the buffer. */
  #makeRoom(bytes: number): boolean {
    const buffer = this.#buffer
    const { blockBytes } = this.#platform.blocks
    if (bytes > serviceLimits.maxFragmentBytes) {
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into a fragment`, {
        cause: 'the service takes fragments of 50 MB at most',
        cure: 'lower the bit rate',
      })
    }
    if (bytes > buffer.capacityBytes - blockBytes) {
      const kilobytes = ((Math.ceil(bytes / blockBytes) + 1) * blockBytes) / 1024
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into the buffer`, {
        cure: `use --size ${kilobytes} or more`,
      })
    }
    if (buffer.reserve(bytes)) return true
    if (!this.#line.releaseSentHead()) return false
    if (!this.#outgrown) {
      this.#outgrown = true
      const kilobytes = Math.ceil((2 * buffer.capacityBytes) / 1024)
      const message = `a fragment is larger than the buffer: if the connection breaks now, it is lost; use --size ${kilobytes} or a shorter key frame interval`
      this.#onEvent({ type: 'warning', message })
    }
    return buffer.reserve(bytes)
  }

  #leaveOut(frame: Frame, reason: LossReason | undefined): true {
    this.#countPut(frame)
    if (reason !== undefined) {
      countLoss(this.stats, reason, 0, 1, frame.data.length)
    } else {
      this.stats.framesDiscarded++
      this.stats.bytesDiscarded += frame.data.length
    }
    return true
  }

  #countInFragment(frame: Frame): void {
    const fragment = this.#buffer.open
    if (fragment === undefined) return
    fragment.frames++
    fragment.frameBytes += frame.data.length
  }

  #countPut(frame: Frame): void {
    this.stats.framesPut++
    this.stats.bytesPut += frame.data.length
  }

  #onStream(stream: PreparedStream): void {
    // The service has been asked for the first time: what was put before may have been timed by a clock that is wrong.
    if (this.stats.sessions === 0) this.#packager.shift(this.#timeline.correct())
    this.#onEvent({ type: 'stream', stream })
    for (const message of stream.warnings) this.#onEvent({ type: 'warning', message })
  }

  #onLost(fragment: Fragment, reason: LossReason, error: KvsError): void {
    if (fragment.state === 'open') {
      this.#packager.abandon()
      this.#skipping = reason
    }
    this.#onEvent({ type: 'lost', reason, timecodeMs: fragment.timecodeMs, frames: fragment.frames, error })
  }

  #onEnd(error: KvsError | null): void {
    this.#stopTimer?.cancel()
    this.#silenceTimer?.cancel()
    this.#service.close()
    for (const fragment of this.#buffer.fragments.slice()) {
      countLoss(this.stats, 'not-delivered', 1, fragment.frames, fragment.frameBytes)
      this.#buffer.release(fragment)
    }
    const summary = summarise(this.stats, error)
    this.#summary = summary
    this.#onEvent({ type: 'end', summary })
    for (const resolve of this.#ended) resolve(summary)
    this.#wake()
  }

  #wake(): void {
    this.#full = false
    const waiters = this.#waiters
    this.#waiters = []
    for (const task of waiters) task()
  }

  #random(): number {
    return new DataView(this.#randomBytes(4).buffer).getUint32(0) / 2 ** 32
  }

  #randomBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    this.#platform.random(bytes)
    return bytes
  }
}
