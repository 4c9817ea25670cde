/**
 * A TLS connection spoken byte by byte, for clients scripted after the C producers: what goes out is exactly what the
 * test writes, what comes in is read as HTTP, and every TLS record of the server is recorded.
 */

import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, connect as connectTcp, createServer, type Server } from 'node:net'
import type { TestContext } from 'node:test'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { LocalKvs } from '../../src/local/index.ts'
import { within } from './within.ts'

/** What AES-GCM adds to a record's plaintext under TLS 1.2: 8 bytes of nonce, 16 of tag (RFC 5288). */
const recordOverheadBytes = 24
const applicationData = 23

export interface Head {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

export class RawConnection {
  readonly #socket: TLSSocket
  readonly #tap: Server
  readonly #records: number[]
  #received = Buffer.alloc(0)
  #ended = false
  #wake: () => void = () => undefined

  private constructor(socket: TLSSocket, tap: Server, records: number[]) {
    this.#socket = socket
    this.#tap = tap
    this.#records = records
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    socket.on('error', () => undefined)
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
    }
  }

  /** TLS 1.2, as mbedTLS 2 speaks it; `verify` false: as the embedded producer does not. */
  static async open(t: TestContext, local: LocalKvs, address: string, verify = true): Promise<RawConnection> {
    const records: number[] = []
    const tap = await openTap(local.port, address, records)
    const socket = connectTls({
      host: '127.0.0.1',
      port: (tap.address() as AddressInfo).port,
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE+AESGCM',
      rejectUnauthorized: verify,
      ...(verify && { servername: new URL(local.url).hostname }),
      ...(local.caFile !== null && { ca: await readFile(local.caFile, 'utf8') }),
    })
    const connection = new RawConnection(socket, tap, records)
    t.after(() => connection.drop())
    await within(once(socket, 'secureConnect'), () => 'a TLS handshake')
    return connection
  }

  /** Plaintext sizes of the records with application data that the server has sent so far. */
  get records(): readonly number[] {
    return this.#records
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Sends bytes as one HTTP chunk. */
  chunk(bytes: Uint8Array): void {
    this.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]))
  }

  /** Drops the connection without a word. */
  drop(): void {
    this.#socket.destroy()
    this.#tap.close()
  }

  /** A response head; interim ones such as 100 too. */
  async head(): Promise<Head> {
    const lines = (await this.#until('\r\n\r\n')).trimEnd().split('\r\n')
    const [, status] = (lines[0] ?? '').split(' ')
    const headers = lines.slice(1).map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    })
    return { status: Number(status), headers: new Map(headers) }
  }

  /** A response with a body of known length, whole. */
  async json(): Promise<{ head: Head; body: Record<string, unknown> }> {
    const head = await this.head()
    const size = Number(head.headers.get('content-length'))
    return { head, body: JSON.parse((await this.#take(size)).toString()) as Record<string, unknown> }
  }

  /** The next chunk of a chunked body, empty at its end; and its size with everything around it. */
  async nextChunk(): Promise<{ text: string; wireBytes: number }> {
    const line = await this.#until('\r\n')
    const size = Number.parseInt(line, 16)
    const text = (await this.#take(size + 2)).toString()
    assert.ok(text.endsWith('\r\n'), 'a chunk without its end')
    return { text: text.slice(0, -2), wireBytes: line.length + size + 2 }
  }

  /** Acks until one of this type, each of them one chunk. */
  async acksUntil(type: string, count = 1): Promise<readonly RawAck[]> {
    const acks: RawAck[] = []
    for (let left = count; left > 0; ) {
      const { text, wireBytes } = await this.nextChunk()
      assert.ok(text !== '', `the response ended before ${type}; there were ${JSON.stringify(acks)}`)
      const ack = { ...(JSON.parse(text) as Omit<RawAck, 'wireBytes'>), wireBytes }
      acks.push(ack)
      if (ack.EventType === type) left--
    }
    return acks
  }

  /** Resolves when the server has ended the connection in order. */
  async end(): Promise<void> {
    while (!this.#ended) await this.#more('the end of the connection')
  }

  /** True where the server has sent nothing that has not been read. */
  get silent(): boolean {
    return this.#received.length === 0 && !this.#ended
  }

  async #until(mark: string): Promise<string> {
    for (;;) {
      const at = this.#received.indexOf(mark)
      if (at >= 0) return (await this.#take(at + mark.length)).toString('latin1')
      await this.#more(JSON.stringify(mark))
    }
  }

  async #take(size: number): Promise<Buffer> {
    while (this.#received.length < size) await this.#more(`${size} bytes`)
    const taken = this.#received.subarray(0, size)
    this.#received = this.#received.subarray(size)
    return taken
  }

  async #more(what: string): Promise<void> {
    assert.ok(!this.#ended, `the connection ended before ${what}`)
    const more = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await within(more, () => `${what}; there is ${this.#received.toString('latin1').slice(0, 500)}`)
  }
}

export interface RawAck {
  readonly EventType: string
  readonly FragmentTimecode?: unknown
  readonly FragmentNumber?: unknown
  readonly ErrorId?: unknown
  readonly wireBytes: number
}

/** A TCP relay that reads the server's record layer (RFC 5246 section 6.2.1) as it passes. */
async function openTap(port: number, address: string, records: number[]): Promise<Server> {
  const tap = createServer({ allowHalfOpen: true }, (client) => {
    const server = connectTcp({ port, host: address, allowHalfOpen: true })
    let pending = Buffer.alloc(0)
    server.on('data', (bytes) => {
      pending = Buffer.concat([pending, bytes])
      while (pending.length >= 5 && pending.length >= 5 + pending.readUInt16BE(3)) {
        const size = pending.readUInt16BE(3)
        if (pending[0] === applicationData) records.push(size - recordOverheadBytes)
        pending = pending.subarray(5 + size)
      }
    })
    client.on('error', () => server.destroy()).pipe(server)
    server.on('error', () => client.destroy()).pipe(client)
    client.on('close', () => server.destroy())
  })
  tap.listen(0, '127.0.0.1')
  await once(tap, 'listening')
  return tap
}

/** A request as a C producer signs it: exactly these headers, in this order of names. */
export interface CRequest {
  readonly path: string
  /** What it signs and sends, names as it spells them; `authorization` is added by `sign`. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Sent, but not signed. */
  readonly unsigned?: readonly (readonly [name: string, value: string])[]
  /** What the payload hash is of. */
  readonly payload: string
}

/** Signature Version 4 by the book, on its own: nothing of the producer's is in it. Returns the head to send. */
export function signedHead(request: CRequest, { credentials, region }: LocalKvs, authorizationName: string): string {
  const { path, headers, unsigned = [], payload } = request
  const signed = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const canonical = ['POST', path, '', ...signed.map(([name, value]) => `${name}:${value}`), '', names, sha256(payload)]
  const date = signed.find(([name]) => name === 'x-amz-date')?.[1] ?? ''
  const scope = `${date.slice(0, 8)}/${region}/kinesisvideo/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical.join('\n'))].join('\n')
  let key = Buffer.from(`AWS4${credentials.secretAccessKey}`)
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  const lines = [...headers, ...unsigned, [authorizationName, authorization] as const]
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** Now, as `x-amz-date` spells it. */
export function amzDate(): string {
  return `${new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
