import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ServiceError } from '../errors.ts'

/** A client that has been answered early may still be sending: so long it is listened to before the connection goes. */
const lingerMs = 2000

/**
 * Answers with JSON. Head and body leave in one write, so in one TLS record: the embedded C producer reads once and
 * expects all of it.
 */
export function sendJson(response: ServerResponse, status: number, value: object, requestId: string): void {
  const body = JSON.stringify(value)
  response.setHeader('x-amzn-RequestId', requestId)
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.statusCode = status
  // As text: Node.js joins it with the head, which it does not do for bytes.
  response.end(body)
}

/** Answers with an error as the service does: name in a header and, for the SDKs, in the body; an empty name is left out. */
export function sendError(response: ServerResponse, error: ServiceError, requestId: string): void {
  const { type, status, message } = error
  if (type !== '') response.setHeader('x-amzn-ErrorType', type)
  sendJson(response, status, { ...(type !== '' && { __type: type }), Message: message }, requestId)
}

/** The same for a request whose body has not been read: the connection ends with the answer. */
export function sendErrorAndClose(
  request: IncomingMessage,
  response: ServerResponse,
  error: ServiceError,
  requestId: string,
): void {
  keepConnection(response)
  response.once('finish', () => endConnection(request.socket))
  sendError(response, error, requestId)
  request.resume()
}

/**
 * Leaves it to `endConnection` to end the connection. Node.js would drop it with the answer to a request with
 * "Connection: close", and what the client still sends would come back to it as a reset that overtakes the answer.
 */
export function keepConnection(response: ServerResponse): void {
  response.removeHeader('connection')
  // Without this the missing header alone means that the connection closes.
  response.shouldKeepAlive = true
}

/** Connections that are ended: several reasons for it may come together, and again while a client takes its time. */
const ending = new WeakSet<Socket>()

/**
 * Ends a connection in order: what has been written goes out, then close_notify and FIN; what still comes in is
 * discarded, and after a moment the connection is dropped whatever the client does.
 */
export function endConnection(socket: Socket): void {
  if (ending.has(socket)) return
  ending.add(socket)
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}
