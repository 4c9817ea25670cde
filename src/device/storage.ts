/** The core's Storage over the host's. */

import { inputError, outputError, takenError } from '../core/host/fileError.ts'
import type { Storage, StoredFile } from '../core/platform.ts'
import { files } from './files.ts'
import type { ErrorName } from './native.ts'

export const storage: Storage = {
  list: files.list,
  crc32: (bytes, before) => native.crc32(bytes, before),

  // What is there and no folder shows when it is listed.
  makeDirectory: (path) => written(path, native.makeDirectory(path)),
  syncDirectory: (path) => written(path, native.syncDirectory(path)),
  remove: (path) => written(path, native.removeFile(path)),

  lock(directory) {
    const file = native.lockFile(`${directory}/lock`)
    if (file === 'EAGAIN') throw takenError(directory)
    const descriptor = numberOf(directory, file)
    return () => native.closeFile(descriptor)
  },

  openStored: (path, make) => storedFile(path, numberOf(path, native.openStored(path, make))),
}

function storedFile(path: string, file: number): StoredFile {
  return {
    sizeBytes: () => numberOf(path, native.fileSize(file)),
    append: (bytes) => written(path, native.writeFile(file, bytes)),
    readAt(offset, into) {
      const bytes = native.readFileAt(file, offset, into)
      if (typeof bytes === 'string') throw inputError(path, bytes)
      return bytes
    },
    truncate: (sizeBytes) => written(path, native.truncateFile(file, sizeBytes)),
    sync: () => written(path, native.syncFile(file)),
    close: () => native.closeFile(file),
  }
}

function written(path: string, error: ErrorName | null): void {
  if (error !== null) throw outputError(path, error)
}

function numberOf(path: string, result: number | ErrorName): number {
  if (typeof result === 'string') throw outputError(path, result)
  return result
}
