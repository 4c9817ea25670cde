/** The three ways in which devices, instances and containers get temporary credentials, as AWS serves them. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { OperationName } from '../faults/fault.ts'
import { type KeyRing, randomToken, same, type TemporaryCredentials } from './keyRing.ts'

/** The role alias and role that these routes know. */
export const roleName = 'kvs-local'

export interface CredentialRoutesOptions {
  readonly keys: KeyRing
  /** How long credentials are good for, milliseconds. */
  readonly lifeMs: number
  nowMs(): number
  /** Credentials were given out. */
  minted(route: CredentialRoute, credentials: TemporaryCredentials): void
}

/** How a program gets temporary credentials: AWS IoT, EC2's metadata service, or a container's. */
export type CredentialRoute = 'iot' | 'imds' | 'container'

/** What is answered: an object as JSON, a text as it is. */
export interface CredentialReply {
  readonly status: number
  readonly body: object | string
  /** Name of the exception, for the header. */
  readonly error?: string
}

/** A route: which operation it is for a fault plan, and its answer. */
export interface FoundRoute {
  readonly operation: OperationName
  answer(): CredentialReply
}

const containerPath = '/container/credentials'
const imdsRolesPath = '/latest/meta-data/iam/security-credentials/'
const longestTokenSeconds = 21_600

export class CredentialRoutes {
  readonly #options: CredentialRoutesOptions

  constructor(options: CredentialRoutesOptions) {
    this.#options = options
  }

  /** AWS IoT's credentials provider: GET /role-aliases/{alias}/credentials over mutual TLS. */
  iot(request: IncomingMessage): FoundRoute | null {
    const alias = /^\/role-aliases\/([^/?]+)\/credentials$/.exec(request.url ?? '')?.[1]
    if (request.method !== 'GET' || alias === undefined) return null
    return {
      operation: 'iotCredentials',
      answer: () => {
        if (!(request.socket as TLSSocket).authorized) return denied('Certificate is invalid on this endpoint')
        if (!/^[\w=,@-]{1,128}$/.test(decodeURIComponent(alias))) return denied('Invalid role alias')
        const { accessKeyId, secretAccessKey, sessionToken, expiration } = this.#mint('iot')
        const credentials = { accessKeyId, secretAccessKey, sessionToken, expiration: isoSeconds(expiration) }
        return { status: 200, body: { credentials } }
      },
    }
  }

  /** The instance metadata service, version 2, and the credentials of containers. */
  machine(request: IncomingMessage): FoundRoute | null {
    const { method, url = '' } = request
    if (method === 'PUT' && url === '/latest/api/token') {
      return { operation: 'imdsToken', answer: () => this.#imdsToken(request) }
    }
    if (method !== 'GET') return null
    if (url === containerPath) return { operation: 'containerCredentials', answer: () => this.#container(request) }
    if (url === imdsRolesPath || url === imdsRolesPath.slice(0, -1)) {
      return { operation: 'imdsRole', answer: () => this.#withToken(request, () => ({ status: 200, body: roleName })) }
    }
    if (url !== imdsRolesPath + roleName) return null
    return { operation: 'imdsCredentials', answer: () => this.#withToken(request, () => this.#imds()) }
  }

  #mint(route: CredentialRoute): TemporaryCredentials {
    const credentials = this.#options.keys.mint(this.#options.lifeMs)
    this.#options.minted(route, credentials)
    return credentials
  }

  #imdsToken(request: IncomingMessage): CredentialReply {
    const seconds = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ?? Number.NaN)
    if (!(seconds >= 1 && seconds <= longestTokenSeconds)) return { status: 400, body: 'Bad Request' }
    const content = `${this.#options.nowMs() + 1000 * seconds}-${randomToken()}`
    return { status: 200, body: `${content}.${this.#options.keys.seal(content)}` }
  }

  #withToken(request: IncomingMessage, answer: () => CredentialReply): CredentialReply {
    const [content = '', seal = ''] = String(request.headers['x-aws-ec2-metadata-token'] ?? '').split('.')
    const isGood = same(seal, this.#options.keys.seal(content)) && Number.parseInt(content, 10) > this.#options.nowMs()
    return isGood ? answer() : { status: 401, body: 'Unauthorized' }
  }

  #imds(): CredentialReply {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = this.#mint('imds')
    return {
      status: 200,
      body: {
        Code: 'Success',
        LastUpdated: isoSeconds(new Date(this.#options.nowMs())),
        Type: 'AWS-HMAC',
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: isoSeconds(expiration),
      },
    }
  }

  #container(request: IncomingMessage): CredentialReply {
    if (!same(request.headers.authorization ?? '', containerToken(this.#options.keys))) {
      return { status: 401, error: 'AccessDeniedException', body: { code: 'AccessDenied', message: 'Invalid token' } }
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = this.#mint('container')
    return {
      status: 200,
      body: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: isoSeconds(expiration),
      },
    }
  }
}

/** Follows from the endpoint's own keys, so that whoever may read those can tell it. */
export function containerToken(keys: KeyRing): string {
  return keys.seal('container')
}

/** Where containers ask, under the URL of the listener on loopback. */
export function containerUrl(url: string): string {
  return url + containerPath
}

function denied(message: string): CredentialReply {
  return { status: 403, error: 'AccessDeniedException', body: { message } }
}

/** As all three write it: whole seconds, UTC. */
function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

/** Sends an answer. */
export function sendReply(response: ServerResponse, { status, body, error }: CredentialReply, requestId: string): void {
  const isText = typeof body === 'string'
  const text = isText ? body : JSON.stringify(body)
  response.setHeader('Content-Type', isText ? 'text/plain' : 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.setHeader('x-amzn-RequestId', requestId)
  if (error !== undefined) response.setHeader('x-amzn-ErrorType', error)
  response.statusCode = status
  response.end(text)
}
