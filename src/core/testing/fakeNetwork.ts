/** A network in memory that keeps to the contract of `Socket`, and complains when its user does not. */

import { KvsError } from '../errors.ts'
import type { Clock, Connect, ConnectOptions, Socket, SocketHandlers } from '../platform.ts'

/** Who answers a connection. */
export interface Far {
  onData(bytes: Uint8Array): void
  /** The client has ended its side, or is gone. */
  onEnd(): void
}

const latencyMs = 1

/** Nobody listens there. */
export const refusedConnection = new KvsError('CONNECT_FAILED', 'connection refused')

export class Connection implements Socket {
  readonly options: ConnectOptions
  /** Bytes per millisecond; 0 for ever: nothing is taken. Undefined: everything at once. */
  bytesPerMs: number | undefined
  /** The connection breaks as the client's byte of this number is to arrive. */
  cutAtByte = Number.POSITIVE_INFINITY
  state: 'connecting' | 'open' | 'ended' | 'gone' = 'connecting'
  receivedBytes = 0
  readonly #clock: Clock
  readonly #handlers: SocketHandlers
  readonly #onGone: () => void
  #far: Far | undefined
  #blocked = false
  #cut = false

  constructor(clock: Clock, options: ConnectOptions, handlers: SocketHandlers, onGone: () => void) {
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
    if (this.bytesPerMs === undefined) {
      this.#deliver(parts)
      return true
    }
    this.#blocked = true
    if (this.bytesPerMs === 0) return false
    this.#clock.setTimer(length / this.bytesPerMs, () => {
      if (this.state !== 'open') return
      // Read only now: what is borrowed must still be what it was.
      this.#deliver(parts)
      this.#blocked = false
      this.#handlers.onDrain()
    })
    return false
  }

  end(): void {
    if (this.state === 'open') this.state = 'ended'
    this.#later(() => this.#far?.onEnd())
  }

  destroy(): void {
    this.#leave()
    this.#later(() => this.#far?.onEnd())
  }

  /** The far end sends. */
  send(bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#later(() => {
      if (this.state === 'open' || this.state === 'ended') this.#handlers.onData(copy)
    })
  }

  /** The far end closes, in order or not; what it sent before still arrives. */
  close(error: KvsError | null): void {
    this.#later(() => this.#gone(error))
  }

  #deliver(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      const copy = part.slice()
      this.#later(() => this.#arrive(copy))
    }
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#cut) return
    const room = this.cutAtByte - this.receivedBytes
    const arriving = bytes.length > room ? bytes.subarray(0, room) : bytes
    this.receivedBytes += arriving.length
    if (arriving.length > 0) this.#far?.onData(arriving)
    if (bytes.length < room) return
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

  #later(task: () => void): void {
    this.#clock.setTimer(latencyMs, task)
  }
}

export class FakeNetwork {
  /** Sockets that are neither closed nor destroyed. */
  readonly open = new Set<Connection>()
  readonly #clock: Clock
  readonly #accept: (connection: Connection) => Far | KvsError | 'silence'

  /** @param accept answers each connection: with its far end, with an error, or never */
  constructor(clock: Clock, accept: (connection: Connection) => Far | KvsError | 'silence') {
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
