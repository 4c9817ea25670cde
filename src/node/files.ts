/** The core's Files and the command line's Process on Node.js. */

import * as fs from 'node:fs'
import * as os from 'node:os'
import { KvsError } from '../core/errors.ts'
import type { Files, FileWriter, Process } from '../core/platform.ts'

export const files: Files = {
  list(path) {
    try {
      return fs
        .readdirSync(path, { withFileTypes: true })
        .map((entry) => ({ name: entry.name, directory: isDirectory(path, entry) }))
    } catch (error) {
      throw inputError(path, error)
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
      throw inputError(path, error)
    } finally {
      if (file !== undefined) fs.closeSync(file)
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
      throw outputError(path, error)
    }
  }

  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length && this.#file !== undefined; ) at += fs.writeSync(this.#file, bytes, at)
    } catch (error) {
      throw outputError(this.#path, error)
    }
  }

  close(): void {
    if (this.#file !== undefined) fs.closeSync(this.#file)
    this.#file = undefined
  }
}

function isDirectory(path: string, entry: fs.Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return fs.statSync(`${path}/${entry.name}`, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function inputError(path: string, error: unknown): KvsError {
  const code = errno(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new KvsError('INPUT_MISSING', `${path} does not exist`)
  return new KvsError('INPUT_UNREADABLE', `${path} cannot be read (${code})`)
}

function outputError(path: string, error: unknown): KvsError {
  return new KvsError('OUTPUT_UNWRITABLE', `${path} cannot be written (${errno(error)})`)
}

function errno(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** A reader that has gone away (`kvs --json | head`) must not end the stream. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

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
      const interrupt = () => handler(2)
      const terminate = () => handler(15)
      process.on('SIGINT', interrupt)
      process.on('SIGTERM', terminate)
      return () => {
        process.off('SIGINT', interrupt)
        process.off('SIGTERM', terminate)
      }
    },
    runtime: `Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    system: `${os.type()}/${os.release()} ${os.arch()}`,
  }
}
