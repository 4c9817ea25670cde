/** HTTPS_PROXY and NO_PROXY, as curl reads them: which proxy leads to a host. */

import { KvsError } from '../errors.ts'
import { isHostName, isIpv6, isLoopback, portNumber } from '../http/address.ts'
import { trimSpace } from '../http/token.ts'
import { base64, utf8Bytes } from '../text.ts'

/** Looks up an environment variable; undefined where it is not set. */
export type ProxyEnvironment = (name: string) => string | undefined

export interface HttpProxy {
  /** IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Value of Proxy-Authorization, where the URL names a user. */
  readonly authorization: string | undefined
}

/** The proxy for a TLS connection to a host, or null. Throws CONFIGURATION where HTTPS_PROXY is no http:// URL. */
export function proxyFor(host: string, port: number, env: ProxyEnvironment | undefined): HttpProxy | null {
  const url = env?.('HTTPS_PROXY') ?? env?.('https_proxy') ?? ''
  if (env === undefined || url === '' || isLoopback(host.toLowerCase())) return null
  if (exempt(host.toLowerCase(), port, env('NO_PROXY') ?? env('no_proxy') ?? '')) return null
  const proxy = parseProxy(url)
  // The URL stays unsaid: it may hold a password.
  if (proxy !== null) return proxy
  throw new KvsError('CONFIGURATION', 'HTTPS_PROXY is not the URL of a proxy', { cure: 'use http://host:port' })
}

/** NO_PROXY: `*`, names with all their subdomains, each with a port where given. */
function exempt(host: string, port: number, noProxy: string): boolean {
  for (const entry of noProxy.toLowerCase().split(',')) {
    const [name = '', onlyPort] = trimSpace(entry).split(':')
    if (name === '*') return true
    if (name === '' || (onlyPort !== undefined && portNumber(onlyPort) !== port)) continue
    const domain = name.startsWith('.') ? name.slice(1) : name
    if (host === domain || host.endsWith(`.${domain}`)) return true
  }
  return false
}

/** `http://user:password@host:port/`, of which only the host must be there; null where it is something else. */
function parseProxy(url: string): HttpProxy | null {
  const separator = url.indexOf('://')
  if (separator >= 0 && url.slice(0, separator).toLowerCase() !== 'http') return null
  const [authority = ''] = url.slice(separator < 0 ? 0 : separator + 3).split('/')
  const parts = authority.split('@')
  const server = parseServer((parts.pop() ?? '').toLowerCase())
  const login = decodeLogin(parts.join('@'))
  if (server === null || login === null) return null
  return { ...server, authorization: login.startsWith(':') ? undefined : `Basic ${base64(utf8Bytes(login))}` }
}

function parseServer(text: string): { readonly host: string; readonly port: number } | null {
  const colon = text.indexOf(':', text.indexOf(']') + 1)
  const name = colon < 0 ? text : text.slice(0, colon)
  const port = colon < 0 ? 80 : portNumber(text.slice(colon + 1))
  const bracketed = name.startsWith('[') && name.endsWith(']')
  const host = bracketed ? name.slice(1, -1) : name
  return port > 0 && (bracketed ? isIpv6(host) : isHostName(host)) ? { host, port } : null
}

/** "user:password", ":" where there is no user; null where what is escaped is no UTF-8. */
function decodeLogin(text: string): string | null {
  try {
    return decodeURIComponent(text.includes(':') ? text : `${text}:`)
  } catch {
    return null
  }
}
