import { KvsError } from '../../errors.ts'
import type { Origin } from '../../http/origin.ts'
import { parseEndpoint } from '../endpoints.ts'

/** What a URL of credentials names: the server, and the path with its query as it is. */
export interface CredentialAddress {
  readonly origin: Origin
  readonly path: string
}

/**
 * Reads an http:// or https:// URL. Other than with the service's endpoints, plain http:// may lead to any host: that is for
 * the caller to decide. Throws CONFIGURATION.
 */
export function parseCredentialAddress(url: string): CredentialAddress {
  const from = url.indexOf('://') + 3
  // The rest stays unsaid: it may hold a password.
  if (from < 3)
    throw new KvsError('CONFIGURATION', 'the address of credentials does not begin with https:// or http://')
  const scheme = url.slice(0, from).toLowerCase()
  const { authority, path } = split(url, from)
  if (scheme !== 'http://') return { origin: parseEndpoint(`${scheme}${authority}`), path }
  const { host, port } = parseEndpoint(`https://${authority}`)
  return { origin: { host, port: authority.endsWith(`:${port}`) ? port : 80, tls: false }, path }
}

function split(url: string, from: number): { readonly authority: string; readonly path: string } {
  const ends = ['/', '?'].map((mark) => url.indexOf(mark, from)).filter((at) => at >= 0)
  const end = Math.min(url.length, ...ends)
  const path = url.slice(end)
  return { authority: url.slice(from, end), path: path.startsWith('/') ? path : `/${path}` }
}
