import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Credentials } from '../core/aws/credentials/credentials.ts'
import type { Headers } from '../core/aws/sigv4.ts'
import type { Verifier } from './auth/verify.ts'
import { parseRequest } from './control/fields.ts'
import { ServiceError } from './errors.ts'
import type { LocalKvsEvent } from './events.ts'
import type { CallFault, OperationName } from './faults/fault.ts'
import type { Faults } from './faults/faults.ts'
import { strikeAnswer } from './faults/strikeAnswer.ts'
import { sendError, sendErrorAndClose } from './http/reply.ts'
import { readBody } from './http/requestBody.ts'

/** What serves a request: its members, and where the answer goes. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
}

/** A call of somebody known, and what is to go wrong with it. */
export interface KnownCall extends Call {
  readonly credentials: Credentials
  readonly faults: readonly CallFault[]
}

/** Answers a call whose body is the JSON object `input`. What it throws before it has answered is sent. */
export type JsonRoute = (input: Readonly<Record<string, unknown>>, call: Call) => Promise<void> | void

/** Answers a call whose body streams. */
export type StreamingRoute = (call: KnownCall) => Promise<void> | void

export interface RouterOptions {
  readonly verifier: Verifier
  readonly jsonRoutes: ReadonlyMap<string, JsonRoute>
  readonly streamingRoutes: ReadonlyMap<string, StreamingRoute>
  readonly faults: Faults
  nowMs(): number
  emit(event: LocalKvsEvent): void
}

/** Sends each request where it belongs, once its signature is verified. */
export class Router {
  readonly #options: RouterOptions
  readonly #working = new Set<Promise<void>>()

  constructor(options: RouterOptions) {
    this.#options = options
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const working = this.#serve({ request, response, requestId: randomUUID() })
    this.#working.add(working)
    void working.then(() => this.#working.delete(working))
  }

  /** Resolves when every JSON request that has begun is answered. */
  async idle(): Promise<void> {
    await Promise.all(this.#working)
  }

  async #serve(call: Call): Promise<void> {
    const { request, response, requestId } = call
    response.setHeader('Date', new Date(this.#options.nowMs()).toUTCString())
    const { path, query } = splitTarget(request.url ?? '/')
    const operation = path.replace(/^\/+/, '/')
    const streaming = request.method === 'POST' ? this.#options.streamingRoutes.get(operation) : undefined
    try {
      const json = request.method === 'POST' ? this.#options.jsonRoutes.get(operation) : undefined
      if (streaming === undefined && json === undefined) throw unknownOperation()
      const head = { method: 'POST', path, query, headers: headersOf(request) }
      if (streaming !== undefined) {
        const credentials = this.#options.verifier.verify({ ...head, body: null }, this.#options.nowMs())
        const faults = await this.#strike(operation, streamOfHeaders(request), call)
        if (faults !== null) await streaming({ ...call, credentials, faults })
        return
      }
      if (isContinueExpected(request)) response.writeContinue()
      const body = await readBody(request)
      if (body === null) return
      this.#options.verifier.verify({ ...head, body }, this.#options.nowMs())
      const input = parseRequest(body)
      if ((await this.#strike(operation, streamOfInput(input), call)) !== null) await json?.(input, call)
    } catch (thrown) {
      const error = thrown instanceof ServiceError ? thrown : this.#failure(thrown, operation)
      this.#options.emit({ type: 'refused', operation: operation.slice(1), error })
      if (response.headersSent || response.destroyed) request.socket.destroy()
      // A refused PutMedia ends its connection, as the service does it.
      else if (request.complete && streaming === undefined) sendError(response, error, requestId)
      else sendErrorAndClose(request, response, error, requestId)
    }
  }

  /** Null where a fault has left nothing to answer. */
  async #strike(path: string, stream: string | undefined, call: Call): Promise<readonly CallFault[] | null> {
    const operation = path.slice(1) as OperationName
    const faults = this.#options.faults.call(operation, stream)
    const { faults: plan, emit } = this.#options
    const goesOn = await strikeAnswer(faults, call, {
      pause: (response, ms) => plan.pause(response, ms),
      tell: (fault) => emit({ type: 'fault', fault, operation, ...(stream !== undefined && { stream }) }),
    })
    return goesOn ? faults : null
  }

  #failure(thrown: unknown, operation: string): ServiceError {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    this.#options.emit({ type: 'warning', message: `${operation.slice(1)} failed: ${message}` })
    return new ServiceError('InternalFailure', 500, 'The request processing has failed because of an internal failure.')
  }
}

/** True where the client waits for "100 Continue" before it sends the body. */
export function isContinueExpected(request: IncomingMessage): boolean {
  return (request.headers.expect ?? '').toLowerCase() === '100-continue'
}

function streamOfHeaders({ headers }: IncomingMessage): string | undefined {
  return streamOfInput({ StreamName: headers['x-amzn-stream-name'], StreamARN: headers['x-amzn-stream-arn'] })
}

/** The stream's name, be it from its ARN. */
function streamOfInput({ StreamName, StreamARN }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof StreamName === 'string') return StreamName
  return typeof StreamARN === 'string' ? StreamARN.split('/')[1] : undefined
}

function unknownOperation(): ServiceError {
  const message = 'Unable to determine service/operation name to be authorized'
  return new ServiceError('AccessDeniedException', 403, message)
}

function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** Header lines as they came, duplicates and all, which the parsed ones have lost. */
function headersOf(request: IncomingMessage): Headers {
  const headers: [string, string][] = []
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    // Node.js reads the bytes as Latin-1, signers write them as UTF-8.
    const value = Buffer.from(request.rawHeaders[at + 1] ?? '', 'latin1').toString('utf8')
    headers.push([request.rawHeaders[at] ?? '', value])
  }
  return headers
}
