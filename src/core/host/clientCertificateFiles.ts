import { asKvsError, KvsError } from '../errors.ts'
import type { ClientCertificate, Files } from '../platform.ts'
import { readWhole } from './readWhole.ts'

/**
 * Reads a client certificate and its key, PEM files both, at once and whenever the function is called: they may be replaced
 * while the program runs. As long as the files stay the same, so does the object. Throws CONFIGURATION where one of them cannot
 * be read, worth retrying if it could be before.
 */
export function clientCertificateFiles(
  files: Files,
  certificatePath: string,
  keyPath: string,
): () => ClientCertificate {
  let known: ClientCertificate | undefined
  const read = (what: string, path: string) => {
    try {
      return readWhole(files, path)
    } catch (thrown) {
      throw new KvsError('CONFIGURATION', `the client ${what} cannot be read: ${asKvsError(thrown).message}`, {
        cause: 'the path is wrong, or permission is missing',
        cure: `check the path of the ${what}`,
        retry: known !== undefined,
      })
    }
  }
  const current = () => {
    const chain = read('certificate', certificatePath)
    const key = read('key', keyPath)
    if (known === undefined || !areSame(known.chain, chain) || !areSame(known.key, key)) known = { chain, key }
    return known
  }
  current()
  return current
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
