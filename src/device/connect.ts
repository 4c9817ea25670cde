/** TCP and TLS connections over the host's sockets. */

import { asKvsError, KvsError } from '../core/errors.ts'
import { networkError } from '../core/host/networkError.ts'
import type { Clock, Connect, ConnectOptions, Socket, SocketHandlers, Timer } from '../core/platform.ts'
import type { NativeSocket, NativeSocketHandlers } from './native.ts'
import type { Tls } from './tls.ts'

export function makeConnect(clock: Clock, tls: Tls): Connect {
  return (options, handlers) => new DeviceSocket(clock, tls, options, handlers)
}

class DeviceSocket implements Socket, NativeSocketHandlers {
  readonly #options: ConnectOptions
  readonly #handlers: SocketHandlers
  /** Until the connection stands: the time that it may take. */
  readonly #timer: Timer
  #socket: NativeSocket | undefined

  constructor(clock: Clock, tls: Tls, options: ConnectOptions, handlers: SocketHandlers) {
    this.#options = options
    this.#handlers = handlers
    try {
      const { host, port } = options
      this.#socket = native.connect(
        { host, port, tls: options.tls ? tls.settings(options.clientCertificate) : null },
        this,
      )
      this.#timer = clock.setTimer(options.timeoutMs, () => this.#giveUp())
    } catch (error) {
      this.#timer = clock.setTimer(0, () => handlers.onClose(asKvsError(error)))
    }
  }

  write(parts: readonly Uint8Array[]): boolean {
    return this.#socket?.write(parts) ?? false
  }

  end(): void {
    this.#socket?.end()
  }

  destroy(): void {
    this.#timer.cancel()
    this.#socket?.destroy()
    this.#socket = undefined
  }

  onOpen(): void {
    this.#timer.cancel()
    this.#handlers.onOpen()
  }

  onData(bytes: Uint8Array): void {
    this.#handlers.onData(bytes)
  }

  onDrain(): void {
    this.#handlers.onDrain()
  }

  onClose(error: string | null, detail: string): void {
    this.#timer.cancel()
    this.#socket = undefined
    this.#handlers.onClose(error === null ? null : networkError(error, detail, this.#options))
  }

  #giveUp(): void {
    const { host, port, timeoutMs } = this.#options
    this.destroy()
    this.#handlers.onClose(new KvsError('TIMED_OUT', `${host}:${port} did not answer in ${timeoutMs} ms`))
  }
}
