/** Reading as the bytes come: the core's Input on Node.js. */

import * as fs from 'node:fs'
import * as net from 'node:net'
import type { Readable } from 'node:stream'
import { inputError } from '../core/host/fileError.ts'
import type { Input, InputHandlers } from '../core/platform.ts'
import { errnoName } from './errnoName.ts'

const pieceBytes = 64 * 1024

export function openInput(path: string, handlers: InputHandlers): Input {
  const stream = open(path)
  stream.on('data', (bytes) => handlers.onData(bytes))
  stream.once('end', () => handlers.onEnd(null))
  stream.once('error', (error) => handlers.onEnd(inputError(path, errnoName(error))))
  return {
    pause: () => {
      stream.pause()
    },
    resume: () => {
      stream.resume()
    },
    close: () => {
      stream.destroy()
    },
  }
}

function open(path: string): Readable {
  if (path === '-') return process.stdin
  try {
    // Without waiting: the open of a FIFO that nobody writes to would block one of Node's few threads, exit included.
    const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
    const kind = fs.fstatSync(file)
    if (kind.isFIFO()) return new net.Socket({ fd: file, readable: true, writable: false })
    return fs.createReadStream(path, { fd: file, highWaterMark: pieceBytes })
  } catch (error) {
    throw inputError(path, errnoName(error))
  }
}
