/** TCP and TLS connections over node:net and node:tls, directly or through an HTTP proxy. */

import * as net from 'node:net'
import * as tls from 'node:tls'
import { asKvsError, KvsError } from '../core/errors.ts'
import type { Connect, ConnectOptions, Socket, SocketHandlers } from '../core/platform.ts'
import { networkError } from './networkError.ts'
import { openTunnel, type ProxyEnvironment, proxyFor } from './proxy.ts'

export interface ConnectSettings {
  /** PEM certificates that replace the trust anchors built into Node.js. */
  readonly ca?: readonly string[] | undefined
  /** Where HTTPS_PROXY and NO_PROXY are looked up; undefined: no proxy. */
  readonly proxy?: ProxyEnvironment | undefined
}

export function makeConnect(settings: ConnectSettings): Connect {
  return (options, handlers) => new NodeSocket(settings, options, handlers)
}

class NodeSocket implements Socket {
  readonly #settings: ConnectSettings
  readonly #options: ConnectOptions
  readonly #handlers: SocketHandlers
  readonly #timer: NodeJS.Timeout
  #stream: net.Socket | undefined
  #error: KvsError | null = null
  #over = false

  constructor(settings: ConnectSettings, options: ConnectOptions, handlers: SocketHandlers) {
    this.#settings = settings
    this.#options = options
    this.#handlers = handlers
    this.#timer = setTimeout(() => {
      this.#fail(new KvsError('TIMED_OUT', `${options.host}:${options.port} did not answer in ${options.timeoutMs} ms`))
    }, options.timeoutMs)
    try {
      this.#dial()
    } catch (error) {
      queueMicrotask(() => this.#fail(asKvsError(error)))
    }
  }

  write(parts: readonly Uint8Array[]): boolean {
    const stream = this.#stream
    if (stream === undefined || this.#over) return false
    const last = parts.length - 1
    let waiting = false
    // Corked parts leave as one piece: one TLS record where they fit.
    stream.cork()
    for (const [index, part] of parts.entries()) {
      if (index < last) stream.write(part)
      else stream.write(part, (error) => waiting && !error && !this.#over && this.#handlers.onDrain())
    }
    stream.uncork()
    waiting = stream.writableLength > 0
    return !waiting
  }

  end(): void {
    this.#stream?.end()
  }

  destroy(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#stream?.destroy()
  }

  #dial(): void {
    const { host, port } = this.#options
    const proxy = this.#options.tls ? proxyFor(host, port, this.#settings.proxy) : null
    if (proxy === null) {
      this.#use(this.#options.tls ? this.#secure(undefined) : net.connect({ host, port }), true)
      return
    }
    const tunnel = openTunnel(proxy, host, port, (error) => {
      if (this.#over) return
      if (error !== null) this.#fail(error)
      else this.#use(this.#secure(tunnel), false)
    })
    this.#stream = tunnel
  }

  #secure(through: net.Socket | undefined): tls.TLSSocket {
    const { host, port } = this.#options
    const { ca } = this.#settings
    return tls.connect({
      host,
      port,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      ...(net.isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca: [...ca] }),
      ...(through !== undefined && { socket: through }),
    })
  }

  #use(stream: net.Socket, direct: boolean): void {
    this.#stream = stream
    if (direct) stream.setNoDelay(true)
    stream.setKeepAlive(true, 15_000)
    stream.once(this.#options.tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(this.#timer)
      if (!this.#over) this.#handlers.onOpen()
    })
    stream.on('data', (bytes) => {
      if (!this.#over) this.#handlers.onData(bytes)
    })
    stream.on('error', (error) => {
      this.#error ??= networkError(error, this.#options)
    })
    stream.on('end', () => stream.end())
    stream.on('close', () => this.#close(this.#error))
  }

  #fail(error: KvsError): void {
    this.#stream?.destroy()
    this.#close(error)
  }

  #close(error: KvsError | null): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#handlers.onClose(error)
  }
}
