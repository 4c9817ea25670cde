import { randomBytes, randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Credentials } from '../../core/aws/credentials/credentials.ts'
import { KvsError } from '../../core/errors.ts'
import { keepForOwner, replaceFile, systemCode } from '../files.ts'

const ownerOnly = 0o600

/** What the endpoint accepts, and whether others could have read it before. */
export interface KeptCredentials {
  readonly credentials: Credentials
  /** True where the file could be read by others and its mode has just been set right. */
  readonly repaired: boolean
}

/** Path of the credentials that belong to a directory. */
export function credentialsFile(directory: string): string {
  return join(directory, 'credentials.json')
}

/**
 * The credentials of a directory, made up at the first start and kept for its owner only.
 * Throws CONFIGURATION where the file holds something else.
 */
export async function keepCredentials(directory: string): Promise<KeptCredentials> {
  const path = credentialsFile(directory)
  const kept = await readCredentials(directory)
  if (kept === null) {
    const credentials = newCredentials()
    await replaceFile(path, `${JSON.stringify(credentials, null, 2)}\n`, ownerOnly)
    return { credentials, repaired: false }
  }
  return { credentials: kept, repaired: await keepForOwner(path) }
}

/** The credentials of a directory, null where none have been made. Throws CONFIGURATION. */
export async function readCredentials(directory: string): Promise<Credentials | null> {
  const path = credentialsFile(directory)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
  return parse(text, path)
}

function parse(text: string, path: string): Credentials {
  // Neither the content nor the parser's message may appear: they would show a secret.
  const unusable = new KvsError('CONFIGURATION', `${path} does not hold credentials`, {
    cause: 'it was edited or damaged',
    cure: `delete ${path}: the next start makes new credentials`,
  })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw unusable
  }
  if (typeof value !== 'object' || value === null) throw unusable
  const { accessKeyId, secretAccessKey, sessionToken } = value as Record<string, unknown>
  if (!isWord(accessKeyId) || !isWord(secretAccessKey)) throw unusable
  if (sessionToken === undefined) return { accessKeyId, secretAccessKey }
  if (!isWord(sessionToken)) throw unusable
  return { accessKeyId, secretAccessKey, sessionToken }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

/** Of the form of AWS's keys, so that whatever checks the form lets them pass. */
function newCredentials(): Credentials {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const random = Array.from({ length: 11 }, () => alphabet[randomInt(alphabet.length)]).join('')
  return { accessKeyId: `AKIALOCAL${random}`, secretAccessKey: randomBytes(30).toString('base64') }
}
