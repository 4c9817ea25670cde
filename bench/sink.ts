/**
 * A TLS server that takes what comes and forgets it, in a process of its own: `sink.ts null` takes any bytes,
 * `sink.ts service` is as much of Kinesis Video Streams as a producer needs. It answers acks as the service does and
 * looks at the media no closer than it must for that: at the first bytes of each chunk, where clusters begin.
 */

import * as tls from 'node:tls'
import { answer, cpuSeconds } from './children.ts'
import { loadCertificates } from './product.ts'
import { ServiceConnection } from './sinkService.ts'

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
}

const key = await serverKey()
const service = process.argv[2] === 'service'
let last: ServiceConnection | undefined

const server = tls.createServer({ key: key.privateKey, cert: key.certificate }, (socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  if (!service) return takeAll(socket)
  const connection: ServiceConnection = new ServiceConnection(socket, port(), () => {
    last = connection
  })
})
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: port(), ca: key.ca } satisfies SinkReady)
})
answer((): SinkReport => ({ cpuSeconds: cpuSeconds(), bodyBytes: last?.bodyBytes ?? 0 }))

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
