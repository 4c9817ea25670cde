/** One PutMedia request as the service sees it: fragments out of the bytes, acks for them, the rules checked. */

import { MatroskaReader } from '../mux/reader.ts'
import type { ReadTrack } from '../mux/values.ts'
import { utf8Bytes } from '../text.ts'
import type { Connection } from './fakeNetwork.ts'
import type { FakeService } from './fakeService.ts'
import { chunk, type RequestHead } from './httpServer.ts'

export interface StoredFrame {
  readonly track: number
  readonly timeMs: number
  readonly keyFrame: boolean
  readonly data: Uint8Array
}

export interface StoredFragment {
  readonly timecodeMs: number
  readonly frames: StoredFrame[]
  /** The Cluster, as sent. */
  bytes: Uint8Array
  beganAtMs: number
  /** Every byte has come. */
  complete: boolean
  persisted: boolean
}

/** What an ack says. */
export interface AckFields {
  readonly EventType: string
  readonly FragmentTimecode?: number
  readonly FragmentNumber?: string
  readonly ErrorId?: number
  readonly ErrorCode?: string
}

export class PutSession {
  readonly head: RequestHead
  readonly streamName: string
  readonly connection: Connection
  readonly fragments: StoredFragment[] = []
  readonly tracks: ReadTrack[] = []
  readonly tags: string[] = []
  /** What the service would refuse, in words. */
  readonly faults: string[] = []
  ebmlHeaders = 0
  /** The request's body has come to its end. */
  ended = false
  readonly beganAtMs: number
  /** When the response was complete, or the connection gone. */
  endedAtMs: number | undefined
  readonly #service: FakeService
  readonly #retentionHours: number
  #bytes = new Uint8Array(4096)
  #length = 0
  readonly #reader: MatroskaReader
  #accepted = false
  #over = false
  #answered = false
  #lastMediaMs = 0
  /** By then all acks have been sent that were held back. */
  #quietFromMs = 0
  #clusterAt = 0
  #open: StoredFragment | undefined
  #unconfirmed = 0
  /** The block being read. */
  #block: { track: number; relative: number; flags: number; pieces: Uint8Array[] } | undefined

  constructor(service: FakeService, connection: Connection, head: RequestHead, retentionHours: number) {
    this.#service = service
    this.connection = connection
    this.head = head
    this.streamName = head.headers.get('x-amzn-stream-name') ?? ''
    this.#retentionHours = retentionHours
    this.beganAtMs = service.clock.monotonicMs()
    this.#reader = new MatroskaReader({
      ebml: () => this.ebmlHeaders++,
      track: (track) => this.tracks.push({ ...track }),
      cluster: (position) => {
        this.#clusterAt = position
      },
      timecode: (timecode) => this.#begin(timecode),
      block: (track, relative, flags) => {
        this.#block = { track, relative, flags, pieces: [] }
      },
      blockData: (bytes) => this.#block?.pieces.push(bytes.slice()),
      blockEnd: () => this.#endBlock(),
      tag: (name) => this.tags.push(name),
      clusterEnd: (position) => this.#complete(position),
    })
    this.#limitLife()
  }

  /** 200, with the response's body open. */
  accept(): void {
    this.#accepted = true
    this.connection.send(utf8Bytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
  }

  /** Neither the client nor the service counts on it any more. */
  get over(): boolean {
    return this.#over || this.#answered
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  push(bytes: Uint8Array): void {
    if (this.#over) return
    if (!this.#accepted) this.accept()
    this.#keep(bytes)
    this.#reader.push(bytes)
  }

  end(): void {
    this.ended = true
    if (!this.#over) this.#reader.end()
    this.#mayFinish()
  }

  cut(): void {
    this.#over = true
    this.endedAtMs ??= this.#service.clock.monotonicMs()
  }

  /** Sends an ack as it is. */
  ack(fields: AckFields): void {
    const delayMs = this.#service.ackDelayMs(this, fields)
    if (delayMs < Number.POSITIVE_INFINITY) this.#sendAfter(delayMs, chunk(`${JSON.stringify(fields)}\n`))
  }

  #sendAfter(delayMs: number, bytes: Uint8Array): void {
    const { clock } = this.#service
    this.#quietFromMs = Math.max(this.#quietFromMs, clock.monotonicMs() + delayMs)
    if (delayMs === 0) this.connection.send(bytes)
    else clock.setPlainTimer(delayMs, () => this.connection.send(bytes))
  }

  /** The service ends it: with an ERROR ack, or where `errorId` is undefined without one. */
  fail(errorId: number | undefined, timecodeMs?: number): void {
    if (this.over) return
    const named = timecodeMs === undefined ? {} : { FragmentTimecode: timecodeMs }
    const error: AckFields = { EventType: 'ERROR', ...named, ErrorId: errorId ?? 0, ErrorCode: `CODE_${errorId}` }
    // Nothing comes behind it that it could wait for.
    if (errorId !== undefined) this.#sendAfter(0, chunk(`${JSON.stringify(error)}\n`))
    this.#over = true
    this.connection.close(null)
  }

  #limitLife(): void {
    const { clock, sessionLifeMs, idleMs } = this.#service
    this.#lastMediaMs = clock.monotonicMs()
    if (sessionLifeMs < Number.POSITIVE_INFINITY) clock.setPlainTimer(sessionLifeMs, () => this.fail(4003))
    if (idleMs === Number.POSITIVE_INFINITY) return
    const watch = () => {
      if (this.over) return
      const waitMs = this.#lastMediaMs + idleMs - clock.monotonicMs()
      if (waitMs <= 0) this.#service.onIdle(this)
      if (waitMs <= 0) this.fail(undefined)
      else clock.setPlainTimer(waitMs, watch)
    }
    clock.setPlainTimer(idleMs, watch)
  }

  #keep(bytes: Uint8Array): void {
    this.#lastMediaMs = this.#service.clock.monotonicMs()
    const length = this.#length + bytes.length
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(2 * length)
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }

  #begin(timecodeMs: number): void {
    const previous = this.fragments[this.fragments.length - 1]
    const lastMs = Math.max(-1, ...(previous?.frames.map((frame) => frame.timeMs) ?? []), previous?.timecodeMs ?? -1)
    if (timecodeMs <= lastMs) this.faults.push(`fragment ${timecodeMs} begins before the end of the one before`)
    const beganAtMs = this.#service.clock.monotonicMs()
    const bytes = new Uint8Array(0)
    const fragment = { timecodeMs, frames: [], bytes, beganAtMs, complete: false, persisted: false }
    this.fragments.push(fragment)
    this.#open = fragment
    this.#say('BUFFERING', fragment)
    this.#mayFail(fragment, 'begin')
  }

  #endBlock(): void {
    const block = this.#block
    const fragment = this.#open
    if (block === undefined || fragment === undefined) return
    const timeMs = fragment.timecodeMs + block.relative
    const data = join(block.pieces)
    fragment.frames.push({ track: block.track, timeMs, keyFrame: (block.flags & 0x80) !== 0, data })
    if (block.relative < 0) this.faults.push(`a frame before its fragment ${fragment.timecodeMs}`)
    if (!this.tracks.some((track) => track.number === block.track)) this.faults.push(`no track ${block.track}`)
  }

  #complete(position: number): void {
    const fragment = this.#open
    this.#open = undefined
    if (fragment === undefined || this.#over) return
    fragment.bytes = this.#bytes.slice(this.#clusterAt, position)
    fragment.complete = true
    for (const track of this.tracks) {
      const carried = fragment.frames.some((frame) => frame.track === track.number)
      if (!carried) this.faults.push(`fragment ${fragment.timecodeMs} has no frame of track ${track.number}`)
    }
    if (this.#mayFail(fragment, 'end')) return
    this.#say('RECEIVED', fragment)
    if (this.#retentionHours === 0) fragment.persisted = true
    else this.#persistLater(fragment)
  }

  #persistLater(fragment: StoredFragment): void {
    const { clock, persistMs } = this.#service
    this.#unconfirmed++
    if (persistMs === Number.POSITIVE_INFINITY) return
    // Media that has come is stored, whatever becomes of the connection meanwhile.
    clock.setTimer(persistMs, () => {
      this.#unconfirmed--
      fragment.persisted = true
      this.#say('PERSISTED', fragment)
      this.#mayFinish()
    })
  }

  #mayFinish(): void {
    if (!this.ended || this.#over || this.#unconfirmed > 0 || !this.#service.endsResponse) return
    this.#answered = true
    this.endedAtMs ??= this.#service.clock.monotonicMs()
    this.#sendAfter(Math.max(0, this.#quietFromMs - this.#service.clock.monotonicMs()), utf8Bytes('0\r\n\r\n'))
  }

  #mayFail(fragment: StoredFragment, at: 'begin' | 'end'): boolean {
    const errorId = this.#service.error(fragment, this, at)
    if (errorId === undefined) return false
    this.fail(errorId, this.#service.errorTimecode ? fragment.timecodeMs : undefined)
    return true
  }

  #say(type: string, fragment: StoredFragment): void {
    if (this.#over) return
    const number = String(this.fragments.indexOf(fragment) + 1)
    this.ack({ EventType: type, FragmentTimecode: fragment.timecodeMs, FragmentNumber: number })
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}
