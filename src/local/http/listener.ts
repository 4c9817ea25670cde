import { createServer as createHttpServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { KvsError } from '../../core/errors.ts'
import { systemCode } from '../files.ts'
import type { KeyedCertificate } from '../tls/certificate.ts'
import { speaksOver } from './cutConnection.ts'
import { endConnection } from './reply.ts'

/** A request head must have come by then: without a limit, slow clients could hold all connections. */
const headersTimeoutMs = 20_000
const handshakeTimeoutMs = 10_000
/** Longer than clients keep idle connections, so that it is they who close and no request meets a closing one. */
const keepAliveTimeoutMs = 75_000
/** A peer that is gone without a word is found out by TCP. */
const probeAfterMs = 15_000

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly maxConnections: number
  /** Null: plain HTTP. */
  readonly certificate: KeyedCertificate | null
  /** Certificate of the authority, PEM, of which clients must have a certificate; whether they do is for `onRequest` to look. */
  readonly clientAuthority?: string
  /** Gets every request, also those that expect "100 Continue": `Expect` is for it to answer. */
  readonly onRequest: RequestListener
}

/** Somebody else listens on the port. */
export class PortTaken extends KvsError {
  constructor(host: string, port: number) {
    super('CONFIGURATION', `port ${port} on ${host} is taken`, {
      cause: 'another program listens there, perhaps another endpoint',
      cure: 'stop it, or choose another port (0 takes any that is free)',
    })
  }
}

/** The one server in front of everything: HTTP/1.1 only, over TLS 1.2 or newer. */
export class Listener {
  readonly #server: Server
  readonly #replaceCertificate: (certificate: KeyedCertificate) => void
  /** Every TCP connection, those still in their TLS handshake too. */
  readonly #connections = new Set<Socket>()
  /** What speaks HTTP: the TLS socket where there is one. */
  readonly #sockets = new Set<Socket>()
  /** TCP connections by where they come from. */
  readonly #byPort = new Map<string, Socket>()
  #closing = false

  private constructor(options: ListenerOptions) {
    const { certificate, onRequest } = options
    if (certificate === null) {
      this.#server = createHttpServer(httpOptions, onRequest)
      this.#replaceCertificate = () => undefined
    } else {
      const server = createHttpsServer(
        { ...httpOptions, ...tlsOptions(certificate), ...clientOptions(options) },
        onRequest,
      )
      this.#server = server
      this.#replaceCertificate = (next) => server.setSecureContext({ ...tlsOptions(next), ...clientOptions(options) })
    }
    this.#server.on('checkContinue', onRequest)
    // An unknown expectation is ignored, as the service does.
    this.#server.on('checkExpectation', onRequest)
    this.#server.maxConnections = options.maxConnections
    // Sessions last for hours, with silence in between.
    this.#server.timeout = 0
    // A client that has said all may end its side before it has read all acks.
    Object.assign(this.#server, { httpAllowHalfOpen: true })
    // An idle connection has been kept long enough; without this it would be dropped without close_notify.
    this.#server.on('timeout', endConnection)
    this.#track('connection', this.#connections)
    this.#track(certificate === null ? 'connection' : 'secureConnection', this.#sockets)
  }

  /** Opens the server. Throws CONFIGURATION where the address or port cannot be had. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen(error, options.host, options.port)))
      server.listen(options.port, options.host, () => {
        server.removeAllListeners('error')
        resolve()
      })
    })
    // A failed accept (too many open files) must not end the process: the client tries again.
    server.on('error', () => undefined)
    return listener
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** For those who check how long a request may last: 0 is for ever. */
  get timeouts(): { readonly requestMs: number; readonly socketMs: number; readonly headersMs: number } {
    const { requestTimeout, timeout, headersTimeout } = this.#server
    return { requestMs: requestTimeout, socketMs: timeout, headersMs: headersTimeout }
  }

  /** Serves another certificate from the next connection on. */
  setCertificate(certificate: KeyedCertificate): void {
    this.#replaceCertificate(certificate)
  }

  /** Takes no more connections, ends those that are there in order, and waits for that, `graceMs` at most. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true
    for (const socket of this.#sockets) endConnection(socket)
    await this.#allGone(graceMs)
    // Not earlier: what this does to idle connections is no orderly end.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of [...this.#connections, ...this.#sockets]) connection.destroy()
    await closed
  }

  #allGone(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs)
      const check = () => {
        if (this.#sockets.size > 0) return
        clearTimeout(timer)
        resolve()
      }
      for (const socket of this.#sockets) socket.once('close', check)
      check()
    })
  }

  #track(event: 'connection' | 'secureConnection', into: Set<Socket>): void {
    this.#server.on(event, (stream: Duplex) => {
      const socket = stream as Socket
      if (this.#closing) {
        socket.destroy()
        return
      }
      into.add(socket)
      socket.once('close', () => into.delete(socket))
      // A reset connection is nobody's fault here; who serves it hears of the close.
      socket.on('error', () => undefined)
      // Node.js does not say over which connection a TLS socket speaks.
      if (event === 'connection') this.#byPort.set(portOf(socket), socket)
      else speaksOver(socket, this.#byPort.get(portOf(socket)) ?? socket)
      const name = portOf(socket)
      socket.once('close', () => this.#byPort.get(name) === socket && this.#byPort.delete(name))
    })
  }
}

function portOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`
}

const httpOptions: ServerOptions = {
  requestTimeout: 0,
  headersTimeout: headersTimeoutMs,
  keepAliveTimeout: keepAliveTimeoutMs,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: probeAfterMs,
}

function tlsOptions(certificate: KeyedCertificate) {
  return {
    cert: certificate.certificate,
    key: certificate.privateKey,
    minVersion: 'TLSv1.2' as const,
    ALPNProtocols: ['http/1.1'],
    // As the HTTP server has it without TLS.
    allowHalfOpen: true,
    handshakeTimeout: handshakeTimeoutMs,
  }
}

/** A client without the right certificate gets an answer that says so. */
function clientOptions({ clientAuthority }: ListenerOptions) {
  return clientAuthority === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ca: clientAuthority }
}

function cannotListen(error: Error, host: string, port: number): KvsError {
  const what = `cannot listen on ${host} port ${port}: ${error.message}`
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new PortTaken(host, port)
    case 'EACCES':
      return new KvsError('CONFIGURATION', what, {
        cause: 'ports below 1024 need a permission',
        cure: 'choose a higher port',
      })
    default:
      return new KvsError('CONFIGURATION', what, {
        cause: 'the address is not one of this machine',
        cure: 'check the host',
      })
  }
}
