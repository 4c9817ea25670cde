/** Failures of files in the product's own terms; `name` is the errno's. */

import { KvsError } from '../errors.ts'

export function inputError(path: string, name: string): KvsError {
  if (name === 'ENOENT') return new KvsError('INPUT_MISSING', `${path} does not exist`)
  if (name === 'ENOTDIR') return new KvsError('INPUT_MISSING', `${path} is no folder`)
  return new KvsError('INPUT_UNREADABLE', `${path} cannot be read (${name})`)
}

export function outputError(path: string, name: string): KvsError {
  if (name !== 'ENOSPC' && name !== 'EDQUOT') {
    return new KvsError('OUTPUT_UNWRITABLE', `${path} cannot be written (${name})`)
  }
  const cause = 'other files fill it, or a quota is reached'
  return new KvsError('OUTPUT_UNWRITABLE', `${path} cannot be written: the disk is full`, {
    cause,
    cure: 'free some room',
  })
}

/** A folder that one process has for itself, and another one has it. */
export function takenError(directory: string): KvsError {
  return new KvsError('OUTPUT_UNWRITABLE', `${directory} is in use by another process`, {
    cause: 'two producers were given the same folder',
    cure: 'give each a folder of its own',
  })
}
