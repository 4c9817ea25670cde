/** TCP and TLS connections over the host's sockets, directly or through an HTTP proxy. */

import { asKvsError, KvsError } from '../core/errors.ts'
import { networkError } from '../core/host/networkError.ts'
import { type ProxyEnvironment, proxyFor } from '../core/host/proxy.ts'
import { Tunnel } from '../core/host/tunnel.ts'
import type { Clock, Connect, ConnectOptions, Socket, SocketHandlers, Timer } from '../core/platform.ts'
import type { NativeSocket, NativeSocketHandlers, TlsSettings } from './native.ts'
import type { Tls } from './tls.ts'

export interface ConnectSettings {
  readonly tls: Tls
  /** Where HTTPS_PROXY and NO_PROXY are looked up; undefined: no proxy. */
  readonly proxy?: ProxyEnvironment | undefined
}

export function makeConnect(clock: Clock, settings: ConnectSettings): Connect {
  return (options, handlers) => new DeviceSocket(clock, settings, options, handlers)
}

/** What there is until the proxy has opened the tunnel, and what is made of the connection then. */
interface Tunnelling {
  readonly tunnel: Tunnel
  readonly tls: TlsSettings
}

class DeviceSocket implements Socket, NativeSocketHandlers {
  readonly #options: ConnectOptions
  readonly #handlers: SocketHandlers
  /** Until the connection stands: the time that it may take. */
  readonly #timer: Timer
  #socket: NativeSocket | undefined
  #tunnelling: Tunnelling | undefined

  constructor(clock: Clock, settings: ConnectSettings, options: ConnectOptions, handlers: SocketHandlers) {
    this.#options = options
    this.#handlers = handlers
    try {
      this.#socket = this.#dial(settings)
      this.#timer = clock.setTimer(options.timeoutMs, () => this.#giveUp())
    } catch (error) {
      this.#timer = clock.setTimer(0, () => handlers.onClose(asKvsError(error)))
    }
  }

  #dial(settings: ConnectSettings): NativeSocket {
    const { host, port } = this.#options
    const tls = this.#options.tls ? settings.tls.settings(this.#options.clientCertificate) : null
    const proxy = tls === null ? null : proxyFor(host, port, settings.proxy)
    if (tls === null || proxy === null) return native.connect({ host, port, tls }, this)
    this.#tunnelling = { tunnel: new Tunnel(proxy, host, port), tls }
    return native.connect({ host: proxy.host, port: proxy.port, tls: null }, this)
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
    if (this.#tunnelling !== undefined) {
      this.#socket?.write([this.#tunnelling.tunnel.request])
      return
    }
    this.#timer.cancel()
    this.#handlers.onOpen()
  }

  onData(bytes: Uint8Array): void {
    if (this.#tunnelling === undefined) this.#handlers.onData(bytes)
    else this.#onAnswer(this.#tunnelling, bytes)
  }

  onDrain(): void {
    if (this.#tunnelling === undefined) this.#handlers.onDrain()
  }

  onClose(error: string | null, detail: string): void {
    this.#timer.cancel()
    this.#socket = undefined
    const tunnel = this.#tunnelling?.tunnel
    const peer = tunnel?.proxy ?? this.#options
    this.#handlers.onClose(error === null ? (tunnel?.ended() ?? null) : networkError(error, detail, peer))
  }

  #onAnswer({ tunnel, tls }: Tunnelling, bytes: Uint8Array): void {
    const { host, port } = this.#options
    try {
      if (!tunnel.push(bytes)) return
      this.#tunnelling = undefined
      const error = this.#socket?.secure(tls, host, port) ?? null
      if (error !== null) throw networkError(error, '', this.#options)
    } catch (error) {
      this.#fail(asKvsError(error))
    }
  }

  #giveUp(): void {
    const { host, port, timeoutMs } = this.#options
    this.#fail(new KvsError('TIMED_OUT', `${host}:${port} did not answer in ${timeoutMs} ms`))
  }

  #fail(error: KvsError): void {
    this.destroy()
    this.#handlers.onClose(error)
  }
}
