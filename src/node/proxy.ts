/** HTTPS_PROXY and NO_PROXY, as curl reads them: a CONNECT tunnel before TLS. */

import * as net from 'node:net'
import { KvsError } from '../core/errors.ts'
import { networkError } from './networkError.ts'

/** Looks up an environment variable; undefined where it is not set. */
export type ProxyEnvironment = (name: string) => string | undefined

export interface Proxy {
  readonly host: string
  readonly port: number
  /** Value of Proxy-Authorization, where the URL names a user. */
  readonly authorization: string | undefined
}

/** An answer to CONNECT is short; anything longer is no proxy. */
const maxAnswerBytes = 16 * 1024

/** The proxy for a TLS connection to a host, or null. Throws CONFIGURATION where HTTPS_PROXY is no http:// URL. */
export function proxyFor(host: string, port: number, env: ProxyEnvironment | undefined): Proxy | null {
  const value = env?.('HTTPS_PROXY') ?? env?.('https_proxy')
  if (env === undefined || value === undefined || value === '') return null
  if (exempt(host, port, env('NO_PROXY') ?? env('no_proxy') ?? '')) return null
  const text = value.includes('://') ? value : `http://${value}`
  if (!URL.canParse(text) || new URL(text).protocol !== 'http:') {
    throw new KvsError('CONFIGURATION', 'HTTPS_PROXY is not the URL of a proxy', { cure: 'use http://host:port' })
  }
  const url = new URL(text)
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    authorization: url.username === '' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`,
  }
}

/** NO_PROXY: `*`, names with all their subdomains, each with a port where given. Loopback never goes through a proxy. */
function exempt(host: string, port: number, noProxy: string): boolean {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return true
  for (const entry of noProxy.split(',')) {
    const [name = '', onlyPort] = entry.trim().toLowerCase().split(':')
    if (name === '*') return true
    if (name === '' || (onlyPort !== undefined && Number(onlyPort) !== port)) continue
    const domain = name.startsWith('.') ? name.slice(1) : name
    if (host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`)) return true
  }
  return false
}

/** Connects to the proxy and asks for a tunnel; `onReady` is called once, with null when it stands. */
export function openTunnel(
  proxy: Proxy,
  host: string,
  port: number,
  onReady: (error: KvsError | null) => void,
): net.Socket {
  const target = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  const where = { host: proxy.host, port: proxy.port, tls: false, timeoutMs: 0 }
  const socket = net.connect({ host: proxy.host, port: proxy.port })
  let answer = Buffer.alloc(0)
  const finish = (error: KvsError | null) => {
    socket.removeAllListeners('data')
    socket.removeAllListeners('error')
    socket.removeAllListeners('close')
    if (error !== null) socket.on('error', () => undefined).destroy()
    onReady(error)
  }
  socket.setNoDelay(true)
  socket.once('connect', () => {
    const login = proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`)
  })
  socket.on('error', (error) => finish(networkError(error, where)))
  socket.on('close', () => finish(new KvsError('CONNECT_FAILED', `the proxy ${proxy.host} closed the connection`)))
  socket.on('data', (bytes) => {
    answer = Buffer.concat([answer, bytes])
    if (answer.indexOf('\r\n\r\n') < 0 && answer.length <= maxAnswerBytes) return
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer.toString('latin1'))?.[1]
    if (status?.startsWith('2')) return finish(null)
    finish(
      new KvsError(
        'CONNECT_FAILED',
        `the proxy ${proxy.host}:${proxy.port} refused a tunnel to ${target} (${status ?? 'no HTTP'})`,
        {
          cause: status === '407' ? 'the proxy wants a user and a password' : 'the proxy does not allow this host',
          cure: 'check HTTPS_PROXY, or name the host in NO_PROXY',
        },
      ),
    )
  })
  return socket
}
