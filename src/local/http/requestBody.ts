import type { IncomingMessage } from 'node:http'
import { ServiceError } from '../errors.ts'

/** Larger than any request that the API's model allows: the longest are lists of fragment numbers and escaped tags. */
const maxBodyBytes = 1024 * 1024

/** The whole body must have come by then. */
const bodyTimeoutMs = 20_000

/**
 * Reads a request's whole body. Throws ServiceError 413 beyond `maxBodyBytes` and 408 when it takes too long; null when
 * the client has gone.
 */
export function readBody(request: IncomingMessage, timeoutMs = bodyTimeoutMs): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let size = 0
    const settle = (end: () => void) => {
      clearTimeout(timer)
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onClose)
      end()
    }
    const refuse = (type: string, status: number, message: string) => {
      settle(() => reject(new ServiceError(type, status, message)))
    }
    const onData = (piece: Buffer) => {
      size += piece.length
      pieces.push(piece)
      if (size > maxBodyBytes) {
        refuse('RequestEntityTooLargeException', 413, `The request body is larger than ${maxBodyBytes} bytes.`)
      }
    }
    const onEnd = () => settle(() => resolve(Buffer.concat(pieces)))
    const onClose = () => settle(() => resolve(null))
    const timer = setTimeout(() => refuse('RequestTimeoutException', 408, 'The request body took too long.'), timeoutMs)
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onClose)
    // A connection that breaks reports an error before it closes.
    request.on('error', () => undefined)
  })
}
