import type { ServerResponse } from 'node:http'

/**
 * Answers 200 with bytes that come one after the other, for as long as they come and the client takes them.
 * `pieces` gets a signal that tells it that the client has gone. A failure in the middle breaks the connection, as
 * there is no other way left to tell of it.
 */
export async function sendStream(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  pieces: (gone: AbortSignal) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.writeHead(200, headers)
  response.flushHeaders()
  for await (const piece of pieces(gone.signal)) {
    if (gone.signal.aborted) break
    if (!response.write(piece)) await drained(response)
  }
  response.end()
}

/** Resolves when more may be written, or the client is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
    if (response.destroyed) done()
  })
}
