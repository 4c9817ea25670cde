import { readFileSync } from 'node:fs'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { emptyPayloadSha256, type Headers, signRequest } from '../../core/aws/sigv4.ts'
import { testCrypto } from '../../core/testing/testCrypto.ts'
import { hex, utf8Bytes } from '../../core/text.ts'
import type { LocalKvs } from '../index.ts'

/** Head of a signed POST. With a body it is that of a JSON call, without one that of PutMedia. */
export function signedHead(local: LocalKvs, path: string, headers: Headers, body?: string): string {
  const payloadHash = body === undefined ? emptyPayloadSha256 : hex(testCrypto.sha256(utf8Bytes(body)))
  const sized: Headers =
    body === undefined ? headers : [...headers, ['Content-Length', String(Buffer.byteLength(body))]]
  const all: Headers = [['Host', new URL(local.url).host], ...sized]
  const { credentials, region } = local
  const request = { method: 'POST', path, query: '', headers: all, payloadHash, credentials, region }
  const added = signRequest({ ...request, service: 'kinesisvideo', wallMs: Date.now() }, testCrypto)
  const lines = [...all, ...added].map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** A signed GetMedia of the stream `cam` from now on, body and all. */
export function getMediaCall(local: LocalKvs): string {
  const body = JSON.stringify({ StreamName: 'cam', StartSelector: { StartSelectorType: 'NOW' } })
  return signedHead(local, '/getMedia', [], body) + body
}

/** Head of a PutMedia request as the C SDK sends it, for these headers. */
export function putMediaHead(local: LocalKvs, headers: Readonly<Record<string, string | undefined>>): string {
  const all: Record<string, string | undefined> = {
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1554245523.43',
    'x-amzn-fragment-acknowledgment-required': '1',
    connection: 'keep-alive',
    'transfer-encoding': 'chunked',
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  return signedHead(local, '/putMedia', lines)
}

/** Bytes as one HTTP chunk. */
export function chunkOf(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

export const lastChunk = Buffer.from('0\r\n\r\n')

/** A connection below HTTP: what is sent and what comes, byte by byte. */
export class RawClient {
  readonly socket: Socket
  /** All that has come. */
  received = ''
  /** The peer has ended its side in order. */
  ended = false
  closed = false
  error: Error | null = null
  readonly #waiting: (() => void)[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    const changed = (change: () => void) => () => {
      change()
      for (const wake of this.#waiting.splice(0)) wake()
    }
    socket.on('data', (text: string) => changed(() => (this.received += text))())
    socket.on(
      'end',
      changed(() => (this.ended = true)),
    )
    socket.on(
      'close',
      changed(() => (this.closed = true)),
    )
    socket.on('error', (error) => changed(() => (this.error = error))())
    socket.on(
      'secureConnect',
      changed(() => undefined),
    )
  }

  static open(local: LocalKvs, port = local.port): RawClient {
    if (local.caFile === null) return new RawClient(connectTcp({ host: '127.0.0.1', port }))
    const ca = readFileSync(local.caFile)
    // TLS 1.2, where a record of application data is nothing else.
    const tls = { host: '127.0.0.1', port, ca, servername: 'localhost', maxVersion: 'TLSv1.2' } as const
    return new RawClient(connectTls(tls))
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Resolves when `holds`; rejects when the connection ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.closed) throw new Error(`the connection closed (${this.error?.message}) after: ${this.received}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async untilReceived(text: string): Promise<void> {
    await this.until(() => this.received.includes(text))
  }

  /** Resolves when the peer has ended. */
  async untilEnded(): Promise<void> {
    await this.until(() => this.ended)
  }

  /** Event types of the acks that have come. */
  acks(): string[] {
    return [...this.received.matchAll(/\{"EventType":"([A-Z]+)"[^}]*\}/g)].map((match) => {
      const id = /"ErrorId":(\d+)/.exec(match[0])?.[1]
      return id === undefined ? (match[1] ?? '') : `${match[1]} ${id}`
    })
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/** One signed JSON call on a connection of its own; what came back, and how it ended. */
export async function call(
  local: LocalKvs,
  path: string,
  body: string,
  change = (head: string) => head,
): Promise<string> {
  const client = RawClient.open(local)
  client.write(change(signedHead(local, path, [], body)) + body)
  await client.until(() => isWhole(client.received))
  client.destroy()
  return client.received
}

/** Head and body of an answer have come. */
export function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  return end >= 0 && length !== undefined && text.length - end - 4 >= Number(length)
}

/** A relay in front of an endpoint that writes down the TLS records of the server. */
export async function recordingRelay(
  targetPort: number,
): Promise<{ readonly port: number; readonly types: () => number[]; close(): Promise<void> }> {
  const bytes: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connectTcp({ host: '127.0.0.1', port: targetPort })
    client.pipe(target)
    target.on('data', (data: Buffer) => bytes.push(data))
    target.pipe(client)
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A test that fails before it closes the relay must end all the same.
  server.unref()
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const types = () => {
    const all = Buffer.concat(bytes)
    const found: number[] = []
    for (let at = 0; at + 5 <= all.length; at += 5 + all.readUInt16BE(at + 3)) found.push(all[at] ?? 0)
    return found
  }
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { port, types, close }
}
