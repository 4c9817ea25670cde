/** Failures of connections in the product's own terms, whatever host they happen on. */

import { KvsError } from '../errors.ts'

/** Where the connection went. */
export interface Peer {
  readonly host: string
  readonly port: number
}

/**
 * What every TLS library can tell, each in names of its own. Beside these, `networkError` knows the names of errno and of
 * getaddrinfo.
 */
export type TlsFault =
  | 'CERT_NOT_YET_VALID'
  | 'CERT_EXPIRED'
  | 'CERT_OTHER_HOST'
  | 'CERT_UNTRUSTED'
  | 'NOT_TLS'
  | 'TLS_VERSION'
  | 'TLS_ALERT'
  | 'TLS'

/** The error for what a host calls `name`; `detail` is what else the host says, empty for nothing. */
export function networkError(name: string, detail: string, { host, port }: Peer): KvsError {
  const peer = `${host}:${port}`
  switch (name) {
    case 'ENOTFOUND':
    case 'EAI_NONAME':
    case 'EAI_NODATA':
      return new KvsError('NAME_NOT_FOUND', `the name ${host} was not found`)
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return new KvsError('NAME_NOT_FOUND', `the name ${host} was not found (${name})`, {
        cause: 'name lookup does not work',
        cure: 'check the network and its name server',
      })
    case 'ENOMEM':
    case 'EAI_MEMORY':
      // Others may give some back: no reason to end.
      return new KvsError('OUT_OF_MEMORY', `no memory left for a connection to ${peer}`, { retry: true })
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
      return new KvsError('CONNECT_FAILED', `no socket left for a connection to ${peer} (${name})`, {
        cause: 'too many files or sockets are open, in this program or on this machine',
        cure: 'end what leaves them open, or raise the limit (ulimit -n)',
      })
    case 'ECONNREFUSED':
      return new KvsError('CONNECT_FAILED', `${peer} refused the connection`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return new KvsError('CONNECT_FAILED', `${peer} cannot be reached (${name})`, { cause: 'there is no way to it' })
    case 'ETIMEDOUT':
      return new KvsError('TIMED_OUT', `${peer} did not answer`)
    case 'ECONNRESET':
    case 'EPIPE':
      return new KvsError('CONNECTION_LOST', `${peer} broke the connection (${name})`)
    default:
      return (
        tlsError(name, detail, peer) ??
        new KvsError('CONNECTION_LOST', `the connection to ${peer} failed: ${detail || name}`)
      )
  }
}

function tlsError(fault: string, detail: string, peer: string): KvsError | undefined {
  const more = detail === '' ? '' : ` (${detail})`
  switch (fault as TlsFault) {
    case 'CERT_NOT_YET_VALID':
      return new KvsError('CERTIFICATE_TIME', `the certificate of ${peer} is not yet valid`)
    case 'CERT_EXPIRED':
      return new KvsError('TLS_FAILED', `the certificate of ${peer} has expired`, {
        cause: 'the server does not renew it, or the clock of this machine is ahead',
        cure: 'renew the certificate, or set the clock',
      })
    case 'CERT_OTHER_HOST':
      return new KvsError('TLS_FAILED', `the certificate of ${peer} is for another host`)
    case 'CERT_UNTRUSTED':
      return new KvsError('TLS_FAILED', `no secure connection to ${peer}: nobody trusted vouches for it${more}`)
    case 'NOT_TLS':
      return new KvsError('TLS_FAILED', `no secure connection to ${peer}: what it says is no TLS`, {
        cause: 'what listens there does not speak TLS',
      })
    case 'TLS_VERSION':
      return new KvsError('TLS_FAILED', `no secure connection to ${peer}: it knows no TLS 1.2 or newer`, {
        cause: 'the server is out of date',
        cure: 'have the server offer TLS 1.2 or 1.3',
      })
    case 'TLS_ALERT':
      return new KvsError('TLS_FAILED', `no secure connection to ${peer}: it refused${more}`, {
        cause: 'the server wants something else of its clients, e.g. a certificate',
        cure: 'see the logs of the server',
      })
    case 'TLS':
      return new KvsError('TLS_FAILED', `no secure connection to ${peer}${more}`)
    default:
      return undefined
  }
}
