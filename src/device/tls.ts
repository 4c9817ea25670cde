/** What TLS connections share: trust anchors, client certificates, and the sessions that the host remembers with them. */

import { KvsError } from '../core/errors.ts'
import { clientCertificateError } from '../core/host/clientCertificateError.ts'
import { damagedTrust } from '../core/host/trust.ts'
import type { ClientCertificate } from '../core/platform.ts'
import type { ErrorName, TlsSettings } from './native.ts'

export class Tls {
  readonly #anchors: readonly Uint8Array[] | null
  readonly #known = new WeakMap<ClientCertificate, TlsSettings>()
  #anonymous: TlsSettings | undefined

  /** @param anchors PEM texts, undefined for the ones compiled in. Throws CONFIGURATION where none of them can be used. */
  constructor(anchors: readonly Uint8Array[] | undefined) {
    this.#anchors = anchors ?? null
    // At once, so that wrong ones are told before anything else is done; the built-in ones when there is a connection.
    if (anchors !== undefined) this.settings(undefined)
  }

  /** Throws CONFIGURATION where the client's certificate or key cannot be used. */
  settings(client: ClientCertificate | undefined): TlsSettings {
    if (client === undefined) {
      this.#anonymous ??= made(native.makeTls(this.#anchors, null, null))
      return this.#anonymous
    }
    const known = this.#known.get(client) ?? made(native.makeTls(this.#anchors, client.chain, client.key))
    this.#known.set(client, known)
    return known
  }
}

function made(settings: TlsSettings | ErrorName): TlsSettings {
  if (typeof settings !== 'string') return settings
  switch (settings) {
    case 'NO_CERTIFICATE':
      throw damagedTrust()
    case 'BAD_CERTIFICATE':
    case 'BAD_KEY':
      throw clientCertificateError(settings)
    default:
      throw new KvsError('OUT_OF_MEMORY', `no memory for TLS (${settings})`)
  }
}
