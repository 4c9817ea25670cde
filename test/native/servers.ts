/** Servers in the test's process for connections of the device's host. */

import { execFile } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { promisify } from 'node:util'
import { createAuthority, createServerCertificate, type KeyedCertificate } from '../../src/local/tls/certificate.ts'

const nowMs = Date.now()
export const authority = createAuthority(nowMs)
const issuer = { publicKey: createPublicKey(authority.certificate), privateKey: createPrivateKey(authority.privateKey) }

export function certificateFor(names: readonly string[], offsetMs = 0): KeyedCertificate {
  return createServerCertificate(issuer, names, nowMs + offsetMs)
}

/** With an RSA key and its own authority, as most servers have it. */
export async function rsaCertificate(folder: string): Promise<KeyedCertificate> {
  const [key, certificate] = [`${folder}/rsa-key.pem`, `${folder}/rsa.pem`]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, ...names]
  await promisify(execFile)('openssl', args)
  return { certificate: await readFile(certificate, 'utf8'), privateKey: await readFile(key, 'utf8') }
}

/** Lets it listen for the length of the test; the port. */
export async function listen(t: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A TLS server with a certificate for localhost; the port. */
export function listenTls(
  t: TestContext,
  options: TlsOptions & { readonly shown?: KeyedCertificate; readonly at?: string },
  accept: (socket: TLSSocket) => unknown,
): Promise<number> {
  const { shown = certificateFor(['localhost', '127.0.0.1', '::1']), at, ...others } = options
  const server = createTlsServer({ cert: shown.certificate, key: shown.privateKey, ...others }, (socket) => {
    socket.on('error', () => undefined)
    accept(socket)
  })
  server.on('tlsClientError', () => undefined)
  return listen(t, server, at)
}

/** Stands before `port` and hands on what comes from there in packets of one byte; the port. */
export function listenByteByByte(t: TestContext, port: number): Promise<number> {
  const server = createServer((client) => {
    const target = connectTcp(port, '127.0.0.1')
    client.setNoDelay(true).pipe(target)
    target.on('data', (bytes) => {
      for (const byte of bytes) client.write(Uint8Array.of(byte))
    })
    target.on('end', () => client.end()).on('error', () => client.destroy())
  })
  return listen(t, server)
}

/** Reads the first connection with `read` once a second one has come: who writes there finds no room before. */
export function onceWaiting<S extends Socket>(read: (first: S) => unknown): (socket: S) => void {
  let first: S | undefined
  return (socket) => {
    if (first === undefined) first = socket
    else read(first)
  }
}

/** What a server does for the handlers of a client to be called. */
export const leadingTo = (): Readonly<Record<string, (socket: Socket) => unknown>> => ({
  connect: (socket: Socket) => socket.resume(),
  onOpen: (socket: Socket) => socket.resume(),
  onData: (socket: Socket) => socket.resume().write(Buffer.alloc(100_000)),
  onDrain: onceWaiting((first: Socket) => first.resume()),
  onClose: (socket: Socket) => socket.resume().end(),
})

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Writes PEM files that programs of the host can be given; their paths. */
export async function pemFiles<T extends Record<string, string>>(folder: string, texts: T): Promise<T> {
  const paths: Record<string, string> = {}
  for (const [name, text] of Object.entries(texts)) {
    paths[name] = `${folder}/${name}.pem`
    await writeFile(`${folder}/${name}.pem`, text)
  }
  return paths as T
}
