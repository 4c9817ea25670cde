/** TCP and TLS connections over node:net and node:tls, directly or through an HTTP proxy. */

import { X509Certificate } from 'node:crypto'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { asKvsError, KvsError } from '../core/errors.ts'
import { clientCertificateError } from '../core/host/clientCertificateError.ts'
import { type ProxyEnvironment, proxyFor } from '../core/host/proxy.ts'
import { damagedTrust } from '../core/host/trust.ts'
import { Tunnel } from '../core/host/tunnel.ts'
import type { ClientCertificate, Connect, ConnectOptions, Socket, SocketHandlers } from '../core/platform.ts'
import { errnoName } from './errnoName.ts'
import { networkError } from './networkError.ts'
import { openTunnel } from './tunnel.ts'

export interface ConnectSettings {
  /** PEM certificates that replace the trust anchors built into Node.js. */
  readonly ca?: readonly Uint8Array[] | undefined
  /** Where HTTPS_PROXY and NO_PROXY are looked up; undefined: no proxy. */
  readonly proxy?: ProxyEnvironment | undefined
}

/** Writes up to this size leave in one piece; above, copying costs more than it saves. */
const maxJoinedBytes = 512 * 1024

/** Throws CONFIGURATION where none of the certificates to trust can be used: OpenSSL would pass over them in silence. */
export function makeConnect(settings: ConnectSettings): Connect {
  if (settings.ca?.some(isCertificate) === false) throw damagedTrust()
  return (options, handlers) => new NodeSocket(settings, options, handlers)
}

class NodeSocket implements Socket {
  readonly #settings: ConnectSettings
  readonly #options: ConnectOptions
  readonly #handlers: SocketHandlers
  readonly #timer: NodeJS.Timeout
  #stream: net.Socket | undefined
  #error: KvsError | null = null
  /** The bytes of the write under way; there is never more than one. */
  #joined: Uint8Array = Buffer.alloc(0)
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
    let waiting = false
    const taken = (error: Error | null | undefined) => waiting && !error && !this.#over && this.#handlers.onDrain()
    const joined = this.#join(parts)
    if (joined !== undefined) stream.write(joined, taken)
    else writeParts(stream, parts, taken)
    // A write that has failed takes nothing more: the close that follows must get its turn.
    waiting = stream.writableLength > 0 || stream.errored !== null
    return !waiting
  }

  /**
   * Copies the parts into one piece, so that they leave as one TLS record where they fit. Node.js would do so too, but
   * into memory obtained anew for every write. Undefined where they are too large.
   */
  #join(parts: readonly Uint8Array[]): Uint8Array | undefined {
    const [first] = parts
    if (parts.length === 1) return first
    let bytes = 0
    for (const part of parts) bytes += part.length
    if (bytes > maxJoinedBytes) return undefined
    if (this.#joined.length < bytes) this.#joined = Buffer.allocUnsafeSlow(roundUp(bytes))
    let at = 0
    for (const part of parts) {
      this.#joined.set(part, at)
      at += part.length
    }
    return this.#joined.subarray(0, bytes)
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
    const plain = openTunnel(new Tunnel(proxy, host, port), (error) => {
      if (this.#over) return
      if (error !== null) this.#fail(error)
      else this.#use(this.#secure(plain), false)
    })
    this.#stream = plain
  }

  #secure(through: net.Socket | undefined): tls.TLSSocket {
    const { host, port, clientCertificate } = this.#options
    return tls.connect({
      host,
      port,
      ALPNProtocols: ['http/1.1'],
      secureContext: secureContext(this.#settings.ca, clientCertificate),
      ...(net.isIP(host) === 0 && { servername: host }),
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

function isCertificate(text: Uint8Array): boolean {
  try {
    new X509Certificate(text)
    return true
  } catch {
    return false
  }
}

function secureContext(
  ca: readonly Uint8Array[] | undefined,
  client: ClientCertificate | undefined,
): tls.SecureContext {
  try {
    return tls.createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca: ca.map((text) => Buffer.from(text)) }),
      ...(client !== undefined && { cert: Buffer.from(client.chain), key: Buffer.from(client.key) }),
    })
  } catch (error) {
    throw clientCertificateError(errnoName(error))
  }
}

function writeParts(stream: net.Socket, parts: readonly Uint8Array[], taken: (error?: Error | null) => void): void {
  const last = parts.length - 1
  stream.cork()
  for (const [index, part] of parts.entries()) {
    if (index < last) stream.write(part)
    else stream.write(part, taken)
  }
  stream.uncork()
}

/** Room that is not outgrown again by the next write that is a little larger. */
function roundUp(bytes: number): number {
  return Math.ceil(bytes / 16_384) * 16_384
}
