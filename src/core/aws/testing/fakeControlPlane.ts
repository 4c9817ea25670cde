/** A control plane without a network: answers each request as the test says. */

import { ScriptedPeer } from '../../http/testing/scriptedNetwork.ts'
import type { ConnectOptions, SocketHandlers } from '../../platform.ts'
import { FakeClock, soon } from '../../testing/fakeClock.ts'
import { testCrypto } from '../../testing/testCrypto.ts'
import { utf8Bytes } from '../../text.ts'
import { ControlPlane } from '../controlPlane.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { parseEndpoint } from '../endpoints.ts'
import { ServiceClock } from '../serviceClock.ts'

export const credentials: Credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' }

export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The body's JSON. */
  readonly input: Record<string, unknown>
}

export interface FakeAnswer {
  readonly status?: number
  readonly type?: string
  readonly date?: string
  /** JSON, or text as it is. */
  readonly body?: object | string
}

/** Splits what a client has written in one go. */
export function parseRequest(text: string): FakeRequest {
  const end = text.indexOf('\r\n\r\n')
  const [requestLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const [method = '', path = ''] = requestLine.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
  )
  const body = text.slice(end + 4)
  return { method, path, headers, body, input: body === '' ? {} : JSON.parse(body) }
}

export class FakeControlPlane {
  readonly clock = new FakeClock()
  readonly crypto = testCrypto
  readonly time = new ServiceClock(this.clock)
  readonly requests: FakeRequest[] = []
  readonly #answer: (request: FakeRequest) => FakeAnswer

  constructor(answer: (request: FakeRequest) => FakeAnswer) {
    this.#answer = answer
  }

  readonly connect = (options: ConnectOptions, handlers: SocketHandlers): ScriptedPeer => {
    const peer = new AnsweringPeer(options, handlers, (text) => this.#respond(text))
    soon(() => peer.open())
    return peer
  }

  /** Paths of the requests so far. */
  get paths(): string[] {
    return this.requests.map(({ path }) => path)
  }

  controlPlane(endpoint = 'https://kinesisvideo.us-west-2.amazonaws.com', given = credentials): ControlPlane {
    return new ControlPlane(this, {
      origin: parseEndpoint(endpoint),
      region: 'us-west-2',
      credentials: () => Promise.resolve(given),
      time: this.time,
      userAgent: 'kvs-producer/0 (test)',
    })
  }

  #respond(text: string): string {
    const request = parseRequest(text)
    this.requests.push(request)
    const { status = 200, type, date, body = {} } = this.#answer(request)
    const content = typeof body === 'string' ? body : JSON.stringify(body)
    const lines = [`HTTP/1.1 ${status} x`, `content-length: ${utf8Bytes(content).length}`]
    if (type !== undefined) lines.push(`x-amzn-ErrorType: ${type}`)
    if (date !== undefined) lines.push(`date: ${date}`)
    return `${lines.join('\r\n')}\r\n\r\n${content}`
  }
}

class AnsweringPeer extends ScriptedPeer {
  readonly #respond: (text: string) => string

  constructor(options: ConnectOptions, handlers: SocketHandlers, respond: (text: string) => string) {
    super(options, handlers)
    this.#respond = respond
  }

  override write(parts: readonly Uint8Array[]): boolean {
    const taken = super.write(parts)
    const text = this.writes.at(-1) ?? ''
    soon(() => this.send(this.#respond(text)))
    return taken
  }
}

/** Lets time pass, from timer to timer, until the promise is settled. */
export async function passTime<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let done = false
  const mark = () => {
    done = true
  }
  promise.then(mark, mark)
  await clock.until(() => done)
  return promise
}
