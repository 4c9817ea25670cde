/** The library's Producer: the core's, with Node's events, AbortSignal and `await using`. */

import { EventEmitter } from 'node:events'
import type { PreparedStream } from '../core/aws/prepare.ts'
import type { Overflow, PressureReport } from '../core/buffer/pressure.ts'
import { KvsError } from '../core/errors.ts'
import type { ProducerEvent } from '../core/events.ts'
import type { Ack } from '../core/frame/ack.ts'
import type { TrackOptions } from '../core/frame/frame.ts'
import type { FragmentEvent, FragmentEventOptions } from '../core/mux/metadata.ts'
import type { SpoolSettings } from '../core/options.ts'
import { Producer as CoreProducer } from '../core/producer.ts'
import type { LineState } from '../core/send/states.ts'
import type { LossReason, Stats } from '../core/stats.ts'
import type { Summary } from '../core/summary.ts'
import { type ServiceOptions, serviceSettings } from './settings.ts'
import { storage } from './storage.ts'

/** What a producer is told. */
export interface ProducerOptions extends ServiceOptions {
  /** 1 to 256 characters of `a-z A-Z 0-9 _ . -`. */
  readonly streamName: string
  /** 1 to 3 tracks, at most one of them video; frames name them 1, 2, 3 in this order. */
  readonly tracks: readonly TrackOptions[]
  /** Bound of the memory for media that is not confirmed yet, in bytes; taken as needed. Default 16 MiB. */
  readonly bufferBytes?: number | undefined
  /** False: a stream that does not exist is an error. Default true. */
  readonly create?: boolean | undefined
  /** Hours, 0 to 87600, for a stream that is created; default 2. 0: the service keeps nothing and confirms on receipt. */
  readonly retentionHours?: number | undefined
  /** Media type of a stream that is created; default from the codecs, e.g. `video/h264,audio/aac`. */
  readonly mediaType?: string | undefined
  /** KMS key of a stream that is created. */
  readonly kmsKeyId?: string | undefined
  /** Tags of the stream, at most 50. */
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Epoch milliseconds at which `pts` is 0. Default: such that the first frame is now. With epoch `pts`: 0. */
  readonly ptsOriginMs?: number | undefined
  /** How long failures in a row are put up with, in milliseconds; default: for ever. */
  readonly giveUpAfterMs?: number | undefined
  /** A session is handed over to another after this long at the latest, in milliseconds; default and most 40 minutes. */
  readonly rotateAfterMs?: number | undefined
  /**
   * What happens when the buffer is full. `block`, the default: `putFrame` returns false, and the source waits. The default of
   * `live` sources, `drop-oldest`, gives up the oldest whole fragments, `drop-newest` the newest ones. Each is told (`lost`).
   */
  readonly overflow?: Overflow | undefined
  /** Longest time that the buffer may span, in milliseconds, 20000 or more; then it overflows, too. Default: no limit. */
  readonly bufferDurationMs?: number | undefined
  /** What is still to be sent and further behind than this, 2000 ms or more, is left out. Default: nothing is. */
  readonly maxLatencyMs?: number | undefined
  /** Keeps what the buffer has no room for, and what is not confirmed at the end, in files. Default: it does not. */
  readonly spool?: SpoolOptions | undefined
  /**
   * Frames come as they are made: a clock of the source that jumps ahead of the time that passes, and tracks that drift apart,
   * are repaired. Default false: what comes may be of any time, and a jump ahead is a pause in the recording.
   */
  readonly live?: boolean | undefined
  /** Fragments that may begin within a second. Default 5, which is the service's limit. */
  readonly fragmentsPerSecond?: number | undefined
  /** Aborting it ends the producer at once; what is not confirmed then is counted as lost. */
  readonly signal?: AbortSignal | undefined
}

/** Files that keep media over outages and restarts: sent oldest first, whole and with the times it was recorded at. */
export interface SpoolOptions {
  /** Folder of its own, made where it is missing; for one producer at a time. */
  readonly directory: string
  /** What it may take, in bytes, 1 MiB or more. Default 1 GiB. */
  readonly maxBytes?: number | undefined
  /**
   * How much of the uplink it may take, in bytes a second beside what new media takes, to catch up: so that others have their
   * share. Default: no limit.
   */
  readonly bytesPerSecond?: number | undefined
}

/** A frame as the library takes it. */
export interface FrameInput {
  /** 1, 2 or 3; default 1. */
  readonly track?: number | undefined
  /**
   * When it is shown, in milliseconds, fractions allowed, on a clock of the source's own. Where the source does not know it, it
   * is taken from `dts`, or from the frames before.
   */
  readonly pts?: number | undefined
  /** When it is decoded, on the same clock; default `pts`. Needed where pictures are coded out of order (B-frames). */
  readonly dts?: number | undefined
  /** The bitstream: Annex B or length-prefixed NAL units, AAC with or without ADTS, G.711. Copied before the call returns. */
  readonly data: Uint8Array
}

/** Events of a producer and their arguments. */
export interface ProducerEvents {
  state: [state: LineState]
  /** The stream exists and is ACTIVE. */
  stream: [stream: PreparedStream]
  ack: [ack: Ack]
  /** Something failed and is tried again. */
  retry: [error: KvsError, delayMs: number]
  /** A fragment is lost. */
  lost: [loss: { reason: LossReason; timecodeMs: number; frames: number; error: KvsError }]
  /** The network takes less than the source gives, or does so no longer. */
  pressure: [report: PressureReport]
  warning: [message: string]
  /** Over, for whatever reason: the numbers, and the error if there was one. */
  end: [summary: Summary]
}

/** Time that `stop` gives what is on its way, unless told otherwise, in milliseconds. */
const stopTimeoutMs = 120_000

/**
 * Streams frames into one stream. Begins at once: describes the stream, creates it where allowed, and opens a session
 * when there is media; reconnects by itself.
 *
 * @example
 * await using producer = new Producer({ streamName: 'front-door', tracks: [{ codec: 'h264' }] })
 * while (!producer.putFrame({ pts, data })) await producer.drained()
 */
export class Producer extends EventEmitter<ProducerEvents> implements AsyncDisposable {
  readonly #core: CoreProducer
  readonly #frame = { track: 1, pts: 0, dts: 0, data: new Uint8Array(0) as Uint8Array }
  readonly #signal: AbortSignal | undefined
  readonly #abort = () => {
    this.stop({ timeoutMs: 0 }).catch(() => undefined)
  }

  /** Throws KvsError CONFIGURATION or NO_CREDENTIALS where the options cannot be right; the signal's reason if aborted. */
  constructor(options: ProducerOptions) {
    super()
    options.signal?.throwIfAborted()
    const { platform, ...service } = serviceSettings(options)
    this.#core = new CoreProducer(
      platform,
      {
        ...service,
        streamName: options.streamName,
        tracks: options.tracks,
        bufferBytes: options.bufferBytes ?? 16 * 1024 * 1024,
        create: options.create ?? true,
        retentionHours: options.retentionHours,
        mediaType: options.mediaType,
        kmsKeyId: options.kmsKeyId,
        tags: options.tags ?? {},
        ptsOriginMs: options.ptsOriginMs,
        giveUpAfterMs: options.giveUpAfterMs,
        fragmentsPerSecond: options.fragmentsPerSecond,
        rotateAfterMs: options.rotateAfterMs,
        live: options.live,
        overflow: options.overflow,
        bufferDurationMs: options.bufferDurationMs,
        maxLatencyMs: options.maxLatencyMs,
        spool: options.spool && spoolSettings(options.spool),
      },
      (event) => this.#onEvent(event),
    )
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#abort, { once: true })
    // Not before the caller has had the chance to listen.
    queueMicrotask(() => this.#core.start())
  }

  /** Counters and gauges, live. */
  get stats(): Stats {
    return this.#core.stats
  }

  /** What the connection to the service is doing. */
  get state(): LineState {
    return this.#core.state
  }

  /** Memory held by media that is not confirmed yet, in bytes. */
  get bufferedBytes(): number {
    return this.#core.bufferedBytes
  }

  /** Media that is kept in the spool, in bytes. */
  get spooledBytes(): number {
    return this.#core.spooledBytes
  }

  /**
   * Takes one frame; frames of a track come in decoding order, tracks interleaved by time.
   *
   * @returns true: accepted. False: the buffer is full and the frame was not taken: await `drained()` and put it again.
   * @throws KvsError MEDIA_INVALID, FRAME_TOO_LARGE or USAGE for this frame, others may follow. Once the producer has
   *         ended: the error that ended it, or STOPPED.
   */
  putFrame(input: FrameInput): boolean {
    if (!(input.data instanceof Uint8Array)) throw new KvsError('USAGE', 'the data of a frame is a Uint8Array')
    if (!isTime(input.pts) || !isTime(input.dts)) {
      throw new KvsError('USAGE', 'pts and dts of a frame are numbers of milliseconds')
    }
    const frame = this.#frame
    frame.track = input.track ?? 1
    frame.pts = input.pts ?? Number.NaN
    frame.dts = input.dts ?? frame.pts
    frame.data = input.data
    return this.#core.putFrame(frame)
  }

  /**
   * Metadata for the fragment that is being written, or where there is none for the next one; `persistent`: for all from
   * there on, until the same name gets another value, or an empty one, which ends it.
   *
   * @throws KvsError USAGE where the service would not take it: names of 1 to 128 bytes that do not begin with `AWS`, values of
   *   at most 256 bytes, ten a fragment
   */
  putMetadata(name: string, value: string, options: { readonly persistent?: boolean } = {}): void {
    this.#core.putMetadata(name, value, options)
  }

  /**
   * Marks the fragment that is being written, or the next one: the service makes an image of it (`image-generation`) or sends
   * a message about it (`notification`), where the stream is set up for that.
   *
   * @throws KvsError USAGE where the fragment has this event already, and as for `putMetadata`
   */
  putEvent(event: FragmentEvent, options: FragmentEventOptions = {}): void {
    this.#core.putEvent(event, options)
  }

  /** Resolves when a frame that was not taken may be put again, or when the producer has ended. */
  drained(): Promise<void> {
    return new Promise((resolve) => this.#core.whenRoom(resolve))
  }

  /**
   * Takes no more frames, waits until all that was accepted is confirmed, and ends.
   *
   * @param options.timeoutMs how long that may take, default 120000; what is not confirmed then is lost
   * @returns the numbers, with `error` null where everything is stored; never rejects
   */
  stop(options: { readonly timeoutMs?: number } = {}): Promise<Summary> {
    return this.#core.stop(options.timeoutMs ?? stopTimeoutMs)
  }

  /** `stop()`; throws the error where something went wrong, so that `await using` loses nothing silently. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { error } = await this.stop()
    if (error !== null) throw error
  }

  #onEvent(event: ProducerEvent): void {
    try {
      this.#tell(event)
    } catch (error) {
      // A listener's mistake is its owner's: it must not end the connection in whose name it was called.
      process.nextTick(() => {
        throw error
      })
    }
  }

  #tell(event: ProducerEvent): void {
    if (event.type === 'state') this.emit('state', event.state)
    else if (event.type === 'stream') this.emit('stream', event.stream)
    else if (event.type === 'ack') this.emit('ack', event.ack)
    else if (event.type === 'retry') this.emit('retry', event.error, event.delayMs)
    else if (event.type === 'pressure') this.emit('pressure', event.report)
    else if (event.type === 'warning') this.emit('warning', event.message)
    else if (event.type === 'end') {
      this.#signal?.removeEventListener('abort', this.#abort)
      this.emit('end', event.summary)
    } else {
      const { reason, timecodeMs, frames, error } = event
      this.emit('lost', { reason, timecodeMs, frames, error })
    }
  }
}

/** What a time may be; undefined: it is not known. */
function isTime(value: unknown): boolean {
  return value === undefined || typeof value === 'number'
}

function spoolSettings({ directory, maxBytes, bytesPerSecond }: SpoolOptions): SpoolSettings {
  return { storage, directory, capacityBytes: maxBytes ?? 1024 * 1024 * 1024, bytesPerSecond }
}
