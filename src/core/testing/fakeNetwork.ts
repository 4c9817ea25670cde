/** A network in memory that keeps to the contract of `Socket`, and complains when its user does not. */

import { KvsError } from '../errors.ts'
import type { Connect, ConnectOptions, Socket, SocketHandlers } from '../platform.ts'
import type { FakeClock } from './fakeClock.ts'

/** Who answers a connection. */
export interface Far {
  onData(bytes: Uint8Array): void
  /** The client has ended its side, or is gone. */
  onEnd(): void
}

/** How long bytes are on their way. */
export const latencyMs = 1

/** Nobody listens there. */
export const refusedConnection = new KvsError('CONNECT_FAILED', 'connection refused')

/** From the client to the far end, and back. */
export type Direction = 'up' | 'down'

export class Connection implements Socket {
  readonly options: ConnectOptions
  /** Bytes per millisecond; 0 for ever: nothing is taken. Undefined: everything at once. */
  bytesPerMs: number | undefined
  /** The connection breaks as the client's byte of this number is to arrive. */
  cutAtByte = Number.POSITIVE_INFINITY
  /** The connection breaks as the far end's byte of this number is to arrive. */
  cutAtAnswerByte = Number.POSITIVE_INFINITY
  state: 'connecting' | 'open' | 'ended' | 'gone' = 'connecting'
  receivedBytes = 0
  answeredBytes = 0
  readonly #clock: FakeClock
  readonly #handlers: SocketHandlers
  readonly #onGone: () => void
  #far: Far | undefined
  #blocked = false
  #cut = false
  /** What does not arrive while a direction is held up. */
  readonly #held: Record<Direction, (() => void)[] | undefined> = { up: undefined, down: undefined }
  /** What the client's system still takes while nothing arrives. */
  #windowBytes = 0

  constructor(clock: FakeClock, options: ConnectOptions, handlers: SocketHandlers, onGone: () => void) {
    this.#clock = clock
    this.options = options
    this.#handlers = handlers
    this.#onGone = onGone
  }

  open(far: Far): void {
    if (this.state !== 'connecting') return
    this.#far = far
    this.state = 'open'
    this.#handlers.onOpen()
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.state !== 'open') throw new Error(`written while ${this.state}`)
    if (this.#blocked) throw new Error('written although the last write is not taken')
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length === 0) throw new Error('nothing is written')
    if (this.#held.up !== undefined) this.#windowBytes -= length
    if (this.#held.up === undefined ? this.bytesPerMs === undefined : this.#windowBytes >= 0) {
      this.#deliver(parts)
      return true
    }
    this.#blocked = true
    const take = () => {
      if (this.state !== 'open') return
      // Read only now: what is borrowed must still be what it was.
      this.#deliver(parts)
      this.#blocked = false
      this.#handlers.onDrain()
    }
    if (this.#held.up !== undefined) this.#held.up.push(take)
    else if (this.bytesPerMs !== 0) this.#clock.setTimer(length / (this.bytesPerMs ?? 1), () => this.#pass('up', take))
    return false
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended'
    this.#later('up', () => this.#far?.onEnd())
  }

  destroy(): void {
    this.#leave()
    this.#later('up', () => this.#far?.onEnd())
  }

  /** The far end sends. */
  send(bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#later('down', () => this.#answer(copy))
  }

  /** The far end closes, in order or not; what it sent before still arrives. */
  close(error: KvsError | null): void {
    this.#later('down', () => this.#gone(error))
  }

  /** From now on nothing arrives in this direction, and nobody is told; up to `windowBytes` seem to be taken. */
  hold(direction: Direction, windowBytes = 0): void {
    this.#held[direction] ??= []
    if (direction === 'up') this.#windowBytes = windowBytes
  }

  /** What was held up arrives, and all else again. */
  release(direction: Direction): void {
    const held = this.#held[direction] ?? []
    this.#held[direction] = undefined
    for (const task of held) task()
  }

  #deliver(parts: readonly Uint8Array[]): void {
    const copies = parts.map((part) => part.slice())
    this.#later('up', () => {
      for (const copy of copies) this.#arrive(copy)
    })
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#cut) return
    const room = this.cutAtByte - this.receivedBytes
    const arriving = bytes.length > room ? bytes.subarray(0, room) : bytes
    this.receivedBytes += arriving.length
    if (arriving.length > 0) this.#far?.onData(arriving)
    if (bytes.length >= room) this.#break()
  }

  #answer(bytes: Uint8Array): void {
    if (this.state !== 'open' && this.state !== 'ended') return
    const room = this.cutAtAnswerByte - this.answeredBytes
    const arriving = bytes.length > room ? bytes.subarray(0, room) : bytes
    this.answeredBytes += arriving.length
    if (arriving.length > 0) this.#handlers.onData(arriving)
    if (bytes.length >= room) this.#break()
  }

  #break(): void {
    this.#cut = true
    this.#far?.onEnd()
    this.#gone(new KvsError('CONNECTION_LOST', 'the connection was cut'))
  }

  #gone(error: KvsError | null): void {
    if (this.state === 'gone') return
    this.#leave()
    this.#handlers.onClose(error)
  }

  #leave(): void {
    if (this.state === 'gone') return
    this.state = 'gone'
    this.#onGone()
  }

  #later(direction: Direction, task: () => void): void {
    // What goes up ends at the model of the service, which knows no promises; but a cut tells the client.
    if (direction === 'down' || this.cutAtByte < Number.POSITIVE_INFINITY) {
      this.#clock.setTimer(latencyMs, () => this.#pass(direction, task))
    } else this.#clock.setPlainTimer(latencyMs, () => this.#pass(direction, task))
  }

  #pass(direction: Direction, task: () => void): void {
    const held = this.#held[direction]
    // How long a connection may take to come about is the client's own affair.
    if (held === undefined || this.state === 'connecting') task()
    else held.push(task)
  }
}

export class FakeNetwork {
  /** Sockets that are neither closed nor destroyed. */
  readonly open = new Set<Connection>()
  readonly #clock: FakeClock
  readonly #accept: (connection: Connection) => Far | KvsError | 'silence'

  /** @param accept answers each connection: with its far end, with an error, or never */
  constructor(clock: FakeClock, accept: (connection: Connection) => Far | KvsError | 'silence') {
    this.#clock = clock
    this.#accept = accept
  }

  readonly connect: Connect = (options, handlers) => {
    const connection: Connection = new Connection(this.#clock, options, handlers, () => this.open.delete(connection))
    this.open.add(connection)
    const answer = this.#accept(connection)
    if (answer === 'silence') {
      const error = new KvsError('TIMED_OUT', `${options.host} does not answer`)
      this.#clock.setTimer(options.timeoutMs, () => connection.close(error))
    } else if (answer instanceof KvsError) connection.close(answer)
    else this.#clock.setTimer(latencyMs, () => connection.open(answer))
    return connection
  }
}
