import { signingAlgorithm } from '../../core/aws/sigv4.ts'
import { ServiceError } from '../errors.ts'

/** The Authorization header of a signed request, taken apart. */
export interface Authorization {
  readonly accessKeyId: string
  /** YYYYMMDD */
  readonly date: string
  readonly region: string
  readonly service: string
  /** Lower-case names, in the order given. */
  readonly signedHeaders: readonly string[]
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string
}

/**
 * Reads an Authorization header of Signature Version 4. Parts may be parted by commas with or without spaces, as the
 * producers in use write them. Throws IncompleteSignatureException.
 */
export function parseAuthorization(header: string): Authorization {
  const space = header.indexOf(' ')
  if (space < 0 || header.slice(0, space) !== signingAlgorithm) {
    throw incomplete(`Authorization header must start with '${signingAlgorithm} '.`)
  }
  const parts = new Map<string, string>()
  for (const part of header.slice(space + 1).split(',')) {
    const equals = part.indexOf('=')
    if (equals > 0) parts.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim())
  }
  const credential = required(parts, 'Credential')
  const signedHeaders = required(parts, 'SignedHeaders').split(';')
  const signature = required(parts, 'Signature')
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split('/')
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || more.length > 0) {
    throw incomplete('Credential must have the form <access key id>/<YYYYMMDD>/<region>/kinesisvideo/aws4_request.')
  }
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete('Signature must be 64 lower-case hexadecimal digits.')
  return { accessKeyId, date, region, service, signedHeaders, signature }
}

function required(parts: ReadonlyMap<string, string>, name: string): string {
  const value = parts.get(name)
  if (!value) throw incomplete(`Authorization header requires '${name}' parameter.`)
  return value
}

/** 400: what is there of the signature cannot be checked. */
export function incomplete(message: string): ServiceError {
  return new ServiceError('IncompleteSignatureException', 400, message)
}
