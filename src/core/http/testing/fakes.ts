/** A clock that stands still until told, and a network whose peers are played by the test. */

import type { KvsError } from '../../errors.ts'
import type { Clock, ConnectOptions, Socket, SocketHandlers, Timer } from '../../platform.ts'
import { utf8Bytes, utf8Text } from '../../text.ts'

export class FakeClock implements Clock {
  wall = Date.UTC(2026, 10, 22, 8, 0, 0)
  #nowMs = 0
  readonly #timers = new Set<{ readonly atMs: number; readonly task: () => void }>()

  wallMs(): number {
    return this.wall + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  get timers(): number {
    return this.#timers.size
  }

  setTimer(delayMs: number, task: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, task }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Lets `ms` pass: timers fire in order of their times. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      let next: { readonly atMs: number; readonly task: () => void } | undefined
      for (const timer of this.#timers) if (timer.atMs <= untilMs && timer.atMs < (next?.atMs ?? Infinity)) next = timer
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.task()
    }
    this.#nowMs = untilMs
  }
}

/** The far end of one connection. */
export class FakePeer implements Socket {
  readonly options: ConnectOptions
  readonly handlers: SocketHandlers
  /** Every `write` of the client, its parts joined. */
  readonly writes: string[] = []
  /** False: writes are answered with false and stay borrowed until `drain`. */
  room = true
  ended = false
  destroyed = false
  #borrowed: (() => void) | undefined

  constructor(options: ConnectOptions, handlers: SocketHandlers) {
    this.options = options
    this.handlers = handlers
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.#borrowed !== undefined) throw new Error('written although the last write is not taken')
    if (this.ended || this.destroyed) throw new Error('written after the end')
    // A real socket reads the parts when there is room: they must still be what they were.
    const take = () => this.writes.push(parts.map((part) => utf8Text(part)).join(''))
    if (this.room) take()
    else this.#borrowed = take
    return this.room
  }

  drain(): void {
    const take = this.#borrowed
    this.#borrowed = undefined
    take?.()
    this.handlers.onDrain()
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
  }

  /** All that the client has written so far. */
  get received(): string {
    return this.writes.join('')
  }

  open(): this {
    this.handlers.onOpen()
    return this
  }

  send(text: string | Uint8Array): this {
    const bytes = typeof text === 'string' ? utf8Bytes(text) : text.slice()
    if (!this.destroyed) this.handlers.onData(bytes)
    // Borrowed until the call returned: whoever still looks sees what a real socket might show.
    bytes.fill(0xee)
    return this
  }

  close(error: KvsError | null = null): void {
    if (this.destroyed) return
    this.destroyed = true
    this.handlers.onClose(error)
  }
}

/** Takes connections. */
export class FakeNetwork {
  readonly peers: FakePeer[] = []
  readonly clock = new FakeClock()

  readonly connect = (options: ConnectOptions, handlers: SocketHandlers): FakePeer => {
    const peer = new FakePeer(options, handlers)
    this.peers.push(peer)
    return peer
  }

  /** The connection number `index`, the last one where not given. */
  peer(index = this.peers.length - 1): FakePeer {
    const peer = this.peers[index]
    if (peer === undefined) throw new Error(`there is no connection ${index}`)
    return peer
  }
}
