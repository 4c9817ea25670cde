import type { ServerResponse } from 'node:http'
import { onResponseOver } from './responseOver.ts'

/**
 * Answers 200 with bytes that come one after the other, for as long as they come and the client takes them.
 * `pieces` gets a signal that tells it that nobody wants more: the client has gone, or `stop` was aborted. What it
 * throws in the middle is thrown, as there is no other way left to tell the client than to break the connection.
 */
export async function sendStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  stop: AbortSignal,
  pieces: (gone: AbortSignal) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const over = new AbortController()
  const abort = () => over.abort()
  onResponseOver(response, abort)
  // Who reads for ever and ends its side has gone; there may be nothing to write that would show it.
  const { socket } = response.req
  socket.once('end', abort)
  stop.addEventListener('abort', abort)
  try {
    response.writeHead(200, headers)
    response.flushHeaders()
    if (stop.aborted || response.destroyed) abort()
    for await (const piece of pieces(over.signal)) {
      if (over.signal.aborted) break
      if (!response.write(piece)) await drained(response, over.signal)
    }
    response.end()
  } finally {
    stop.removeEventListener('abort', abort)
    socket.off('end', abort)
  }
}

/** Resolves when more may be written, or nobody wants more. */
function drained(response: ServerResponse, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      over.removeEventListener('abort', done)
      resolve()
    }
    response.on('drain', done)
    over.addEventListener('abort', done)
    if (over.aborted) done()
  })
}
