/**
 * A TLS server that takes what comes and forgets it, in a process of its own: `sink.ts null` takes any bytes,
 * `sink.ts service` is as much of Kinesis Video Streams as a producer needs. It answers acks as the service does and
 * looks at the media no closer than it must for that: at the first bytes of each chunk, where clusters begin. A second
 * argument, JSON, holds SinkOptions.
 */

import * as tls from 'node:tls'
import { answer, cpuSeconds } from './children.ts'
import { loadCertificates } from './product.ts'
import { ServiceConnection } from './sinkService.ts'

export interface SinkOptions {
  /** False: acks end with RECEIVED. */
  readonly persist?: boolean
  /** The only version of TLS to take; 1.2 and later where not given. */
  readonly version?: tls.SecureVersion
  /** The only cipher suites to take, in OpenSSL's notation. */
  readonly ciphers?: string
}

export interface SinkReady {
  readonly port: number
  /** PEM of the authority to trust. */
  readonly ca: string
}

export interface SinkReport {
  /** CPU time of the sink so far. */
  readonly cpuSeconds: number
  /** Of the last PutMedia: bytes of its body as they came out of TLS, HTTP's chunk framing included. */
  readonly bodyBytes: number
  /** Of the last PutMedia: when its first byte of media came, see `sharedMs`; 0: not yet. */
  readonly firstMediaMs: number
  /** How many PutMedia there were. */
  readonly sessions: number
  /** Of the last PutMedia: version of TLS and cipher suite. */
  readonly tls: string
  /** TLS handshakes so far, and how many of them resumed an earlier session. */
  readonly handshakes: number
  readonly resumed: number
}

const key = await serverKey()
const service = process.argv[2] === 'service'
const { persist = true, version, ciphers } = JSON.parse(process.argv[3] ?? '{}') as SinkOptions
const secure = { ...(version && { minVersion: version, maxVersion: version }), ...(ciphers && { ciphers }) }
let last: ServiceConnection | undefined
let lastTls = ''
let sessions = 0
let handshakes = 0
let resumed = 0

const server = tls.createServer({ key: key.privateKey, cert: key.certificate, ...secure }, (socket) => {
  handshakes++
  if (socket.isSessionReused()) resumed++
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  if (!service) return takeAll(socket)
  const connection: ServiceConnection = new ServiceConnection(socket, { port: port(), persist }, () => {
    last = connection
    sessions++
    lastTls = `${socket.getProtocol() ?? ''} ${socket.getCipher().standardName}`
  })
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: port(), ca: key.ca } satisfies SinkReady)
})
answer(
  (): SinkReport => ({
    cpuSeconds: cpuSeconds(),
    bodyBytes: last?.bodyBytes ?? 0,
    firstMediaMs: last?.firstMediaMs ?? 0,
    sessions,
    tls: lastTls,
    handshakes,
    resumed,
  }),
)

/** The first 8 bytes say how many there are in all; when they have come, one byte goes back. */
function takeAll(socket: tls.TLSSocket): void {
  let expected = -1
  let taken = 0
  socket.on('data', (bytes: Buffer) => {
    if (expected < 0) expected = bytes.readDoubleBE(0)
    taken += bytes.length
    if (taken === expected) socket.end('.')
  })
}

function port(): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sink does not listen')
  return address.port
}

async function serverKey() {
  const { createAuthority, createServerCertificate } = await loadCertificates()
  const { createPrivateKey, X509Certificate } = await import('node:crypto')
  const authority = createAuthority(Date.now())
  const { publicKey } = new X509Certificate(authority.certificate)
  const signer = { publicKey, privateKey: createPrivateKey(authority.privateKey) }
  return { ca: authority.certificate, ...createServerCertificate(signer, ['localhost', '127.0.0.1'], Date.now()) }
}
