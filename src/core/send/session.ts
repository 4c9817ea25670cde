/** One PutMedia session: reads the buffer onto the wire and hands back what the service says of it. */

import { KvsError } from '../errors.ts'
import type { Ack } from '../frame/ack.ts'
import { type Fragment, type FragmentQueue, fragmentEnd } from '../frame/fragment.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { ExchangeHandlers, HttpExchange } from '../http/exchange.ts'
import type { Clock, FileWriter, Timer } from '../platform.ts'
import type { Stats } from '../stats.ts'
import type { FragmentRate } from './fragmentRate.ts'

/** Handed to the network at once at most: enough to keep it busy, little enough to stay in step with it. */
const maxChunkBytes = 256 * 1024

/** A service that owes an ack, or does not read, is given up after this long (kvssink's connection staleness). */
const staleMs = 60_000
const watchEveryMs = 5000

/** Makes what cuts the response body into acks. */
export type MakeAckParser = (onAck: (ack: Ack) => void) => { push(bytes: Uint8Array): void }

export interface SessionOptions {
  readonly buffer: FragmentQueue
  /** EBML, Segment, Info and Tracks: the first bytes of the body. */
  readonly header: Uint8Array
  /** What says that the last fragment is complete: the last bytes of the body. */
  readonly endMark: Uint8Array
  readonly ackParser: MakeAckParser
  readonly rate: FragmentRate
  readonly clock: Clock
  readonly stats: Stats
  /** Gets exactly the Matroska bytes sent; closed with the session. */
  readonly dump: FileWriter | undefined
}

export interface SessionHandlers {
  /** The service has accepted the request: fragments flow from now on. */
  onStreaming(): void
  onAck(ack: Ack): void
  /** The network has taken what it had been given. */
  onTaken(): void
  /** Over. Null: in order, after `finish`. Called once, and not after `destroy`. */
  onEnd(error: KvsError | null): void
}

export class Session {
  readonly #options: SessionOptions
  readonly #handlers: SessionHandlers
  readonly #parts: Uint8Array[] = []
  /** Callbacks of the exchange that `begin` is given. */
  readonly exchangeHandlers: ExchangeHandlers
  #exchange: HttpExchange | undefined
  #fragment: Fragment | undefined
  #position = 0
  #takenPosition = 0
  #ready = false
  #blocked = false
  #headerSent = false
  #finishing = false
  /** The fragment after which the end mark went out. */
  #marked: Fragment | undefined
  #bodyEnded = false
  #closed = false
  #rateTimer: Timer | undefined
  #watchTimer: Timer | undefined
  /** When the service last took or said something, or owed nothing. */
  #lastSignMs: MonotonicMs = 0

  constructor(options: SessionOptions, handlers: SessionHandlers) {
    this.#options = options
    this.#handlers = handlers
    const acks = options.ackParser((ack) => {
      if (ack.type !== 'IDLE') this.#lastSignMs = options.clock.monotonicMs()
      handlers.onAck(ack)
    })
    this.exchangeHandlers = {
      onReady: () => this.#onReady(),
      onHead: () => handlers.onStreaming(),
      onBody: (bytes) => acks.push(bytes),
      onDrain: () => this.#onDrain(),
      // Whatever is written after the end of the response is thrown away.
      onEnd: () => {
        this.#ready = false
      },
      onClose: (error) => this.#onClose(error),
    }
  }

  /** The request is on its way. */
  begin(exchange: HttpExchange): void {
    this.#exchange = exchange
    this.#lastSignMs = this.#options.clock.monotonicMs()
    this.#watch()
    this.pump()
  }

  /** The fragment on its way, which must stay as it is. */
  get sending(): Fragment | undefined {
    return this.#fragment
  }

  /** Position up to which the network has taken the bytes of `sending`. */
  get takenPosition(): number {
    return this.#takenPosition
  }

  /** Sends what the buffer has and the network takes. Called whenever either may have changed. */
  pump(): void {
    const fragment = this.#fragment
    // Sealed after its last byte had gone out; known even while the network takes no more.
    if (fragment?.state === 'sealed' && this.#position === fragmentEnd(fragment)) this.#sent(fragment)
    while (this.#exchange !== undefined && this.#ready && !this.#blocked && !this.#bodyEnded) {
      if (!this.#headerSent) {
        this.#headerSent = true
        this.#send([this.#options.header], this.#options.header.length)
      } else if (!this.#sendMedia()) {
        return
      }
    }
  }

  /** Nothing will be added to the buffer any more: mark the end, wait for the last acks, end. */
  finish(): void {
    this.#finishing = true
    this.pump()
  }

  /** The service owes something, and neither takes nor says anything: a connection can be gone without a word. */
  #watch(): void {
    const { clock, buffer } = this.#options
    this.#watchTimer = clock.setTimer(watchEveryMs, () => {
      const oldest = buffer.fragments[0]
      const owing = this.#blocked || oldest?.state === 'sent' || oldest?.state === 'received'
      if (!owing) this.#lastSignMs = clock.monotonicMs()
      if (clock.monotonicMs() - this.#lastSignMs < staleMs) return this.#watch()
      this.#exchange?.destroy()
      this.#onClose(new KvsError('TIMED_OUT', `the service has not said anything for ${staleMs / 1000} s`))
    })
  }

  /** Drops the connection now, without `onEnd`. */
  destroy(): void {
    this.#close()
    this.#exchange?.destroy()
  }

  /** One step; false where there is nothing to send now. */
  #sendMedia(): boolean {
    const { buffer } = this.#options
    const fragment = this.#fragment
    if (fragment === undefined) return this.#nextFragment(fragment)
    const end = fragmentEnd(fragment)
    if (this.#position === end) return fragment.state !== 'open' && this.#nextFragment(fragment)
    this.#parts.length = 0
    const length = buffer.read(this.#position, end, maxChunkBytes, this.#parts)
    this.#position += length
    this.#send(this.#parts, length)
    if (this.#position === end && fragment.state === 'sealed') this.#sent(fragment)
    return true
  }

  /** Goes on to the next fragment, or to the end. */
  #nextFragment(previous: Fragment | undefined): boolean {
    const { buffer, clock, rate } = this.#options
    const next = buffer.fragments.find((fragment) => previous === undefined || fragment.position > previous.position)
    if (next === undefined) return previous !== this.#marked ? this.#markEnd(previous) : this.#finishing && this.#end()
    // A fragment without a byte is about to get its first frame.
    if (next.lengthBytes === 0) return false
    const waitMs = rate.waitMs(clock.monotonicMs())
    if (waitMs > 0) {
      this.#rateTimer ??= clock.setTimer(waitMs, () => {
        this.#rateTimer = undefined
        this.#goOn()
      })
      return false
    }
    rate.begin(clock.monotonicMs())
    this.#fragment = next
    this.#position = next.position
    this.#takenPosition = next.position
    return true
  }

  #sent(fragment: Fragment): void {
    fragment.state = 'sent'
    fragment.sentAtMs = this.#options.clock.monotonicMs()
  }

  /** No fragment follows: says that this one is complete, so that the service confirms it now. */
  #markEnd(last: Fragment | undefined): true {
    this.#marked = last
    this.#send([this.#options.endMark], this.#options.endMark.length)
    return true
  }

  /** Ends the request when the last fragment is confirmed. */
  #end(): false {
    if (this.#options.buffer.fragments.length > 0) return false
    this.#bodyEnded = true
    this.#exchange?.endBody()
    return false
  }

  #send(parts: readonly Uint8Array[], length: number): void {
    const { stats, dump } = this.#options
    stats.bytesSent += length
    if (dump !== undefined) for (const part of parts) dump.write(part)
    this.#blocked = !(this.#exchange?.writeChunk(parts, length) ?? false)
    if (!this.#blocked) this.#takenPosition = this.#position
  }

  #onReady(): void {
    this.#ready = true
    this.#goOn()
  }

  #onDrain(): void {
    this.#blocked = false
    this.#lastSignMs = this.#options.clock.monotonicMs()
    this.#takenPosition = this.#position
    this.#goOn()
  }

  /** Not out of a call of the owner's: what the network takes at once it has to be told, too. */
  #goOn(): void {
    this.pump()
    this.#handlers.onTaken()
  }

  #onClose(error: KvsError | null): void {
    this.#close()
    this.#handlers.onEnd(error)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#ready = false
    this.#rateTimer?.cancel()
    this.#watchTimer?.cancel()
    this.#rateTimer = undefined
    this.#options.dump?.close()
  }
}
