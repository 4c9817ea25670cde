/** Servers that give out credentials over HTTP: how they are asked, and what they answer. */

import { type ErrorDetails, KvsError } from '../../errors.ts'
import { type ClientPlatform, type ClientTimeouts, HttpClient, type HttpResponse } from '../../http/client.ts'
import type { Origin } from '../../http/origin.ts'
import type { ClientCertificate } from '../../platform.ts'
import { serviceError } from '../errors.ts'
import { type JsonObject, stringOf } from '../json.ts'
import { type Credentials, checkCredentials } from './credentials.ts'
import { parseExpiration } from './expiration.ts'

/** Connections to servers of credentials, a new one each time: they are asked once an hour. */
export class CredentialConnections {
  readonly #platform: ClientPlatform
  readonly #timeouts: ClientTimeouts
  readonly #open = new Set<HttpClient>()

  constructor(platform: ClientPlatform, timeouts: ClientTimeouts) {
    this.#platform = platform
    this.#timeouts = timeouts
  }

  async use<T>(
    origin: Origin,
    ask: (client: HttpClient) => Promise<T>,
    clientCertificate?: ClientCertificate,
  ): Promise<T> {
    const client = new HttpClient(this.#platform, origin, this.#timeouts, clientCertificate)
    this.#open.add(client)
    try {
      return await ask(client)
    } catch (thrown) {
      // Ended by one of several that may share the provider: no reason for the others to give up.
      if (thrown instanceof KvsError && thrown.code === 'STOPPED') {
        throw new KvsError('STOPPED', 'the request for credentials was ended', { retry: true })
      }
      throw thrown
    } finally {
      this.#open.delete(client)
      client.close()
    }
  }

  close(): void {
    for (const client of this.#open) client.close()
  }
}

/**
 * The error for an answer that is no success. `source` is what was asked, e.g. "AWS IoT", `denied` what to say where that
 * refuses for good; `secrets` do not appear in it.
 */
export function refusal(
  source: string,
  response: HttpResponse,
  denied: ErrorDetails,
  secrets: readonly string[] = [],
): KvsError {
  const { status } = response
  if (status < 400) return noCredentials(source)
  const { message } = serviceError(`the request for credentials of ${source}`, response, secrets)
  const busy = status === 408 || status === 429 || status >= 500
  if (busy) return new KvsError('SERVICE_BUSY', message, { httpStatus: status })
  return new KvsError('ACCESS_DENIED', message, { ...denied, httpStatus: status })
}

/**
 * Temporary credentials out of members of a JSON object. Throws HTTP_INVALID where a part is missing or cannot be right;
 * what is there stays unsaid.
 */
export function credentialsIn(
  source: string,
  object: JsonObject | undefined,
  names: readonly [keyId: string, secret: string, token: string, expiration: string],
): Credentials {
  const [accessKeyId, secretAccessKey, sessionToken, expiration] = names.map((name) => stringOf(object?.[name]))
  const expiresMs = expiration === undefined ? undefined : parseExpiration(expiration)
  const timed = expiration === undefined || expiresMs !== undefined
  if (accessKeyId === undefined || secretAccessKey === undefined || !timed) throw noCredentials(source)
  return checkCredentials({
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration: expiresMs === undefined ? undefined : new Date(expiresMs),
  })
}

function noCredentials(source: string): KvsError {
  return new KvsError('HTTP_INVALID', `the answer of ${source} holds no credentials`, {
    cause: 'what answers there is something else',
    cure: 'check the address that is asked for credentials',
  })
}
