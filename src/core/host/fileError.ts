/** Failures of files in the product's own terms; `name` is the errno's. */

import { KvsError } from '../errors.ts'

export function inputError(path: string, name: string): KvsError {
  if (name === 'ENOENT') return new KvsError('INPUT_MISSING', `${path} does not exist`)
  if (name === 'ENOTDIR') return new KvsError('INPUT_MISSING', `${path} is no folder`)
  return new KvsError('INPUT_UNREADABLE', `${path} cannot be read (${name})`)
}

export function outputError(path: string, name: string): KvsError {
  return new KvsError('OUTPUT_UNWRITABLE', `${path} cannot be written (${name})`)
}
