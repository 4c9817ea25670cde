import type { Socket } from 'node:net'
import { endConnection } from './reply.ts'

/** What lies below the TLS sockets of the listeners. */
const below = new WeakMap<Socket, Socket>()

/** A TLS socket speaks over this connection. */
export function speaksOver(secure: Socket, connection: Socket): void {
  below.set(secure, connection)
}

/**
 * Ends a connection: in order (`close`), as a process ends that knows nothing of TLS (`fin`), or as a machine does that has
 * been started again (`reset`). What has been written but not sent is lost with a reset, unless an end in order has begun.
 */
export function cutConnection(socket: Socket, how: 'close' | 'fin' | 'reset'): void {
  const connection = below.get(socket) ?? socket
  if (how === 'reset') reset(socket, connection)
  else if (how === 'fin') endConnection(connection)
  else endConnection(socket)
}

/**
 * A connection whose end is on its way cannot be reset: libuv refuses, and Node.js then takes the socket for closed, never
 * closes it, and waits for that for ever when the process ends.
 */
function reset(socket: Socket, connection: Socket): void {
  const ending = [socket, connection].find((each) => each.writableEnded && !each.writableFinished)
  if (ending === undefined) connection.resetAndDestroy()
  else ending.once('finish', () => reset(socket, connection))
}
