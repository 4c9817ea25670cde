/** Stands between `kvs` and a local endpoint, which it reaches in no other way: with any certificate, and any manners. */

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import type { TestContext } from 'node:test'
import { connect as connectTls, createServer as createTlsServer, type TlsOptions, Server as TlsServer } from 'node:tls'
import type { LocalKvs } from '../../src/local/index.ts'
import { Authority } from '../../src/local/tls/authority.ts'
import type { KeyedCertificate } from '../../src/local/tls/certificate.ts'
import { startEndpoint, type TestEndpoint } from './endpoint.ts'
import { temporaryFolder } from './folder.ts'

export interface RelayOptions {
  /** What it shows as a TLS server, made by the authority that `kvs` trusts; default: TLS passes through, untouched. */
  readonly tls?: (authority: Authority) => TlsOptions
  /** True: hands the answers on byte by byte, with `tls` each in a record of its own. */
  readonly byteByByte?: boolean
}

export interface Relayed {
  readonly relay: Relay
  readonly endpoint: TestEndpoint
}

/** Starts an endpoint behind a relay; both end with the test at the latest. */
export async function startRelayed(t: TestContext, options: RelayOptions = {}): Promise<Relayed> {
  const directory = await temporaryFolder(t)
  const authority = await Authority.open(directory, Date.now())
  const relay = await Relay.listen(t, options, authority)
  const endpoint = await startEndpoint(t, { directory, advertise: `localhost:${relay.port}` })
  await relay.leadTo(endpoint.local)
  return { relay, endpoint }
}

/** As options of a TLS server. */
export function shown({ certificate, privateKey }: KeyedCertificate): TlsOptions {
  return { cert: certificate, key: privateKey }
}

export class Relay {
  /** What `kvs` has sent here: where the relay ends TLS, what was inside. */
  receivedBytes = 0
  /** True: new connections are dropped at once. */
  away = false
  #readBytesPerSecond = Number.POSITIVE_INFINITY
  /** What `kvs` trusts. */
  readonly authority: Authority
  readonly #options: RelayOptions
  readonly #server: Server
  readonly #clients = new Set<Socket>()
  #openTarget: () => Socket = () => {
    throw new Error('the relay leads nowhere yet')
  }

  private constructor(options: RelayOptions, authority: Authority) {
    this.authority = authority
    this.#options = options
    const tls = options.tls?.(authority)
    const accept = (client: Socket) => this.#accept(client)
    // Half-open: that an end of the endpoint's is passed on is for the relay to say.
    const server = tls === undefined ? createTcpServer({ allowHalfOpen: true }, accept) : createTlsServer(tls, accept)
    server.on('tlsClientError', () => undefined)
    this.#server = server
  }

  static async listen(t: TestContext, options: RelayOptions, authority: Authority): Promise<Relay> {
    const relay = new Relay(options, authority)
    relay.#server.listen(0, '127.0.0.1')
    t.after(() => relay.#close())
    await once(relay.#server, 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async leadTo({ port, caFile }: LocalKvs): Promise<void> {
    const ca = caFile === null ? '' : await readFile(caFile, 'utf8')
    const host = '127.0.0.1'
    this.#openTarget =
      this.#server instanceof TlsServer
        ? () => connectTls({ host, port, ca, servername: 'localhost' })
        : () => connectTcp({ host, port, allowHalfOpen: true })
  }

  /** Shows another certificate from the next connection on. */
  show(certificate: KeyedCertificate): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(shown(certificate))
  }

  /** Reads of each connection so much; 0: nothing more. */
  readSlowly(bytesPerSecond: number): void {
    this.#readBytesPerSecond = bytesPerSecond
    for (const client of this.#clients) client.resume()
  }

  /** Ends all connections as TCP has it, without a word of TLS; what still comes is read and forgotten. */
  cut(): void {
    for (const client of this.#clients) client.unpipe().end()
  }

  /** Drops all connections as a machine does that has been started again. */
  reset(): void {
    for (const client of this.#clients) client.resetAndDestroy()
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined)
    if (this.away) {
      client.destroy()
      return
    }
    const target = this.#openTarget()
    this.#clients.add(client)
    client.on('close', () => {
      this.#clients.delete(client)
      target.destroy()
    })
    target.on('error', () => client.destroy())
    target.on('close', () => client.destroy())
    client.on('data', (bytes: Buffer) => this.#take(client, target, bytes))
    client.on('end', () => target.end())
    if (this.#options.byteByByte === true) target.on('data', (bytes: Buffer) => writeSingly(client, bytes))
    else target.pipe(client)
  }

  #take(client: Socket, target: Socket, bytes: Buffer): void {
    this.receivedBytes += bytes.length
    if (target.writable && client.writable) target.write(bytes)
    const rate = this.#readBytesPerSecond
    if (rate === Number.POSITIVE_INFINITY) return
    client.pause()
    if (rate > 0) setTimeout(() => client.resume(), (1000 * bytes.length) / rate)
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}

function writeSingly(client: Socket, bytes: Buffer): void {
  for (let at = 0; at < bytes.length && client.writable; at++) client.write(bytes.subarray(at, at + 1))
}
