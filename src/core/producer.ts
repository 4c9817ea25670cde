/**
 * START HERE. The journey of a frame: frame → mux → buffer → send → ack → release. The only file that knows the order.
 */

import type { Ack } from './ack/parser.ts'
import type { PreparedStream } from './aws/prepare.ts'
import { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import { KvsError } from './errors.ts'
import { makeCodec } from './frame/codec/codec.ts'
import type { Fragment } from './frame/fragment.ts'
import { type Codec, type Frame, newPayload, type Payload, type Track } from './frame/frame.ts'
import type { WallMs } from './frame/time.ts'
import { clusterStartBytes, simpleBlockBytes, writeClusterStart, writeSimpleBlock } from './mux/cluster.ts'
import { Fragmenter, serviceLimits } from './mux/fragmenter.ts'
import { sessionHeader } from './mux/header.ts'
import { checkOptions, type ProducerOptions } from './options.ts'
import type { Platform, Timer } from './platform.ts'
import { FragmentRate } from './send/fragmentRate.ts'
import { SessionLine } from './send/sessionLine.ts'
import type { LineState } from './send/states.ts'
import { StreamService } from './service.ts'
import { countLoss, type LossReason, newStats, type Stats } from './stats.ts'
import { type Summary, summarise } from './summary.ts'

/** What happens, as it happens. */
export type ProducerEvent =
  | { readonly type: 'state'; readonly state: LineState }
  /** The stream exists and is ACTIVE. */
  | { readonly type: 'stream'; readonly stream: PreparedStream }
  | { readonly type: 'ack'; readonly ack: Ack }
  /** Something failed and is tried again after `delayMs`. */
  | { readonly type: 'retry'; readonly error: KvsError; readonly delayMs: number }
  | {
      readonly type: 'lost'
      readonly reason: LossReason
      readonly timecodeMs: WallMs
      readonly frames: number
      readonly error: KvsError
    }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'end'; readonly summary: Summary }

interface TrackState {
  readonly codec: Codec
  readonly payload: Payload
  readonly name: string
  readonly video: boolean
  /** Whether the open fragment has a frame of this track. */
  present: boolean
}

/** A packet of silence of AAC and its block head; G.711 needs more. */
const silenceRoomBytes = 64

export class Producer {
  readonly stats: Stats = newStats()
  readonly #platform: Platform
  readonly #options: ProducerOptions
  readonly #onEvent: (event: ProducerEvent) => void
  readonly #buffer: FragmentBuffer
  readonly #tracks: readonly TrackState[]
  readonly #fragmenter: Fragmenter
  readonly #service: StreamService
  readonly #line: SessionLine
  readonly #silence = newPayload()
  /** What it takes at most to complete a fragment with silence. */
  readonly #slackBytes: number
  #originMs: WallMs | undefined
  /** Why frames are left out until the next key frame, where the fragment they belong to is lost. */
  #skipping: LossReason | undefined
  #outgrown = false
  #waiters: (() => void)[] = []
  #stopping = false
  #stopTimer: Timer | undefined
  #summary: Summary | undefined
  readonly #ended: ((summary: Summary) => void)[] = []

  /** Throws KvsError CONFIGURATION where the options contradict themselves or the service's limits. */
  constructor(platform: Platform, options: ProducerOptions, onEvent: (event: ProducerEvent) => void) {
    checkOptions(options)
    this.#platform = platform
    this.#options = options
    this.#onEvent = onEvent
    this.#originMs = options.ptsOriginMs
    this.#buffer = new FragmentBuffer(platform.blocks, options.bufferBytes)
    this.#tracks = options.tracks.map((track) => ({
      codec: makeCodec(track.codec, platform.search, track),
      payload: newPayload(),
      name: track.name ?? (isVideo(track.codec) ? 'video' : 'audio'),
      video: isVideo(track.codec),
      present: false,
    }))
    this.#slackBytes = this.#tracks.reduce((bytes, { codec }) => bytes + silenceBytes(codec), 0)
    this.#fragmenter = new Fragmenter(this.#tracks.some((track) => track.video))
    this.#service = new StreamService(platform, options, (stream) => this.#onStream(stream))
    this.#line = new SessionLine(
      {
        service: this.#service,
        buffer: this.#buffer,
        rate: new FragmentRate(options.fragmentsPerSecond ?? 5),
        clock: platform.clock,
        random: () => this.#random(),
        stats: this.stats,
        header: () => this.#header(),
        dump: options.dump,
        giveUpAfterMs: options.giveUpAfterMs ?? Number.POSITIVE_INFINITY,
      },
      {
        onState: (state) => onEvent({ type: 'state', state }),
        onAck: (ack) => onEvent({ type: 'ack', ack }),
        onRetry: (error, delayMs) => onEvent({ type: 'retry', error, delayMs }),
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
    const track = this.#tracks[frame.track - 1]
    if (track === undefined) throw new KvsError('USAGE', `there is no track ${frame.track}`)
    track.codec.inspect(frame.data, track.payload)
    if (!track.payload.media) return true
    const originMs = this.#originMs ?? this.#service.nowMs() - frame.pts
    const ptsMs = Math.round(originMs + frame.pts)
    const dtsMs = Math.round(originMs + frame.dts)
    if (!isTime(ptsMs) || !Number.isSafeInteger(dtsMs)) {
      throw new KvsError('USAGE', `a frame cannot have pts ${frame.pts} and dts ${frame.dts}`)
    }
    this.#originMs = originMs
    const bytes = simpleBlockBytes(track.payload.sizeBytes, frame.track)
    const known = this.#tracks.every((each) => each.codec.format !== null)
    const placement = known
      ? this.#fragmenter.place(track.video, track.payload.keyFrame, ptsMs, dtsMs, bytes)
      : 'discard'
    if (placement === 'discard') return this.#leaveOut(frame, this.#skipping)
    if (placement === 'no-video') return this.#leaveOut(frame, 'no-video')
    // A frame that opens a fragment completes the one before, and its own must still be completed after it.
    if (!this.#makeRoom(bytes + clusterStartBytes + 2 * this.#slackBytes)) return false
    if (placement === 'open') this.#openFragment()
    this.#append(frame, track, placement, bytes)
    return true
  }

  /** Calls `task` once, when a frame that was not taken may be put again, or when the producer has ended. */
  whenRoom(task: () => void): void {
    this.#waiters.push(task)
  }

  /**
   * Takes no more frames, brings home what is in the buffer, and ends.
   *
   * @param timeoutMs how long that may take; what is left then is lost. A second call may shorten it.
   */
  stop(timeoutMs: number): Promise<Summary> {
    const { clock } = this.#platform
    if (this.#summary !== undefined) return Promise.resolve(this.#summary)
    const ended = new Promise<Summary>((resolve) => this.#ended.push(resolve))
    this.#stopTimer?.cancel()
    this.#stopTimer = clock.setTimer(timeoutMs, () => {
      this.#line.abort()
    })
    if (!this.#stopping) {
      this.#stopping = true
      this.#sealFragment()
      this.#line.finish()
    }
    return ended
  }

  #over(): KvsError {
    return this.#summary?.error ?? new KvsError('STOPPED', 'the producer has been stopped')
  }

  #openFragment(): void {
    this.#sealFragment()
    this.#skipping = undefined
    if (this.#fragmenter.split) this.stats.fragmentsSplit++
    this.#buffer.begin(this.#fragmenter.clusterMs)
    writeClusterStart(this.#buffer, this.#fragmenter.clusterMs)
  }

  #append(frame: Frame, track: TrackState, placement: 'open' | 'append', bytes: number): void {
    const fragmenter = this.#fragmenter
    const relativeMs = fragmenter.timeMs - fragmenter.clusterMs
    writeSimpleBlock(this.#buffer, frame.track, relativeMs, track.payload.keyFrame, frame.data, track.payload)
    fragmenter.placed(placement, bytes)
    if (fragmenter.repaired) this.stats.timesRepaired++
    track.present = true
    this.#countPut(frame)
    const fragment = this.#buffer.open
    if (fragment !== undefined) {
      fragment.frames++
      fragment.frameBytes += frame.data.length
    }
    this.#line.pump()
  }

  /** Completes the open fragment: every declared track has a frame in it, or the service refuses it (error 4011). */
  #sealFragment(): void {
    if (this.#buffer.open === undefined) return
    for (const [index, track] of this.#tracks.entries()) {
      if (!track.present) this.#addSilence(index + 1, track)
      track.present = false
    }
    this.#buffer.seal()
    this.#fragmenter.close()
  }

  #addSilence(number: number, track: TrackState): void {
    const packet = track.codec.silence()
    if (packet === null) return
    const payload = this.#silence
    payload.spans[0] = 0
    payload.spans[1] = packet.length
    payload.count = 1
    payload.sizeBytes = packet.length
    writeSimpleBlock(this.#buffer, number, this.#fragmenter.lastRelativeMs, true, packet, payload)
    this.stats.silentFrames++
  }

  /** Makes sure of room for `bytes`, where need be by giving up what is sent of a fragment larger than the buffer. */
  #makeRoom(bytes: number): boolean {
    const buffer = this.#buffer
    if (bytes > serviceLimits.maxFragmentBytes) {
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into a fragment`, {
        cause: 'the service takes fragments of 50 MB at most',
        cure: 'lower the bit rate',
      })
    }
    if (bytes > buffer.capacityBytes - this.#platform.blocks.blockBytes) {
      const kilobytes = Math.ceil((bytes + this.#platform.blocks.blockBytes) / 1024)
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

  #countPut(frame: Frame): void {
    this.stats.framesPut++
    this.stats.bytesPut += frame.data.length
  }

  #header(): Uint8Array {
    const tracks: Track[] = []
    for (const [index, track] of this.#tracks.entries()) {
      const format = track.codec.format
      if (format !== null) tracks.push({ number: index + 1, name: track.name, format })
    }
    const segmentUid = new Uint8Array(16)
    this.#platform.random(segmentUid)
    return sessionHeader({ tracks, segmentUid, writingApp: this.#options.userAgent })
  }

  #onStream(stream: PreparedStream): void {
    this.#onEvent({ type: 'stream', stream })
    for (const message of stream.warnings) this.#onEvent({ type: 'warning', message })
  }

  #onLost(fragment: Fragment, reason: LossReason, error: KvsError): void {
    if (fragment.state === 'open') {
      this.#fragmenter.close()
      for (const track of this.#tracks) track.present = false
      this.#skipping = reason
    }
    this.#onEvent({ type: 'lost', reason, timecodeMs: fragment.timecodeMs, frames: fragment.frames, error })
  }

  #onEnd(error: KvsError | null): void {
    this.#stopTimer?.cancel()
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
    const waiters = this.#waiters
    if (waiters.length === 0) return
    this.#waiters = []
    for (const task of waiters) task()
  }

  #random(): number {
    const bytes = new Uint8Array(4)
    this.#platform.random(bytes)
    return new DataView(bytes.buffer).getUint32(0) / 2 ** 32
  }
}

function silenceBytes(codec: Codec): number {
  return Math.max(silenceRoomBytes, simpleBlockBytes(codec.silence()?.length ?? 0, 1))
}

/** What a cluster's timecode can be. */
function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= 0
}

function isVideo(codec: string): boolean {
  return codec === 'h264' || codec === 'h265'
}
