import type { KvsError } from '../core/errors.ts'
import { type Peer, networkError as portableError, type TlsFault } from '../core/host/networkError.ts'

/** Node's and OpenSSL's names of what every TLS library can tell. */
const faults: Readonly<Record<string, TlsFault>> = {
  CERT_NOT_YET_VALID: 'CERT_NOT_YET_VALID',
  CERT_HAS_EXPIRED: 'CERT_EXPIRED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'CERT_OTHER_HOST',
  ERR_SSL_WRONG_VERSION_NUMBER: 'NOT_TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'NOT_TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'TLS_VERSION',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'TLS_VERSION',
}

/** An error of node:net, node:tls or node:dns in the product's own terms. */
export function networkError(error: NodeJS.ErrnoException, peer: Peer): KvsError {
  const { code = '', message } = error
  const alert = /SSL alert number (\d+)/.exec(message)?.[1]
  const fault = faults[code]
  if (fault !== undefined) return portableError(fault, '', peer)
  if (alert !== undefined) return portableError('TLS_ALERT', `${alertName(code)}, alert ${alert}`, peer)
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO') {
    return portableError('TLS', `${tlsReason(error)}, ${code}`, peer)
  }
  return isVerification(code, message) ? portableError('CERT_UNTRUSTED', '', peer) : portableError(code, message, peer)
}

/** As in RFC 8446, section 6: OpenSSL's are the same words in capitals behind the version that brought them, which
 *  for the oldest is `SSLV3` before OpenSSL 3.2 (Node.js 20) and `SSL/TLS` since. */
function alertName(code: string): string {
  return code.replace(/^ERR_SSL_(SSLV3|SSL\/TLS|TLSV1|TLSV13)_(ALERT_)?/, '').toLowerCase()
}

/** OpenSSL's verification results have no common prefix; Node.js names them as OpenSSL does. */
function isVerification(code: string, message: string): boolean {
  return /CERT|ISSUER|CRL|CA\b/.test(code) || /certificate/.test(message)
}

/** OpenSSL's reason, where there is one: its message is a line of addresses, files and line numbers. */
function tlsReason(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}
