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
 * been started again (`reset`). What has been written but not sent is lost with a reset.
 */
export function cutConnection(socket: Socket, how: 'close' | 'fin' | 'reset'): void {
  const connection = below.get(socket) ?? socket
  if (how === 'reset') connection.resetAndDestroy()
  else if (how === 'fin') endConnection(connection)
  else endConnection(socket)
}
