/** What Node.js itself does at best: the same number of bytes written to a TLS socket out of memory. */

import { once } from 'node:events'
import * as tls from 'node:tls'
import { cpuSeconds } from './children.ts'
import type { SinkReady } from './sink.ts'

export interface TlsRun {
  readonly bytes: number
  readonly chunkBytes: number
  /** From the first write until the sink has said that it has all. */
  readonly seconds: number
  /** CPU time of this process in that time. */
  readonly cpuSeconds: number
}

/** Writes `bytes` bytes, `memory` over and over, in writes of `chunkBytes`. */
export async function runTls(sink: SinkReady, memory: Buffer, bytes: number, chunkBytes: number): Promise<TlsRun> {
  if (memory.length < chunkBytes) throw new Error(`${memory.length} bytes are too few for writes of ${chunkBytes}`)
  const socket = tls.connect({ host: '127.0.0.1', port: sink.port, ca: sink.ca, minVersion: 'TLSv1.2' })
  socket.setNoDelay(true)
  await once(socket, 'secureConnect')
  const all = once(socket, 'data')
  const startMs = performance.now()
  const startCpuSeconds = cpuSeconds()
  const first = Buffer.alloc(8)
  first.writeDoubleBE(bytes)
  socket.write(first)
  let left = bytes - first.length
  let at = 0
  const pump = () => {
    for (let more = true; more && left > 0; ) {
      if (at + chunkBytes > memory.length) at = 0
      const length = Math.min(chunkBytes, left)
      more = socket.write(memory.subarray(at, at + length))
      at += length
      left -= length
    }
  }
  socket.on('drain', pump)
  pump()
  await all
  const seconds = (performance.now() - startMs) / 1000
  const usedSeconds = cpuSeconds() - startCpuSeconds
  socket.destroy()
  return { bytes, chunkBytes, seconds, cpuSeconds: usedSeconds }
}
