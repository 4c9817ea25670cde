/** The file of credentials that the C and C++ producers read as well; another program writes it anew before they expire. */

import { asKvsError, KvsError } from '../../errors.ts'
import type { Files } from '../../platform.ts'
import { utf8Text } from '../../text.ts'
import { type CredentialProvider, type Credentials, checkCredentials } from './credentials.ts'
import { parseExpiration } from './expiration.ts'

/** The C producer's limit (MAX_CREDENTIAL_FILE_LEN): the file is shorter. */
const limitBytes = 10_000

/**
 * Credentials out of a file: `CREDENTIALS key-id secret` for those without an end, else
 * `CREDENTIALS key-id YYYY-MM-DDTHH:mm:SSZ secret session-token`, separated by white space. It is read each time. Rejects
 * with NO_CREDENTIALS where it holds none, worth retrying if it has worked before: it may be just being written.
 */
export function fileCredentials(files: Files, path: string): CredentialProvider {
  let accepted: string | undefined
  let seen: string | undefined
  const read = async () => {
    try {
      const text = readText(files, path)
      // Without the end of its line it may be a part of what is being written; what stays like that is all there is.
      const whole = accepted === undefined || text === seen || text.endsWith('\n')
      seen = text
      const credentials = parse(text)
      if (!whole) throw new Error('it is being written')
      accepted = text
      return credentials
    } catch (thrown) {
      throw new KvsError('NO_CREDENTIALS', `the file ${path} holds no credentials`, {
        cause: asKvsError(thrown).message,
        cure: 'write "CREDENTIALS key-id expiration secret session-token" to it, the expiration like 2026-01-31T09:18:06Z',
        retry: accepted !== undefined,
      })
    }
  }
  return Object.assign(read, { local: true })
}

function readText(files: Files, path: string): string {
  const into = new Uint8Array(limitBytes)
  const size = files.read(path, into)
  if (size >= limitBytes) throw new Error(`it has ${size} bytes, and ${limitBytes - 1} at most are read`)
  return utf8Text(into, 0, size)
}

/** The messages say nothing of the content: all of it may be secret. */
function parse(text: string): Credentials {
  const [mark, accessKeyId = '', ...rest] = words(text)
  if (mark !== 'CREDENTIALS') throw new Error('it does not begin with the word CREDENTIALS')
  if (rest.length !== 1 && rest.length !== 3) throw new Error(`it has ${rest.length + 2} words instead of 3 or 5`)
  const [first = '', secret, sessionToken] = rest
  const expiresMs = parseExpiration(first)
  if (secret === undefined) {
    if (expiresMs !== undefined) throw new Error('it ends after the expiration')
    return checkCredentials({ accessKeyId, secretAccessKey: first })
  }
  if (expiresMs === undefined) throw new Error('its third word is no time like 2026-01-31T09:18:06Z')
  return checkCredentials({ accessKeyId, secretAccessKey: secret, sessionToken, expiration: new Date(expiresMs) })
}

function words(text: string): string[] {
  const found: string[] = []
  let word = ''
  for (const char of `${text} `) {
    if (char > ' ') word += char
    else if (word !== '') {
      found.push(word)
      word = ''
    }
  }
  return found
}
