/** The core's Storage on Node.js. */

import * as fs from 'node:fs'
import { crc32 } from 'node:zlib'
import { inputError, outputError } from '../core/host/fileError.ts'
import type { Storage, StoredFile } from '../core/platform.ts'
import { errnoName } from './errnoName.ts'
import { files } from './files.ts'
import { lockFolder } from './folderLock.ts'

export const storage: Storage = {
  list: files.list,
  crc32,
  lock: lockFolder,

  makeDirectory(path) {
    try {
      fs.mkdirSync(path)
    } catch (error) {
      // What is there and no folder shows when it is listed.
      if (errnoName(error) !== 'EEXIST') throw outputError(path, errnoName(error))
    }
  },

  syncDirectory(path) {
    writing(path, () => {
      const directory = fs.openSync(path, 'r')
      try {
        fs.fsyncSync(directory)
      } finally {
        fs.closeSync(directory)
      }
    })
  },

  openStored: (path, make) => new NodeStoredFile(path, make),
  remove: (path) => writing(path, () => fs.unlinkSync(path)),
}

class NodeStoredFile implements StoredFile {
  readonly #path: string
  readonly #file: number

  constructor(path: string, make: boolean) {
    const { O_APPEND, O_CREAT, O_RDWR } = fs.constants
    this.#path = path
    this.#file = writing(path, () => fs.openSync(path, O_RDWR | O_APPEND | (make ? O_CREAT : 0), 0o666))
  }

  sizeBytes(): number {
    return writing(this.#path, () => fs.fstatSync(this.#file).size)
  }

  append(bytes: Uint8Array): void {
    writing(this.#path, () => {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.#file, bytes, at)
    })
  }

  readAt(offset: number, into: Uint8Array): number {
    try {
      let at = 0
      for (let read = 1; read > 0 && at < into.length; at += read) {
        read = fs.readSync(this.#file, into, at, into.length - at, offset + at)
      }
      return at
    } catch (error) {
      throw inputError(this.#path, errnoName(error))
    }
  }

  truncate(sizeBytes: number): void {
    writing(this.#path, () => fs.ftruncateSync(this.#file, sizeBytes))
  }

  sync(): void {
    writing(this.#path, () => fs.fdatasyncSync(this.#file))
  }

  close(): void {
    fs.closeSync(this.#file)
  }
}

function writing<T>(path: string, task: () => T): T {
  try {
    return task()
  } catch (error) {
    throw outputError(path, errnoName(error))
  }
}
