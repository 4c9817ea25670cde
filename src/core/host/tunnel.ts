/** A tunnel through an HTTP proxy (RFC 9110 section 9.3.6): what is asked, and what the answer means. No I/O. */

import { KvsError } from '../errors.ts'
import { decimal } from '../http/token.ts'
import { utf8Bytes, utf8Text } from '../text.ts'
import type { HttpProxy } from './proxy.ts'

/** An answer to CONNECT is short; anything longer is no proxy. */
const maxAnswerLength = 16 * 1024

const endOfHead = '\r\n\r\n'

export class Tunnel {
  readonly proxy: HttpProxy
  /** To be sent to the proxy before anything else. */
  readonly request: Uint8Array
  readonly #target: string
  #answer = ''

  constructor(proxy: HttpProxy, host: string, port: number) {
    this.proxy = proxy
    this.#target = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const login = proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
    this.request = utf8Bytes(`CONNECT ${this.#target} HTTP/1.1\r\nHost: ${this.#target}\r\n${login}\r\n`)
  }

  /** Takes bytes of the proxy: true once the tunnel stands. Throws CONNECT_FAILED where there will be none. */
  push(bytes: Uint8Array): boolean {
    this.#answer += utf8Text(bytes)
    const complete = this.#answer.includes(endOfHead)
    if (!complete && this.#answer.length <= maxAnswerLength) return false
    const status = complete ? statusOf(this.#answer) : ''
    if (status.startsWith('2')) return true
    const { host, port } = this.proxy
    const said = status === '' ? 'no HTTP' : status
    throw new KvsError('CONNECT_FAILED', `the proxy ${host}:${port} refused a tunnel to ${this.#target} (${said})`, {
      cause: causeOf(status),
      cure: 'check HTTPS_PROXY, or name the host in NO_PROXY',
    })
  }

  /** Why there is no tunnel where the proxy has ended the connection. */
  ended(): KvsError {
    return new KvsError('CONNECT_FAILED', `the proxy ${this.proxy.host}:${this.proxy.port} closed the connection`)
  }
}

/** Three digits, empty where it is no answer of HTTP/1. */
function statusOf(answer: string): string {
  const status = answer.slice(9, 12)
  const version = answer.slice(0, 9)
  const digits = status.length === 3 && decimal(status) >= 0
  return digits && (version === 'HTTP/1.1 ' || version === 'HTTP/1.0 ') ? status : ''
}

function causeOf(status: string): string {
  if (status === '') return 'what listens there is no HTTP proxy'
  return status === '407' ? 'the proxy wants a user and a password' : 'the proxy does not allow this host'
}
