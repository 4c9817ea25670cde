import { KvsError } from '../../errors.ts'
import type { WallMs } from '../../frame/time.ts'

/**
 * Credentials of AWS. Structurally the identity of the AWS SDK for JavaScript v3, so that its providers fit as they
 * are; `expiration` is a Date there and anything that tells its milliseconds here.
 */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When the service stops accepting them; absent for keys without an end. */
  readonly expiration?: Moment | undefined
}

/** A point in time; a Date is one. */
export interface Moment {
  /** Milliseconds since 1970-01-01 UTC. */
  getTime(): number
}

/** Where credentials come from. Rejects with a KvsError, or whatever a provider of the AWS SDK rejects with. */
export type CredentialProvider = () => Promise<Credentials>

/** What a request must still have of its credentials' life: 30 s, 5 s for the call and 3 s of grace. */
export const refreshBeforeMs = 38_000

/**
 * The credentials, if they can be sent at all: no part is missing or holds spaces, control characters or anything
 * but ASCII. Throws NO_CREDENTIALS, which names the part and never its value.
 */
export function checkCredentials(credentials: Credentials): Credentials {
  checkPart('access key id', credentials.accessKeyId, true)
  checkPart('secret access key', credentials.secretAccessKey, true)
  checkPart('session token', credentials.sessionToken ?? '', false)
  return credentials
}

function checkPart(name: string, value: unknown, required: boolean): void {
  if (typeof value !== 'string' || (required && value === '')) {
    throw new KvsError('NO_CREDENTIALS', `the credentials have no ${name}`)
  }
  for (const char of value) {
    if (char <= ' ' || char > '~') {
      throw new KvsError('NO_CREDENTIALS', `the ${name} holds a space, a line break or a character other than ASCII`, {
        cause: 'it was copied together with something else, or only in part',
        cure: `set the ${name} again, exactly as AWS shows it`,
      })
    }
  }
}

/** Always the same credentials. Throws NO_CREDENTIALS at once where they cannot be any. */
export function staticCredentials(credentials: Credentials): CredentialProvider {
  checkCredentials(credentials)
  return () => Promise.resolve(credentials)
}

/**
 * Keeps the credentials of a provider until `refreshBeforeMs` before they expire. Asks the provider once at a time,
 * whoever waits. Where it fails, what is there serves until it expires.
 */
export class CredentialCache {
  readonly #provider: CredentialProvider
  readonly #nowMs: () => WallMs | undefined
  #current: Credentials | undefined
  #pending: Promise<Credentials> | undefined
  #everWorked = false

  /**
   * `nowMs` is the time as the service sees it, undefined as long as that is not known: the host's clock may be wrong, and
   * credentials that it takes for expired are then for the service to judge.
   */
  constructor(provider: CredentialProvider, nowMs: () => WallMs | undefined) {
    this.#provider = provider
    this.#nowMs = nowMs
  }

  /**
   * Credentials to sign the next request with. Rejects with what the provider says where it is a KvsError; with
   * CREDENTIALS_EXPIRED where it has only old ones; else with NO_CREDENTIALS, worth retrying if it has worked before.
   */
  get(): Promise<Credentials> {
    if (this.#current !== undefined && this.#remainingMs(this.#current) >= refreshBeforeMs) {
      return Promise.resolve(this.#current)
    }
    this.#pending ??= this.#refresh()
    return this.#pending
  }

  /** The service has refused the credentials: the next `get` asks the provider. */
  invalidate(): void {
    this.#current = undefined
  }

  async #refresh(): Promise<Credentials> {
    try {
      // Without this, a provider that throws at once would be done before `get` has stored the promise, and it would stay.
      await Promise.resolve()
      const fresh = checkCredentials(await this.#provider())
      if (this.#remainingMs(fresh) <= 0) {
        throw new KvsError('CREDENTIALS_EXPIRED', 'the credentials have expired')
      }
      this.#current = fresh
      this.#everWorked = true
      return fresh
    } catch (thrown) {
      const old = this.#current
      if (old !== undefined && this.#remainingMs(old) > 0) return old
      throw this.#asFailure(thrown)
    } finally {
      this.#pending = undefined
    }
  }

  #remainingMs(credentials: Credentials): number {
    const expiresMs = credentials.expiration?.getTime()
    const nowMs = this.#nowMs()
    return expiresMs === undefined || nowMs === undefined ? Number.POSITIVE_INFINITY : expiresMs - nowMs
  }

  #asFailure(thrown: unknown): KvsError {
    if (thrown instanceof KvsError) return thrown
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    return new KvsError('NO_CREDENTIALS', `no credentials were to be had: ${why}`, {
      cause: 'the source of credentials has failed',
      cure: 'check the profile, or where else the credentials come from',
      retry: this.#everWorked,
    })
  }
}
