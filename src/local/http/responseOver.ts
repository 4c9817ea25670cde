import type { ServerResponse } from 'node:http'

/**
 * Calls `over` once, when nobody waits for the response any more: it is complete, or its connection is gone. The
 * connection is watched itself, as Node.js says nothing to a response that still waited behind another one on it
 * (pipelining).
 */
export function onResponseOver(response: ServerResponse, over: () => void): void {
  const { socket } = response.req
  const done = () => {
    response.off('close', done)
    socket.off('close', done)
    over()
  }
  response.once('close', done)
  socket.once('close', done)
  // Its close may have been told already.
  if (socket.destroyed) done()
}
