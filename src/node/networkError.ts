import { KvsError } from '../core/errors.ts'
import type { ConnectOptions } from '../core/platform.ts'

/** An error of node:net, node:tls or node:dns in the product's own terms. */
export function networkError(error: NodeJS.ErrnoException, options: ConnectOptions): KvsError {
  const peer = `${options.host}:${options.port}`
  const code = error.code ?? ''
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new KvsError('NAME_NOT_FOUND', `the name ${options.host} was not found (${code})`)
    case 'ECONNREFUSED':
      return new KvsError('CONNECT_FAILED', `${peer} refused the connection`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return new KvsError('CONNECT_FAILED', `${peer} cannot be reached (${code})`, { cause: 'there is no way to it' })
    case 'ETIMEDOUT':
      return new KvsError('TIMED_OUT', `${peer} did not answer`)
    case 'ECONNRESET':
    case 'EPIPE':
      return new KvsError('CONNECTION_LOST', `${peer} broke the connection (${code})`)
    case 'CERT_NOT_YET_VALID':
      return new KvsError('CERTIFICATE_TIME', `the certificate of ${peer} is not yet valid`)
    case 'CERT_HAS_EXPIRED':
      return new KvsError('TLS_FAILED', `the certificate of ${peer} has expired`, {
        cause: 'the server does not renew it, or the clock of this machine is ahead',
        cure: 'renew the certificate, or set the clock',
      })
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return new KvsError('TLS_FAILED', `the certificate of ${peer} is for another host`)
    default:
      return isTls(code, error)
        ? new KvsError('TLS_FAILED', `no secure connection to ${peer}: ${tlsReason(error)} (${code})`, {
            ...(code === 'ERR_SSL_WRONG_VERSION_NUMBER' && { cause: 'what listens there does not speak TLS' }),
          })
        : new KvsError('CONNECTION_LOST', `the connection to ${peer} failed: ${error.message}`)
  }
}

/** OpenSSL's reason, where there is one: its message is a line of addresses, files and line numbers. */
function tlsReason(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}

/** OpenSSL's verification results have no common prefix; Node.js names them as OpenSSL does. */
function isTls(code: string, error: Error): boolean {
  return (
    code.startsWith('ERR_SSL') ||
    code.startsWith('ERR_TLS') ||
    code === 'EPROTO' ||
    /CERT|ISSUER|CRL|CA\b/.test(code) ||
    /certificate/.test(error.message)
  )
}
