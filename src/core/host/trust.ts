/** Trust anchors from a PEM file, or from all the PEM files of a folder. */

import { asKvsError, KvsError } from '../errors.ts'
import type { FileEntry, Files } from '../platform.ts'
import { utf8Bytes } from '../text.ts'
import { readWhole } from './readWhole.ts'

const begin = utf8Bytes('-----BEGIN CERTIFICATE-----')
const dash = 0x2d
const endings = ['.pem', '.crt', '.cer']

/** The PEM texts at `path` that hold certificates, undefined where no path is given. Throws CONFIGURATION where there are none. */
export function readTrust(files: Files, path: string | undefined): readonly Uint8Array[] | undefined {
  if (path === undefined) return undefined
  const found = read(files, path).filter(hasCertificate)
  if (found.length > 0) return found
  throw new KvsError('CONFIGURATION', `${path} holds no certificate`, {
    cause: 'it is not a PEM file, or a folder without one',
    cure: 'give --ca (AWS_KVS_CACERT_PATH) a file that has "BEGIN CERTIFICATE" in it',
  })
}

function hasCertificate(text: Uint8Array): boolean {
  for (let at = text.indexOf(dash); at >= 0; at = text.indexOf(dash, at + 1)) {
    if (begin.every((byte, index) => text[at + index] === byte)) return true
  }
  return false
}

/** Where the host's TLS library can use none of them. */
export function damagedTrust(): KvsError {
  return new KvsError('CONFIGURATION', 'none of the certificates to trust can be used', {
    cause: 'they are damaged',
    cure: 'check the path given with --ca or AWS_KVS_CACERT_PATH',
  })
}

function read(files: Files, path: string): Uint8Array[] {
  try {
    const entries = listed(files, path)
    if (entries === undefined) return [readWhole(files, path)]
    return entries.filter(isPemFile).map(({ name }) => readWhole(files, `${path}/${name}`))
  } catch (error) {
    throw new KvsError('CONFIGURATION', `the certificates at ${path} cannot be read`, {
      cause: asKvsError(error).message,
      cure: 'check the path given with --ca or AWS_KVS_CACERT_PATH',
    })
  }
}

/** A folder of certificates may hold folders, and links to what is gone, under names like theirs. */
function isPemFile({ name, type }: FileEntry): boolean {
  return type === 'file' && endings.some((ending) => name.endsWith(ending))
}

/** Undefined where it is no folder: reading it as a file tells what it is. */
function listed(files: Files, path: string): readonly FileEntry[] | undefined {
  try {
    return files.list(path)
  } catch {
    return undefined
  }
}
