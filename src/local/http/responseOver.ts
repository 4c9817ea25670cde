import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What waits for the end of each connection: one listener for all of it. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `over` once, when nobody waits for the response any more: it is complete, or its connection is gone. The
 * connection is watched itself, as Node.js says nothing to a response that still waited behind another one on it
 * (pipelining).
 */
export function onResponseOver(response: ServerResponse, over: () => void): void {
  const tasks = tasksAtClose(response.req.socket)
  const done = () => {
    response.off('close', done)
    tasks.delete(done)
    over()
  }
  response.once('close', done)
  tasks.add(done)
  // Its close may have been told already.
  if (response.req.socket.destroyed) done()
}

function tasksAtClose(socket: Socket): Set<() => void> {
  const known = waiting.get(socket)
  if (known !== undefined) return known
  const tasks = new Set<() => void>()
  waiting.set(socket, tasks)
  socket.once('close', () => {
    for (const task of [...tasks]) task()
  })
  return tasks
}
