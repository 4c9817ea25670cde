/** A server of credentials on the fake network: answers each request as the test says. */

import type { KvsError } from '../../../errors.ts'
import type { ConnectOptions } from '../../../platform.ts'
import { FakeClock } from '../../../testing/fakeClock.ts'
import { type Connection, FakeNetwork, type Far } from '../../../testing/fakeNetwork.ts'
import { jsonResponse, type RequestHead, RequestReader } from '../../../testing/httpServer.ts'
import { mustBe } from '../../../testing/must.ts'
import { utf8Bytes } from '../../../text.ts'

export interface CredentialRequest extends RequestHead {
  /** How it was connected to. */
  readonly to: ConnectOptions
}

/** A status with a JSON body, text as the body of a 200, nothing at all, or how dialling fails. */
export type CredentialAnswer = readonly [status: number, body: object] | string | 'silence' | KvsError

export class CredentialServer {
  readonly clock = new FakeClock()
  readonly requests: CredentialRequest[] = []
  answer: (request: CredentialRequest) => CredentialAnswer
  /** How long the promise settled last took. */
  tookMs = 0
  /** What meets new connections. */
  dial: KvsError | 'silence' | undefined
  readonly network = new FakeNetwork(this.clock, (connection) => this.dial ?? this.#accept(connection))

  constructor(answer: (request: CredentialRequest) => CredentialAnswer) {
    this.answer = answer
  }

  get connect() {
    return this.network.connect
  }

  /** Lets time pass until a provider's promise is settled; nothing may be left behind. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const over = () => {
      settled = true
    }
    promise.then(over, over)
    const startMs = this.clock.monotonicMs()
    await this.clock.until(() => settled)
    this.tookMs = this.clock.monotonicMs() - startMs
    await this.assertQuiet()
    return promise
  }

  /** No socket and no timer is left, but for what is still on its way through the network. */
  async assertQuiet(): Promise<void> {
    await this.clock.advance(1)
    mustBe(this.network.open.size, 0, 'sockets left')
    mustBe(this.clock.pending, 0, 'timers left')
  }

  #accept(connection: Connection): Far {
    const reader = new RequestReader({
      head: (head) => this.#onRequest(connection, head),
      body: () => undefined,
      end: () => undefined,
    })
    return { onData: (bytes) => reader.push(bytes), onEnd: () => undefined }
  }

  #onRequest(connection: Connection, head: RequestHead): void {
    const request = { ...head, to: connection.options }
    this.requests.push(request)
    const answer = this.answer(request)
    if (answer === 'silence') return
    if (typeof answer === 'string') {
      connection.send(utf8Bytes(`HTTP/1.1 200 OK\r\nContent-Length: ${utf8Bytes(answer).length}\r\n\r\n${answer}`))
    } else if (Array.isArray(answer)) {
      const [status, body] = answer as readonly [number, object]
      connection.send(jsonResponse(status, body))
    } else connection.close(answer as KvsError)
  }
}
