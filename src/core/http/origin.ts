/** A server to talk to. */
export interface Origin {
  /** Host name or address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** Path that goes before every request's path: begins with "/", does not end with one; absent where there is none. */
  readonly path?: string
}

/** What the Host header says: the port only where it is not the scheme's own (RFC 9110 section 7.2). */
export function hostHeader(origin: Origin): string {
  const host = origin.host.includes(':') ? `[${origin.host}]` : origin.host
  return origin.port === (origin.tls ? 443 : 80) ? host : `${host}:${origin.port}`
}
