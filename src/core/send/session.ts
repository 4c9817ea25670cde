/** One PutMedia session: reads the queue onto the wire and hands back what the service says of it. */

import { KvsError } from '../errors.ts'
import type { Ack } from '../frame/ack.ts'
import { type Fragment, type FragmentQueue, isSameHeader, type SessionHeader } from '../frame/fragment.ts'
import type { MonotonicMs, WallMs } from '../frame/time.ts'
import type { ExchangeHandlers, HttpExchange } from '../http/exchange.ts'
import type { Clock, FileWriter, Timer } from '../platform.ts'
import type { Stats } from '../stats.ts'
import type { FragmentRate } from './fragmentRate.ts'
import type { Dialled, MakeAckParser } from './line.ts'
import { staleMs, Watch } from './watch.ts'

/** Handed to the network at once at most: enough to keep it busy, little enough to stay in step with it. */
const maxChunkBytes = 256 * 1024

/** A service that has confirmed all and does not end its response is not waited for any longer. */
const farewellMs = 5000

export interface SessionOptions {
  readonly queue: FragmentQueue
  /** The first bytes of the body: the header for a segment of its own. */
  readonly newSegment: (header: Uint8Array) => Uint8Array
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
  /** The service wants media. */
  onReady(): void
  /** The service has accepted the request. */
  onAccepted(): void
  onAck(ack: Ack): void
  /** The network has taken what it had been given. */
  onTaken(): void
  /** It sends no fragment after number `last` any more: the next session goes on behind it. */
  onLeft(): void
  /** Over. Null: in order, after `finish` or `leave`. Called once, and not after `destroy`. */
  onEnd(error: KvsError | null): void
}

export class Session {
  readonly #options: SessionOptions
  readonly #handlers: SessionHandlers
  readonly #parts: Uint8Array[] = []
  /** Callbacks of the exchange that `begin` is given. */
  readonly exchangeHandlers: ExchangeHandlers
  #exchange: HttpExchange | undefined
  /** When another session is to take over; monotonic. */
  renewAtMs: MonotonicMs = Number.POSITIVE_INFINITY
  /** The service has answered the request with 200. */
  accepted = false
  #header: SessionHeader | undefined
  /** Number of the fragment behind which this session begins; undefined while it waits for its turn. */
  #first: number | undefined
  /** Number of its latest fragment, `#first` before there is one. */
  #last = 0
  #lastTimecodeMs: WallMs = -1
  #fragment: Fragment | undefined
  #sentBytes = 0
  #takenBytes = 0
  #ready = false
  #blocked = false
  #finishing = false
  #leaving = false
  #resting = false
  #left = false
  /** Number of the fragment after which the end mark went out. */
  #marked = 0
  #bodyEnded = false
  #closed = false
  /** Until the next fragment may begin, and in the end until the service has closed. */
  #rateTimer: Timer | undefined
  readonly #watch: Watch

  constructor(options: SessionOptions, handlers: SessionHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#watch = new Watch(
      options.clock,
      () => ({ waiting: !this.accepted || this.#blocked, oldest: this.#oldest() }),
      () => this.#onStale(),
    )
    const acks = options.ackParser((ack) => {
      if (ack.type !== 'IDLE') this.#watch.sign()
      handlers.onAck(ack)
    })
    this.exchangeHandlers = {
      onReady: () => this.#onReady(),
      onHead: () => {
        this.accepted = true
        handlers.onAccepted()
      },
      onBody: (bytes) => acks.push(bytes),
      onDrain: () => this.#onDrain(),
      // Whatever is written after the end of the response is thrown away.
      onEnd: () => {
        this.#ready = false
      },
      onClose: (error) => this.#onClose(error),
    }
  }

  /** The request is on its way; at `renewAtMs` another session is to take over. */
  begin({ exchange, renewAtMs }: Dialled): void {
    this.#exchange = exchange
    this.renewAtMs = renewAtMs
    this.#watch.begin()
    this.pump()
  }

  /** It is this session's turn: it sends what comes behind fragment number `after`. */
  sendAfter(after: number): void {
    this.#first = after
    this.#last = after
    this.#marked = after
    this.pump()
  }

  /** Whether the fragment is one that this session has begun to send. */
  carries({ number }: Fragment): boolean {
    return this.#first !== undefined && number > this.#first && number <= this.#last
  }

  /** Number of the latest fragment that it has begun to send. */
  get last(): number {
    return this.#last
  }

  /** It has told that it sends no fragment behind `last`. */
  get left(): boolean {
    return this.#left
  }

  /** One of its fragments is stored. */
  confirmed(fragment: Fragment): void {
    this.#watch.confirmed(fragment)
    this.pump()
  }

  /** The fragment on its way, which must stay as it is. */
  get sending(): Fragment | undefined {
    return this.#fragment
  }

  /** Whether bytes of the fragment are still with the network or to follow: nobody may take it away. */
  holds(fragment: Fragment): boolean {
    return (
      fragment === this.#fragment &&
      (this.#blocked || this.#sentBytes < fragment.lengthBytes || fragment.state === 'open')
    )
  }

  /** How much of `sending` the network has taken. */
  get takenBytes(): number {
    return this.#takenBytes
  }

  /** Sends what the queue has and the network takes. Called whenever either may have changed. */
  pump(): void {
    const fragment = this.#fragment
    // Sealed after its last byte had gone out; known even while the network takes no more.
    if (fragment?.state === 'sealed' && this.#sentBytes === fragment.lengthBytes) this.#sent(fragment)
    if (this.#first === undefined) return
    while (this.#exchange !== undefined && this.#ready && !this.#blocked && !this.#bodyEnded) {
      if (!this.#step()) return
    }
  }

  /** Nothing will be added to the queue any more: mark the end, wait for the last acks, end. */
  finish(): void {
    this.#finishing = true
    this.pump()
  }

  /** Begins no further fragment: mark the end of the one on its way, wait for the acks, end. */
  leave(): void {
    this.#leaving = true
    this.pump()
  }

  /** Ends in order when all is sent and confirmed, unless more comes before. */
  rest(): void {
    this.#resting = true
    this.pump()
  }

  /** Drops the connection now, without `onEnd`. */
  destroy(): void {
    this.#close()
    this.#exchange?.destroy()
  }

  /** The oldest of its fragments that is not confirmed. */
  #oldest(): Fragment | undefined {
    return this.#options.queue.fragments.find((fragment) => this.carries(fragment))
  }

  /** Whether some of them could be sent again. */
  #owes(): boolean {
    return this.#options.queue.fragments.some((fragment) => this.carries(fragment) && !fragment.givenUp)
  }

  /** One step; false where there is nothing to send now. */
  #step(): boolean {
    const fragment = this.#fragment
    if (fragment === undefined) return this.#nextFragment()
    const end = fragment.lengthBytes
    if (this.#sentBytes === end) return fragment.state !== 'open' && this.#nextFragment()
    this.#parts.length = 0
    const length = this.#options.queue.read(fragment, this.#sentBytes, maxChunkBytes, this.#parts)
    if (length === 0) return this.#cannotRead()
    this.#sentBytes += length
    this.#send(this.#parts, length)
    if (this.#sentBytes === end && fragment.state === 'sealed') this.#sent(fragment)
    return true
  }

  /** Goes on to the next fragment, or to the end. */
  #nextFragment(): boolean {
    const { queue, clock, rate } = this.#options
    const next = this.#leaving ? undefined : queue.after(this.#last)
    if (next === undefined || this.#isForeign(next)) return this.#pause(next)
    this.#resting = false
    // A fragment without a byte is about to get its first frame.
    if (next.lengthBytes === 0) return false
    const waitMs = rate.waitMs(clock.monotonicMs(), next)
    if (waitMs > 0) {
      this.#rateTimer ??= clock.setTimer(waitMs, () => {
        this.#rateTimer = undefined
        this.#goOn()
      })
      return false
    }
    if (this.#header === undefined) {
      this.#header = next.header
      const header = this.#options.newSegment(next.header.bytes)
      this.#send([header], header.length)
      return true
    }
    rate.begin(clock.monotonicMs(), next)
    this.#fragment = next
    this.#last = next.number
    this.#lastTimecodeMs = next.timecodeMs
    this.#sentBytes = 0
    this.#takenBytes = 0
    return true
  }

  /** A body has one header only, and its timecodes rise: what needs another one is for the next session. */
  #isForeign(next: Fragment): boolean {
    if (this.#header === undefined) return false
    return next.timecodeMs <= this.#lastTimecodeMs || !isSameHeader(next.header.bytes, this.#header.bytes)
  }

  /** The rest of a fragment is gone: what is on its way would never become one. */
  #cannotRead(): false {
    this.#exchange?.destroy()
    this.#onClose(new KvsError('INPUT_UNREADABLE', 'a fragment of the spool cannot be read any more', { retry: true }))
    return false
  }

  /** No fragment follows, or none that is this session's: the latest one is complete, so that it is confirmed now. */
  #pause(next: Fragment | undefined): boolean {
    if (this.#marked !== this.#last) {
      this.#marked = this.#last
      this.#send([this.#options.endMark], this.#options.endMark.length)
      return true
    }
    if (this.#leaving || this.#resting || next !== undefined) this.#tellLeft()
    if ((this.#left || this.#finishing) && !this.#bodyEnded && !this.#owes()) this.#end()
    return false
  }

  #tellLeft(): void {
    if (this.#left) return
    this.#left = true
    this.#leaving = true
    this.#handlers.onLeft()
  }

  /** Ends the request: its last fragment is confirmed. */
  #end(): void {
    this.#bodyEnded = true
    this.#exchange?.endBody()
    this.#rateTimer?.cancel()
    this.#rateTimer = this.#options.clock.setTimer(farewellMs, () => {
      this.#exchange?.destroy()
      this.#onClose(null)
    })
  }

  #sent(fragment: Fragment): void {
    fragment.state = 'sent'
    fragment.sentAtMs = this.#options.clock.monotonicMs()
  }

  #send(parts: readonly Uint8Array[], length: number): void {
    const { stats, dump } = this.#options
    stats.bytesSent += length
    if (dump !== undefined) for (const part of parts) dump.write(part)
    this.#blocked = !(this.#exchange?.writeChunk(parts, length) ?? false)
    if (!this.#blocked) this.#takenBytes = this.#sentBytes
  }

  #onReady(): void {
    this.#ready = true
    this.#handlers.onReady()
    this.#goOn()
  }

  #onDrain(): void {
    this.#blocked = false
    this.#watch.sign()
    this.#takenBytes = this.#sentBytes
    this.#goOn()
  }

  /** Not out of a call of the owner's: what the network takes at once it has to be told, too. */
  #goOn(): void {
    this.pump()
    this.#handlers.onTaken()
  }

  #onStale(): void {
    this.#exchange?.destroy()
    this.#onClose(new KvsError('TIMED_OUT', `the service has not confirmed anything for ${staleMs / 1000} s`))
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
    this.#watch.end()
    this.#rateTimer = undefined
    this.#options.dump?.close()
  }
}
