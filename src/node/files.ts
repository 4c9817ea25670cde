/** The core's Files and the command line's Process on Node.js. */

import * as fs from 'node:fs'
import * as os from 'node:os'
import { inputError, outputError } from '../core/host/fileError.ts'
import type { FileEntry, Files, FileWriter, MemoryUse, Process } from '../core/platform.ts'
import { errnoName } from './errnoName.ts'
import { openInput } from './input.ts'

export const files: Files = {
  list(path) {
    try {
      return fs
        .readdirSync(path, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, type: typeOf(path, entry) }))
    } catch (error) {
      throw inputError(path, errnoName(error))
    }
  },

  read(path, into) {
    let file: number | undefined
    try {
      file = fs.openSync(path, 'r')
      const size = fs.fstatSync(file).size
      let at = 0
      while (at < size && size <= into.length) {
        const read = fs.readSync(file, into, at, size - at, at)
        if (read === 0) return at
        at += read
      }
      return size
    } catch (error) {
      throw inputError(path, errnoName(error))
    } finally {
      if (file !== undefined) fs.closeSync(file)
    }
  },

  open: openInput,

  checkWritable(directory) {
    try {
      fs.accessSync(`${directory}/.`, fs.constants.W_OK)
    } catch (error) {
      throw outputError(directory, errnoName(error))
    }
  },

  create: (path) => new NodeFileWriter(path),
}

class NodeFileWriter implements FileWriter {
  readonly #path: string
  #file: number | undefined

  constructor(path: string) {
    this.#path = path
    try {
      this.#file = fs.openSync(path, 'w')
    } catch (error) {
      throw outputError(path, errnoName(error))
    }
  }

  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length && this.#file !== undefined; ) at += fs.writeSync(this.#file, bytes, at)
    } catch (error) {
      throw outputError(this.#path, errnoName(error))
    }
  }

  close(): void {
    if (this.#file !== undefined) fs.closeSync(this.#file)
    this.#file = undefined
  }
}

function typeOf(path: string, entry: fs.Dirent): FileEntry['type'] {
  const target = entry.isSymbolicLink() ? fs.statSync(`${path}/${entry.name}`, { throwIfNoEntry: false }) : entry
  if (target?.isDirectory()) return 'directory'
  return target?.isFile() ? 'file' : 'other'
}

/** Whoever reads the output may go away (`kvs --json | head`), its disk may be full: the stream goes on. */
export function surviveLostOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
}

/** A terminal that is closed ends it in order, too. */
const signals = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const

/** The process that Node.js runs in. */
export function nodeProcess(): Process {
  return {
    args: process.argv.slice(2),
    env: (name) => process.env[name] || undefined,
    stdout: (text) => {
      process.stdout.write(text)
    },
    stderr: (text) => {
      process.stderr.write(text)
    },
    stderrColumns: process.stderr.isTTY ? process.stderr.columns || 80 : 0,
    onSignal(handler) {
      const listeners = signals.map(([name, number]) => ({ name, listener: () => handler(number) }))
      for (const { name, listener } of listeners) process.on(name, listener)
      return () => {
        for (const { name, listener } of listeners) process.off(name, listener)
      }
    },
    memory,
    runtime: `Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    system: `${os.type()}/${os.release()} ${os.arch()}`,
  }
}

function memory(): readonly MemoryUse[] {
  const { heapUsed, external, rss } = process.memoryUsage()
  return [
    { name: 'heap', nowBytes: heapUsed, peakBytes: null },
    { name: 'external', nowBytes: external, peakBytes: null },
    { name: 'resident', nowBytes: rss, peakBytes: process.resourceUsage().maxRSS * 1024 },
  ]
}
