/** The core's Files over the host's. */

import { inputError, outputError } from '../core/host/fileError.ts'
import type { Files, FileWriter } from '../core/platform.ts'

export const files: Files = {
  list(path) {
    const entries = native.listDirectory(path)
    if (typeof entries === 'string') throw inputError(path, entries)
    return entries
  },

  read(path, into) {
    const size = native.readFile(path, into)
    if (typeof size === 'string') throw inputError(path, size)
    return size
  },

  open(path, { onData, onEnd }) {
    const input = native.openInput(path, {
      onData,
      onEnd: (error) => onEnd(error === null ? null : inputError(path, error)),
    })
    if (typeof input === 'string') throw inputError(path, input)
    return input
  },

  checkWritable(directory) {
    const error = native.checkWritable(directory)
    if (error !== null) throw outputError(directory, error)
  },

  create: (path) => new DeviceFileWriter(path),
}

class DeviceFileWriter implements FileWriter {
  readonly #path: string
  #file: number | undefined

  constructor(path: string) {
    this.#path = path
    const file = native.createFile(path)
    if (typeof file === 'string') throw outputError(path, file)
    this.#file = file
  }

  write(bytes: Uint8Array): void {
    if (this.#file === undefined) return
    const error = native.writeFile(this.#file, bytes)
    if (error !== null) throw outputError(this.#path, error)
  }

  close(): void {
    if (this.#file !== undefined) native.closeFile(this.#file)
    this.#file = undefined
  }
}
