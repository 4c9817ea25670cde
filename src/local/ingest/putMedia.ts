/**
 * One PutMedia session from the service's side, without HTTP: bytes go in, acks come out, fragments are stored as they
 * arrive. It never throws for what a producer sends: whatever is wrong ends in an ERROR ack.
 */

import { MatroskaError } from '../../core/mux/events.ts'
import type { Timer } from '../../core/platform.ts'
import type { FragmentFacts, OpenFragment, SessionStore } from '../store/sessionStore.ts'
import type { Ack } from './ack.ts'
import { AckFault } from './errors.ts'
import { GatheredBytes } from './gatheredBytes.ts'
import { HeldBytes } from './heldBytes.ts'
import { type Limits, noLimits } from './limits.ts'
import { MediaEvents } from './mediaEvents.ts'
import { RateWatch } from './rateWatch.ts'
import { MediaRules } from './rules.ts'
import { Silence, type Timers } from './silence.ts'
import { trackSummary } from './trackSummary.ts'

/** What stands before the first Cluster, or between an end-of-fragment tag and the next one, is kept in memory. */
const mostBytesBetween = 4 * 1024 * 1024

/** This many fragments waiting for the disk, and the producer must wait. */
const mostCommits = 8

/** The last moment that a timestamp can mean (ECMAScript time values; far beyond what any clock shows). */
const latestMs = 8.64e15

export interface PutMediaOptions {
  /** `x-amzn-fragment-timecode-type`. */
  readonly timecodeType: 'ABSOLUTE' | 'RELATIVE'
  /** `x-amzn-producer-start-timestamp` in milliseconds; only RELATIVE needs it. */
  readonly startTimestampMs: number | null
  /** 0: nothing is acknowledged as PERSISTED. Read anew for each fragment. */
  readonly retentionHours: number
  readonly limits: Limits | 'off'
  /** Time of day, for server timestamps. */
  readonly clock: { nowMs(): number }
  readonly timers: Timers
  /** Owned by this session from now on. */
  readonly store: SessionStore
  /** To be sent at once. */
  send(ack: Ack): void
  /** No more acks: send what is left, end the response, close the connection. Called once, but not after `aborted`. */
  close(): void
  /** Something that the service would not like, though no ack says so. */
  warn?(message: string): void
  /** What a fault plan finds wrong with the fragment of that number, counted from 1, null where nothing. */
  faultOf?(fragment: number, when: FaultMoment): AckFault | null
}

/** When a fault plan may refuse a fragment: after BUFFERING, instead of RECEIVED, instead of PERSISTED. */
export type FaultMoment = 'begin' | 'end' | 'store'

/** The fragment that is arriving. */
interface Arriving {
  readonly stored: OpenFragment
  /** Null until it is known. */
  timecode: number | null
  producerMs: number
}

export class PutMediaSession {
  readonly #options: PutMediaOptions
  readonly #rules: MediaRules
  readonly #media: MediaEvents
  readonly #held = new HeldBytes()
  readonly #rates: RateWatch
  readonly #silence: Silence
  readonly #connectionTimer: Timer | null
  /** What belongs to no fragment yet: the header, or what follows an end-of-fragment tag. */
  readonly #between = new GatheredBytes(mostBytesBetween)
  #arriving: Arriving | null = null
  #fragments = 0
  /** Takes no more bytes: they are over, or at fault. */
  #ended = false
  /** Sends no more acks. */
  #mute = false
  #finished = false
  /** Commits in their order; never rejects. */
  #commits: Promise<void> = Promise.resolve()
  #commitsPending = 0
  /** What the disk is asked to take in the current `push`. */
  #waits: Promise<void>[] = []
  #resolveDone: () => void = () => {}
  /** Resolves when the session is over and its files are closed. */
  readonly done: Promise<void>

  constructor(options: PutMediaOptions) {
    this.#options = options
    const limits = options.limits === 'off' ? noLimits : options.limits
    this.#rules = new MediaRules(limits)
    this.#media = new MediaEvents(this.#rules, limits, {
      fragmentStart: (position) => this.#startFragment(position),
      fragmentTimecode: (timecode) => this.#timeFragment(timecode),
      fragmentEnd: (position, lengthMs) => this.#endFragment(position, lengthMs),
    })
    this.#rates = new RateWatch(limits, (message) => options.warn?.(message))
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
    this.#silence = new Silence(options.timers, limits.idleAckMs, limits.idleCloseMs, {
      idle: () => this.#send({ type: 'IDLE' }),
      gone: () => this.#finishBody(4000),
    })
    this.#connectionTimer = Number.isFinite(limits.connectionMs)
      ? options.timers.setTimer(limits.connectionMs, () => this.fail(4003, 'the connection is too old'))
      : null
  }

  /**
   * Takes the next bytes of the body, which must stay unchanged from now on. Null: go on at once; a promise: the disk is
   * behind, and no more should be pushed before it resolves. It never rejects. After an error bytes are ignored.
   */
  push(bytes: Uint8Array): Promise<void> | null {
    if (this.#ended) return null
    const nowMs = this.#options.timers.monotonicMs()
    this.#silence.heard()
    this.#rates.bytes(bytes.length, nowMs)
    this.#held.add(bytes)
    this.#attempt(4006, () => {
      this.#media.push(bytes)
      this.#assign(this.#held.takeDecided())
    })
    return this.#backPressure()
  }

  /** The body has ended in order: completes the last fragment. Resolves when the session is over. */
  endOfBody(): Promise<void> {
    this.#finishBody(4006)
    return this.done
  }

  /** The connection broke: what is not complete is dropped, what is complete is stored, and nobody is told. */
  aborted(): Promise<void> {
    this.#mute = true
    this.#stop()
    this.#afterCommits(() => this.#finish())
    return this.done
  }

  /** The stream is deleted meanwhile. Call it before the store's deletion. */
  streamDeleted(): void {
    this.#stop()
    // Not after the commits: they are of no use to anybody, and may fail from now on.
    this.#sendError(4008, 'the stream has been deleted', null)
  }

  /** Ends the session with an error of the fragment that is arriving, told after the acks of those before it. */
  fail(id: number, reason: string, nameless = false): void {
    if (this.#ended) return
    const arriving = this.#arriving
    this.#stop()
    const { timecode, number } = { timecode: arriving?.timecode ?? null, number: arriving?.stored.number ?? null }
    const isNamed = timecode !== null && number !== null && !nameless
    this.#afterCommits(() => this.#sendError(id, reason, isNamed ? { timecode, number } : null))
  }

  #finishBody(idWhenCut: number): void {
    if (this.#ended) return
    this.#attempt(idWhenCut, () => this.#media.end())
    if (this.#ended) return
    this.#stop()
    this.#afterCommits(() => this.#finish())
  }

  /** Runs what parses; `id` is what it means when the bytes are not Matroska. */
  #attempt(id: number, parse: () => void): void {
    try {
      parse()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      // What is neither is a mistake of ours, and the producer may try again.
      if (error instanceof AckFault) this.fail(error.id, reason, error.nameless)
      else this.fail(error instanceof MatroskaError ? id : 5000, reason)
    }
  }

  #startFragment(position: number): void {
    this.#assign(this.#held.takeUntil(position))
    const between = this.#between.take()
    const { store, clock, timers } = this.#options
    const first = !this.#media.headerEnded
    if (first) store.header(between, this.#rules.tracks.map(trackSummary))
    const stored = store.beginFragment(clock.nowMs())
    this.#arriving = { stored, timecode: null, producerMs: 0 }
    this.#rates.fragment(timers.monotonicMs())
    if (!first) this.#assign([between])
  }

  #timeFragment(timecode: number): void {
    const arriving = this.#arriving
    if (arriving === null) return
    const { timecodeType, startTimestampMs } = this.#options
    const startMs = timecodeType === 'RELATIVE' ? (startTimestampMs ?? Number.NaN) : 0
    arriving.producerMs = Math.round(startMs + this.#rules.milliseconds(timecode))
    arriving.timecode = timecode
    this.#send({ type: 'BUFFERING', timecode, number: arriving.stored.number })
    if (!(startMs >= 0 && arriving.producerMs <= latestMs)) {
      throw new AckFault(4007, 'the producer start timestamp and the timecode mean no time')
    }
    this.#fragments++
    this.#throwFault('begin')
  }

  #throwFault(when: FaultMoment): void {
    const fault = this.#options.faultOf?.(this.#fragments, when) ?? null
    if (fault !== null) throw fault
  }

  #endFragment(position: number, lengthMs: number): void {
    this.#assign(this.#held.takeUntil(position))
    const arriving = this.#arriving
    if (arriving === null || arriving.timecode === null) return
    this.#throwFault('end')
    const { stored, timecode, producerMs } = arriving
    this.#arriving = null
    this.#send({ type: 'RECEIVED', timecode, number: stored.number })
    const retained = this.#options.retentionHours > 0
    this.#commitsPending++
    const committed = this.#store(stored, { timecode, producerMs, lengthMs })
    this.#afterCommits(async () => {
      const failure = await committed
      this.#commitsPending--
      if (failure !== null) {
        this.#stop()
        const { id, message, nameless } = failure
        this.#sendError(id, message, nameless ? null : { timecode, number: stored.number })
      } else if (retained) {
        this.#send({ type: 'PERSISTED', timecode, number: stored.number })
      }
    })
  }

  /** Never rejects: resolves with what went wrong, null where the fragment is stored. */
  #store(stored: OpenFragment, facts: FragmentFacts): Promise<AckFault | null> {
    const fault = this.#options.faultOf?.(this.#fragments, 'store') ?? null
    if (fault !== null) {
      stored.abort()
      return Promise.resolve(fault)
    }
    return stored.commit(facts).then(
      () => null,
      (error: unknown) => new AckFault(5001, `not stored: ${String(error)}`),
    )
  }

  #assign(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      if (this.#arriving !== null) {
        const wait = this.#arriving.stored.write(piece)
        const failed = (error: unknown) => this.fail(5001, `not stored: ${String(error)}`)
        if (wait !== null) this.#waits.push(wait.catch(failed))
        continue
      }
      if (!this.#between.append(piece)) {
        throw new AckFault(4006, `more than ${mostBytesBetween} bytes that belong to no Cluster`)
      }
    }
  }

  #backPressure(): Promise<void> | null {
    const waits = this.#waits
    if (this.#commitsPending >= mostCommits) waits.push(this.#commits)
    if (waits.length === 0) return null
    this.#waits = []
    this.#silence.paused = true
    return Promise.all(waits).then(() => {
      this.#silence.paused = false
      this.#silence.heard()
    })
  }

  #stop(): void {
    this.#ended = true
    this.#silence.end()
    this.#connectionTimer?.cancel()
    this.#arriving?.stored.abort()
    this.#arriving = null
    this.#between.take()
  }

  #afterCommits(task: () => void | Promise<void>): void {
    this.#commits = this.#commits.then(task)
  }

  #send(ack: Ack): void {
    if (!this.#mute) this.#options.send(ack)
  }

  #sendError(errorId: number, reason: string, fragment: { timecode: number; number: string } | null): void {
    this.#send({
      type: 'ERROR',
      errorId,
      timecode: fragment?.timecode ?? null,
      number: fragment?.number ?? null,
      reason,
    })
    this.#finish()
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    if (!this.#mute) this.#options.close()
    this.#mute = true
    void this.#options.store.end().then(this.#resolveDone)
  }
}
