import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { Credentials } from '../core/aws/credentials/credentials.ts'
import { KvsError } from '../core/errors.ts'
import type { Fault } from './faults/fault.ts'
import { parseFaults } from './faults/parse.ts'
import { isUnspecified } from './tls/authority.ts'

/** How a local endpoint is to be. Only `directory` is needed. */
export interface LocalKvsOptions {
  /** Folder of the endpoint: streams, media, credentials, certificate authority. Made where missing. */
  readonly directory: string
  /** TCP port; 0, the default, takes any that is free. */
  readonly port?: number
  /** Address to listen on; `127.0.0.1` by default, `0.0.0.0` for every interface. */
  readonly host?: string
  /** True: plain HTTP instead of TLS. On loopback addresses only. */
  readonly http?: boolean
  /** What clients must sign with; by default made at the first start and kept in the folder. */
  readonly credentials?: Credentials
  /** The region that clients must sign for; `us-west-2` by default. */
  readonly region?: string
  /** `off`: no limits on call rates, connections, sizes and durations. `on`, the default: those of the service. */
  readonly limits?: 'on' | 'off'
  /** How many PutMedia requests a stream may have at once; the newest is refused. 2 by default, 1 as the service has it. */
  readonly concurrentPutMedia?: number
  /** Host name, with `:port` where that differs, that clients are told to connect to; also named in the certificate. */
  readonly advertise?: string
  /** How long a new stream stays CREATING, milliseconds; 0 by default. */
  readonly createDelayMs?: number
  /** PutMedia is closed after this long without media, milliseconds; 30 s by default, never with limits off. */
  readonly idleCloseMs?: number
  /** PutMedia is closed with error 4003 after this long, milliseconds; 45 minutes by default, never with limits off. */
  readonly connectionMaxMs?: number
  /** How long temporary credentials are good for, milliseconds; an hour by default, at least a second. */
  readonly tokenLifeMs?: number
  /** What goes wrong, and when; nothing by default. */
  readonly faults?: readonly Fault[]
  /** How many connections may be open, 256 by default; more wait or are refused. */
  readonly maxConnections?: number
  /**
   * The endpoint's time of day, epoch milliseconds; the system's by default. Its answers are dated, signatures checked,
   * certificates issued, fragments stamped and expired by it: a test may live in any year, and set the clock.
   */
  readonly nowMs?: () => number
}

/** The same with every default filled in. */
export interface LocalKvsSettings {
  readonly directory: string
  readonly port: number
  readonly host: string
  readonly http: boolean
  readonly credentials: Credentials | undefined
  readonly region: string
  readonly limits: 'on' | 'off'
  readonly concurrentPutMedia: number
  readonly advertise: { readonly host: string; readonly port: number | undefined } | undefined
  readonly createDelayMs: number
  readonly idleCloseMs: number | undefined
  readonly connectionMaxMs: number | undefined
  readonly tokenLifeMs: number
  readonly faults: readonly Fault[]
  readonly maxConnections: number
  readonly nowMs: () => number
}

/** Checks options and fills in defaults. Throws CONFIGURATION. */
export function settingsOf(options: LocalKvsOptions): LocalKvsSettings {
  const host = options.host ?? '127.0.0.1'
  const http = options.http ?? false
  const region = options.region ?? 'us-west-2'
  const limits = options.limits ?? 'on'
  if (options.directory === '') throw unusable('directory', 'a folder is needed')
  if (host === '' || /[\s/]/.test(host)) throw unusable('host', `'${host}' is no address`)
  if (http && !isLoopback(host)) throw unusable('http', `plain HTTP is for loopback addresses only, not '${host}'`)
  if (!/^[a-z0-9-]{1,64}$/.test(region)) throw unusable('region', `'${region}' is no region, e.g. us-west-2`)
  if (limits !== 'on' && limits !== 'off') throw unusable('limits', `'${String(limits)}' is neither on nor off`)
  return {
    directory: resolve(options.directory),
    port: whole('port', options.port ?? 0, 0, 65_535),
    host,
    http,
    credentials: options.credentials,
    region,
    limits,
    concurrentPutMedia: whole('concurrentPutMedia', options.concurrentPutMedia ?? 2, 1, 1000),
    advertise: options.advertise === undefined ? undefined : parseAdvertise(options.advertise),
    createDelayMs: whole('createDelayMs', options.createDelayMs ?? 0, 0, 3_600_000),
    idleCloseMs: optional('idleCloseMs', options.idleCloseMs),
    connectionMaxMs: optional('connectionMaxMs', options.connectionMaxMs),
    tokenLifeMs: whole('tokenLifeMs', options.tokenLifeMs ?? 3_600_000, 1000, 86_400_000),
    faults: parseFaults(options.faults ?? [], 'faults'),
    maxConnections: whole('maxConnections', options.maxConnections ?? 256, 1, 100_000),
    nowMs: options.nowMs ?? Date.now,
  }
}

/** The URL under which clients reach the server: no path, and no port where it is the scheme's own. */
export function baseUrl(settings: LocalKvsSettings, listeningPort: number, machineName: string): string {
  const port = settings.advertise?.port ?? listeningPort
  const host = settings.advertise?.host ?? reachableHost(settings.host, machineName)
  const scheme = settings.http ? 'http' : 'https'
  const shown = isIP(host) === 6 ? `[${host}]` : host
  return port === (settings.http ? 80 : 443) ? `${scheme}://${shown}` : `${scheme}://${shown}:${port}`
}

/** By name on loopback: clients built on older TLS libraries find host names in certificates, but no addresses. */
function reachableHost(host: string, machineName: string): string {
  if (host === '127.0.0.1' || host === '::1') return 'localhost'
  return isUnspecified(host) ? machineName : host
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function parseAdvertise(text: string): { host: string; port: number | undefined } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([a-zA-Z0-9._-]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2] ?? (isIP(text) === 6 ? text : undefined)
  if (host === undefined) throw unusable('advertise', `'${text}' is no host name, e.g. kvs.example or kvs.example:443`)
  const port = match?.[3] === undefined ? undefined : whole('advertise', Number(match[3]), 1, 65_535)
  return { host, port }
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw unusable(name, `${value} is not a whole number from ${min} to ${max}`)
}

function optional(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : whole(name, value, 1, 86_400_000)
}

function unusable(name: string, what: string): KvsError {
  return new KvsError('CONFIGURATION', `${name}: ${what}`, { cure: `correct ${name}` })
}
