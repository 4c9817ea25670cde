/** The connection to a proxy, up to where TLS begins. */

import * as net from 'node:net'
import { asKvsError, type KvsError } from '../core/errors.ts'
import type { Tunnel } from '../core/host/tunnel.ts'
import { networkError } from './networkError.ts'

/** Connects to the proxy and asks for the tunnel; `onReady` is called once, with null when it stands. */
export function openTunnel(tunnel: Tunnel, onReady: (error: KvsError | null) => void): net.Socket {
  const { host, port } = tunnel.proxy
  const socket = net.connect({ host, port })
  const finish = (error: KvsError | null) => {
    socket.removeAllListeners('data')
    socket.removeAllListeners('error')
    socket.removeAllListeners('close')
    if (error !== null) socket.on('error', () => undefined).destroy()
    onReady(error)
  }
  socket.setNoDelay(true)
  socket.once('connect', () => socket.write(tunnel.request))
  socket.on('error', (error) => finish(networkError(error, tunnel.proxy)))
  socket.on('close', () => finish(tunnel.ended()))
  socket.on('data', (bytes) => {
    try {
      if (tunnel.push(bytes)) finish(null)
    } catch (error) {
      finish(asKvsError(error))
    }
  })
  return socket
}
