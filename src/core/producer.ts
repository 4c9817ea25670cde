/**
 * START HERE. The journey of a frame: frame → mux → buffer → send → ack → release. The only file that knows the order.
 */

import { AckParser } from './ack/parser.ts'
import { settle } from './ack/settle.ts'
import type { PreparedStream } from './aws/prepare.ts'
import type { Backlog } from './buffer/backlog.ts'
import type { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import { Pressure } from './buffer/pressure.ts'
import { KvsError } from './errors.ts'
import { logEvent, type ProducerEvent } from './events.ts'
import type { Fragment } from './frame/fragment.ts'
import type { Frame, Track } from './frame/frame.ts'
import { Repairs } from './frame/repairs.ts'
import { SourceClock } from './frame/sourceClock.ts'
import type { WallMs } from './frame/time.ts'
import { Intake } from './intake.ts'
import { keep, lossOf, orClose } from './keeping.ts'
import { sessionHeader, withSegmentUid } from './mux/header.ts'
import type { FragmentEvent, FragmentEventOptions } from './mux/metadata.ts'
import { Packager } from './mux/packager.ts'
import { endOfFragment } from './mux/tags.ts'
import { checkOptions, overflowOf, type ProducerOptions } from './options.ts'
import type { Platform, Timer } from './platform.ts'
import { Room, type Verdict } from './room.ts'
import { FragmentRate } from './send/fragmentRate.ts'
import { SessionLine } from './send/sessionLine.ts'
import type { LineState } from './send/states.ts'
import { StreamService } from './service.ts'
import { SilenceWatch } from './silence.ts'
import { countLoss, type LossReason, newStats, type Stats } from './stats.ts'
import { type Summary, summarise } from './summary.ts'
import { Waiters } from './waiters.ts'

export class Producer {
  readonly stats: Stats = newStats()
  readonly #platform: Platform
  readonly #onEvent: (event: ProducerEvent) => void
  readonly #buffer: FragmentBuffer
  readonly #backlog: Backlog | undefined
  readonly #packager: Packager
  readonly #service: StreamService
  readonly #line: SessionLine
  readonly #sourceClock: SourceClock
  readonly #room: Room
  readonly #pressure = new Pressure()
  readonly #intake: Intake
  readonly #silence: SilenceWatch
  readonly #waiters: Waiters
  #stopping = false
  #putting = false
  #stopTimer: Timer | undefined
  #stopUntilMs = Number.POSITIVE_INFINITY
  #summary: Summary | undefined
  readonly #ended: ((summary: Summary) => void)[] = []

  /** Throws KvsError CONFIGURATION where the options contradict themselves or the service's limits. */
  constructor(platform: Platform, options: ProducerOptions, onEvent: (event: ProducerEvent) => void) {
    checkOptions(options)
    this.#platform = platform
    this.#waiters = new Waiters(platform.clock)
    this.#onEvent = (event) => {
      logEvent(platform.log, event)
      onEvent(event)
    }
    const keeping = keep(
      platform.blocks,
      options.bufferBytes,
      options.spool,
      `${options.region}.${options.streamName}`,
      this.stats,
      (message) => this.#warn(message),
    )
    this.#buffer = keeping.buffer
    this.#backlog = keeping.backlog
    const onWarning = (message: string) => this.#warn(message)
    const repairs = new Repairs(this.stats, onWarning)
    this.#packager = orClose(this.#backlog, () => this.#makePackager(options, repairs))
    this.#service = new StreamService(platform, options, {
      onStream: (stream) => this.#onStream(stream),
      onWarning,
    })
    this.#sourceClock = new SourceClock({
      clock: platform.clock,
      nowMs: () => this.#service.nowMs(),
      originMs: options.ptsOriginMs,
      tracks: options.tracks,
      live: options.live ?? false,
      repairs,
    })
    this.#line = this.#makeLine(options)
    this.#room = new Room({
      buffer: this.#buffer,
      blockBytes: platform.blocks.blockBytes,
      overflow: overflowOf(options),
      bufferDurationMs: options.bufferDurationMs ?? Number.POSITIVE_INFINITY,
      maxLatencyMs: options.maxLatencyMs ?? Number.POSITIVE_INFINITY,
      backlog: this.#backlog,
      relay: this.#line.relay,
      ledger: this.#line.ledger,
      seal: () => this.#packager.seal(),
      onWarning,
    })
    this.#silence = new SilenceWatch({
      clock: platform.clock,
      framesPut: () => this.stats.framesPut,
      heldUp: () => this.#waiters.heldUp,
      onSilent: () => this.#onSilent(),
    })
    this.#intake = new Intake({
      packager: this.#packager,
      sourceClock: this.#sourceClock,
      buffer: this.#buffer,
      stats: this.stats,
      makeRoom: (bytes, beginsMs) => this.#makeRoom(bytes, beginsMs),
      onOpened: () => this.#silence.begin(),
    })
  }

  #makePackager({ tracks, userAgent }: ProducerOptions, repairs: Repairs): Packager {
    return new Packager({
      tracks,
      search: this.#platform.search,
      sink: this.#buffer,
      stats: this.stats,
      repairs,
      makeHeader: (declared) => this.#header(declared, userAgent),
      onWarning: (message) => this.#warn(message),
    })
  }

  #makeLine(options: ProducerOptions): SessionLine {
    const { clock } = this.#platform
    return new SessionLine(
      {
        service: this.#service,
        queue: this.#backlog ?? this.#buffer,
        rate: new FragmentRate(
          options.fragmentsPerSecond ?? 5,
          options.spool?.bytesPerSecond,
          () => this.stats.bytesPut,
        ),
        clock,
        random: () => this.#random(),
        stats: this.stats,
        newSegment: (header) => withSegmentUid(header, this.#randomBytes(16)),
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
        onRoom: () => this.#waiters.wake(),
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

  /** Media that is kept in files, in bytes. */
  get spooledBytes(): number {
    return this.#backlog?.spooled.bytes ?? 0
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
    let taken = false
    this.#putting = true
    try {
      taken = this.#intake.put(frame)
    } finally {
      this.#putting = false
      if (this.#stopping) this.#finish()
    }
    if (taken) this.#line.pump()
    return taken
  }

  /** Metadata for the open fragment or the next one, or `persistent` for all from there on: see `Metadata.put`. */
  putMetadata(name: string, value: string, { persistent = false }: { readonly persistent?: boolean } = {}): void {
    if (this.#stopping || this.#summary !== undefined) throw this.#over()
    this.#packager.metadata.put(name, value, persistent)
  }

  /** An event that the service acts on, for the open fragment or the next one: see `Metadata.putEvent`. */
  putEvent(event: FragmentEvent, options?: FragmentEventOptions): void {
    if (this.#stopping || this.#summary !== undefined) throw this.#over()
    this.#packager.metadata.putEvent(event, options)
  }

  /** Calls `task` once, when a frame that was not taken may be put again, or when the producer has ended. */
  whenRoom(task: () => void): void {
    this.#waiters.add(task)
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
      // Told of something while a frame is being placed: that comes first.
      if (!this.#putting) this.#finish()
    }
    return ended
  }

  #finish(): void {
    this.#packager.end()
    this.#line.finish()
  }

  #warn(message: string): void {
    this.#onEvent({ type: 'warning', message })
  }

  /** What is here is completed, and the session ended in order, before the service does it. */
  #onSilent(): void {
    if (this.#stopping) return
    this.#packager.seal()
    this.#line.rest()
  }

  #over(): KvsError {
    return this.#summary?.error ?? new KvsError('STOPPED', 'the producer has been stopped')
  }

  #makeRoom(bytes: number, beginsMs: WallMs | undefined): Verdict {
    if (beginsMs !== undefined) this.#lookAtPressure()
    const verdict = this.#room.make(bytes, beginsMs)
    this.#waiters.tried(verdict === 'full', this.#buffer.starved)
    return verdict
  }

  #lookAtPressure(): void {
    const { stats } = this
    const report = this.#pressure.look({
      nowMs: this.#platform.clock.monotonicMs(),
      bytesPut: stats.bytesPut,
      bytesSent: stats.bytesSent,
      framesLost: (stats.lost.overflow?.frames ?? 0) + (stats.lost['too-late']?.frames ?? 0),
      heldBytes: this.#buffer.heldBytes,
      capacityBytes: this.#buffer.capacityBytes,
      spools: this.#backlog !== undefined,
    })
    if (report !== undefined) this.#onEvent({ type: 'pressure', report })
  }

  #onStream(stream: PreparedStream): void {
    // The service has been asked for the first time: what was put before may have been timed by a clock that is wrong.
    if (this.stats.sessions === 0) this.#packager.shift(this.#sourceClock.correct())
    this.#onEvent({ type: 'stream', stream })
    for (const message of stream.warnings) this.#warn(message)
  }

  #onLost(fragment: Fragment, reason: LossReason, error: KvsError): void {
    if (fragment.state === 'open') this.#intake.abandon(reason)
    this.#onEvent({ type: 'lost', reason, timecodeMs: fragment.timecodeMs, frames: fragment.frames, error })
  }

  #onEnd(error: KvsError | null): void {
    this.#stopTimer?.cancel()
    this.#silence.end()
    this.#service.close()
    this.#putAway()
    const summary = summarise(this.stats, error)
    this.#summary = summary
    this.#onEvent({ type: 'end', summary })
    for (const resolve of this.#ended) resolve(summary)
    this.#waiters.end()
  }

  /** What is not confirmed is kept for the next run, or lost. */
  #putAway(): void {
    const buffer = this.#buffer
    for (const fragment of this.#backlog?.keepAll() ?? buffer.fragments.slice()) {
      const reason = fragment.givenUp ? 'overflow' : 'not-delivered'
      countLoss(this.stats, reason, 1, fragment.frames, fragment.frameBytes)
      buffer.release(fragment)
    }
    buffer.close()
    if (this.#backlog === undefined) return
    Object.assign(this.stats.spooled, lossOf(this.#backlog.spooled))
    this.#backlog.close()
  }

  #header(tracks: readonly Track[], writingApp: string): Uint8Array {
    return sessionHeader({ tracks, segmentUid: this.#randomBytes(16), writingApp })
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
