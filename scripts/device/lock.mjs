/** native/vendor.lock: everything that is fetched and not part of the checkout, by version and checksum. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './folders.mjs'

export const lock = JSON.parse(readFileSync(join(checkout, 'native', 'vendor.lock'), 'utf8'))

export function sha256(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
