import { KvsError } from '../errors.ts'

/** The error for a client certificate or key that the host's TLS library does not take; `reason` is the library's. */
export function clientCertificateError(reason: string): KvsError {
  return new KvsError('CONFIGURATION', `the client certificate and its key cannot be used (${reason})`, {
    cause: 'one of them is no PEM text or damaged, or they do not belong together',
    cure: 'check the files of certificate and key',
  })
}
