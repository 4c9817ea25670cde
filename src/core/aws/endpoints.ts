/** Where the service is, and what a user may name instead. */

import { KvsError } from '../errors.ts'
import { isHostName, isIpv6, isLoopback, portNumber } from '../http/address.ts'
import type { Origin } from '../http/origin.ts'
import { decimal } from '../http/token.ts'

interface Partition {
  /** What its regions' names begin with. */
  readonly prefix: string
  readonly suffix: string
  readonly dualStackSuffix: string
  /** True where the service has no other name than the FIPS one. */
  readonly fipsOnly: boolean
}

// Suffixes of the endpoint rule set that AWS publishes with its SDKs; the last one is the ordinary partition.
const aws: Partition = { prefix: '', suffix: 'amazonaws.com', dualStackSuffix: 'api.aws', fipsOnly: false }
const partitions: readonly Partition[] = [
  { ...aws, prefix: 'cn-', suffix: 'amazonaws.com.cn', dualStackSuffix: 'api.amazonwebservices.com.cn' },
  { ...aws, prefix: 'us-gov-', fipsOnly: true },
  { prefix: 'us-isob-', suffix: 'sc2s.sgov.gov', dualStackSuffix: 'api.aws.scloud', fipsOnly: true },
  { prefix: 'us-iso-', suffix: 'c2s.ic.gov', dualStackSuffix: 'api.aws.ic.gov', fipsOnly: true },
  { ...aws, prefix: 'eusc-', suffix: 'amazonaws.eu', dualStackSuffix: 'api.amazonwebservices.eu' },
]

export interface ControlPlaneEndpointOptions {
  /** For example `eu-west-1`. */
  readonly region: string
  /** IPv6 as well as IPv4. */
  readonly dualStack?: boolean
  /** The endpoint with FIPS 140 validated cryptography. */
  readonly fips?: boolean
}

/** The control plane's URL in a region, for `parseEndpoint`. Throws CONFIGURATION where the region is no name of a region. */
export function controlPlaneEndpoint(options: ControlPlaneEndpointOptions): string {
  const region = checkRegion(options.region)
  const partition = partitions.find(({ prefix }) => region.startsWith(prefix)) ?? aws
  const name = options.fips || partition.fipsOnly ? 'kinesisvideo-fips' : 'kinesisvideo'
  const suffix = options.dualStack ? partition.dualStackSuffix : partition.suffix
  return `https://${name}.${region}.${suffix}`
}

/**
 * The region as given, if it is shaped like one: words of small letters and a number, joined by "-". Whether it exists
 * is found out by asking for its endpoint.
 */
export function checkRegion(region: string): string {
  const words = region.split('-')
  const number = words.pop() ?? ''
  const [first = '', ...more] = words
  const shaped = first.length >= 2 && more.length > 0 && words.every(isSmallLetters) && decimal(number) >= 0
  if (!shaped || region.length > 63) {
    throw new KvsError('CONFIGURATION', `${quote(region)} is no name of a region`, {
      cause: 'a spelling mistake, or the name of an availability zone',
      cure: 'name a region with --region or AWS_REGION, for example eu-west-1',
    })
  }
  return region
}

/**
 * An endpoint as users and GetDataEndpoint name it: `https://host`, `host:port`, `http://localhost:8080/path`. Without
 * a scheme it is https; http is for this machine only. Throws CONFIGURATION.
 */
export function parseEndpoint(url: string): Origin {
  const separator = url.indexOf('://')
  const scheme = separator < 0 ? 'https' : url.slice(0, separator).toLowerCase()
  const rest = separator < 0 ? url : url.slice(separator + 3)
  if (scheme !== 'https' && scheme !== 'http') throw wrong(url, `its scheme is ${quote(scheme)}, not https`)
  const slash = rest.indexOf('/')
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : checkPath(url, rest.slice(slash))
  // The rest of the URL stays unsaid: it holds a password.
  if (authority.includes('@')) throw wrong('the endpoint', 'it holds a user name or password, which AWS does not take')
  const tls = scheme === 'https'
  const { host, port } = splitAuthority(url, authority, tls)
  if (!tls && !isLoopback(host)) {
    throw wrong(url, 'http:// without encryption is for this machine only', 'use https://')
  }
  return { host, port, tls, ...(path === '' ? {} : { path }) }
}

function checkPath(url: string, path: string): string {
  let to = path.length
  while (to > 0 && path[to - 1] === '/') to--
  for (let i = 0; i < to; i++) {
    const code = path.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f) throw wrong(url, 'its path holds spaces or characters other than ASCII')
    if (path[i] === '?' || path[i] === '#') throw wrong(url, 'it holds a query or a fragment')
  }
  return path.slice(0, to)
}

function splitAuthority(
  url: string,
  authority: string,
  tls: boolean,
): { readonly host: string; readonly port: number } {
  const usual = tls ? 443 : 80
  if (authority.startsWith('[')) {
    const close = authority.indexOf(']')
    const host = authority.slice(1, close).toLowerCase()
    if (close < 0 || !isIpv6(host)) throw wrong(url, 'there is no IPv6 address between its brackets')
    const after = authority.slice(close + 1)
    if (after !== '' && !after.startsWith(':')) throw wrong(url, 'something other than a port follows the address')
    return { host, port: after === '' ? usual : checkPort(url, after.slice(1)) }
  }
  const colon = authority.indexOf(':')
  if (colon >= 0 && authority.includes(':', colon + 1)) {
    throw wrong(url, 'its host has more than one colon', 'put an IPv6 address in brackets, as in https://[::1]:8443')
  }
  const host = (colon < 0 ? authority : authority.slice(0, colon)).toLowerCase()
  if (!isHostName(host)) throw wrong(url, host === '' ? 'it names no host' : `${quote(host)} is no host name`)
  return { host, port: colon < 0 ? usual : checkPort(url, authority.slice(colon + 1)) }
}

function checkPort(url: string, text: string): number {
  const port = portNumber(text)
  if (port === 0) throw wrong(url, `its port is ${quote(text)}, not 1 to 65535`)
  return port
}

function isSmallLetters(text: string): boolean {
  for (const char of text) if (char < 'a' || char > 'z') return false
  return text !== ''
}

function wrong(url: string, why: string, cure = 'name it like https://host, https://host:port or host:port'): KvsError {
  const name = url === 'the endpoint' ? url : `the endpoint ${quote(url)}`
  return new KvsError('CONFIGURATION', `${name} cannot be used: ${why}`, { cure })
}

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}

/**
 * The control plane for a region, or the one that `endpoint` names.
 *
 * @throws KvsError CONFIGURATION where the region or the URL cannot be right, or both an endpoint and a variant of the
 *         region's are asked for
 */
export function controlPlaneOrigin(
  options: ControlPlaneEndpointOptions & { readonly endpoint?: string | undefined },
): Origin {
  checkRegion(options.region)
  const { endpoint, dualStack, fips } = options
  if (endpoint === undefined) return parseEndpoint(controlPlaneEndpoint(options))
  if (!dualStack && !fips) return parseEndpoint(endpoint)
  throw new KvsError('CONFIGURATION', 'an endpoint is given, and a dual-stack or FIPS endpoint is asked for as well', {
    cure: 'leave out one of them; the environment may ask for it, too',
  })
}
