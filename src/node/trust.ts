/** Trust anchors from a PEM file, or from all the PEM files of a folder. */

import * as fs from 'node:fs'
import { KvsError } from '../core/errors.ts'

const begin = '-----BEGIN CERTIFICATE-----'

/** The certificates at `path`, undefined where no path is given. Throws CONFIGURATION where there are none. */
export function readTrust(path: string | undefined): readonly string[] | undefined {
  if (path === undefined) return undefined
  const found = read(path).filter((text) => text.includes(begin))
  if (found.length > 0) return found
  throw new KvsError('CONFIGURATION', `${path} holds no certificate`, {
    cause: 'it is not a PEM file, or a folder without one',
    cure: 'give --ca (AWS_KVS_CACERT_PATH) a file that has "BEGIN CERTIFICATE" in it',
  })
}

function read(path: string): string[] {
  try {
    if (!fs.statSync(path).isDirectory()) return [fs.readFileSync(path, 'latin1')]
    const names = fs.readdirSync(path).filter((name) => /\.(pem|crt|cer)$/.test(name))
    return names.map((name) => fs.readFileSync(`${path}/${name}`, 'latin1'))
  } catch (error) {
    throw new KvsError('CONFIGURATION', `the certificates at ${path} cannot be read`, {
      cause: error instanceof Error ? error.message : String(error),
      cure: 'check the path given with --ca or AWS_KVS_CACERT_PATH',
    })
  }
}
