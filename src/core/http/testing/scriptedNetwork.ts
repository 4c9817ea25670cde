/** A network whose far ends the test plays itself, line by line. */

import type { KvsError } from '../../errors.ts'
import type { ConnectOptions, Socket, SocketHandlers } from '../../platform.ts'
import { FakeClock } from '../../testing/fakeClock.ts'
import { utf8Bytes, utf8Text } from '../../text.ts'

/** The far end of one connection. */
export class ScriptedPeer implements Socket {
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
export class ScriptedNetwork {
  readonly peers: ScriptedPeer[] = []
  readonly clock = new FakeClock()

  readonly connect = (options: ConnectOptions, handlers: SocketHandlers): ScriptedPeer => {
    const peer = new ScriptedPeer(options, handlers)
    this.peers.push(peer)
    return peer
  }

  /** The connection number `index`, the last one where not given. */
  peer(index = this.peers.length - 1): ScriptedPeer {
    const peer = this.peers[index]
    if (peer === undefined) throw new Error(`there is no connection ${index}`)
    return peer
  }
}
