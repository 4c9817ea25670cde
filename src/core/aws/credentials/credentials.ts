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

/**
 * Where credentials come from. Rejects with a KvsError, or whatever a provider of the AWS SDK rejects with; every provider
 * of the SDK is one.
 */
export interface CredentialProvider {
  (): Promise<Credentials>
  /** Asking takes no network, so it is asked for every request and a change is seen at once. */
  readonly local?: boolean
  /** Ends the requests under way; whoever waits for them is told STOPPED. It may be asked again. */
  close?(): void
}

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

/** Credentials are renewed this long before they expire, or a fifth of their life where that is shorter. */
const longestLeadMs = 5 * 60_000

/**
 * Keeps the credentials of a provider until it is time to renew them: before they expire by five minutes or by a fifth of
 * their life, whichever is less, and by up to a fifth of that more, as chance has it, so that cameras that started together do
 * not all ask together. Asks the provider once at a time, whoever waits. Where it fails or has none but the same, those that are
 * there serve until they expire, and it is asked again after a quarter of the lead.
 */
export class CredentialCache {
  readonly #provider: CredentialProvider
  readonly #nowMs: () => WallMs | undefined
  readonly #random: () => number
  readonly #onStale: (error: KvsError) => void
  /** How long before their end credentials are renewed, from when it was first asked. */
  readonly #leadsMs = new WeakMap<Credentials, number>()
  #current: Credentials | undefined
  /** No sooner is a provider asked again that had nothing newer. */
  #againMs: WallMs = 0
  #pending: Promise<Credentials> | undefined
  #everWorked = false

  /**
   * `nowMs` is the time as the service sees it, undefined as long as that is not known: the host's clock may be wrong, and
   * credentials that it takes for expired are then for the service to judge. `random` gives numbers from 0 to below 1.
   * `onStale` is told why older credentials have to serve.
   */
  constructor(
    provider: CredentialProvider,
    nowMs: () => WallMs | undefined,
    random: () => number = () => 0,
    onStale: (error: KvsError) => void = () => undefined,
  ) {
    this.#provider = provider
    this.#nowMs = nowMs
    this.#random = random
    this.#onStale = onStale
  }

  /**
   * Credentials to sign the next request with; the same object as long as they are the same. Rejects with what the provider
   * says where it is a KvsError; with CREDENTIALS_EXPIRED where it has only old ones; else with NO_CREDENTIALS, worth
   * retrying if it has worked before.
   */
  get(): Promise<Credentials> {
    const current = this.#current
    if (current !== undefined && this.#provider.local !== true && !this.#isDue(current)) return Promise.resolve(current)
    this.#pending ??= this.#refresh()
    return this.#pending
  }

  /**
   * When `get` is going to ask for others in place of these; undefined for those without an end, and as long as the time
   * is not known. What runs on these credentials then asks `get`: the same object means that there are none yet, and this
   * tells the next moment. It is never after they have expired.
   */
  renewAtMs(credentials: Credentials): WallMs | undefined {
    const nowMs = this.#nowMs()
    const expiresMs = credentials.expiration?.getTime()
    if (nowMs === undefined || expiresMs === undefined) return undefined
    // Whole, as the clock is: what waits for it must not find that it is not quite there.
    const dueMs = Math.floor(expiresMs - this.#leadMs(credentials, expiresMs - nowMs))
    return credentials === this.#current ? Math.min(Math.max(dueMs, this.#againMs), expiresMs) : dueMs
  }

  /** The service has refused the credentials: the next `get` asks the provider. */
  invalidate(): void {
    this.#current = undefined
  }

  /** Ends what the provider has under way. */
  close(): void {
    this.#provider.close?.()
  }

  async #refresh(): Promise<Credentials> {
    try {
      // Without this, a provider that throws at once would be done before `get` has stored the promise, and it would stay.
      await Promise.resolve()
      const fresh = checkCredentials(await this.#provider())
      if (this.#remainingMs(fresh) <= 0) {
        throw new KvsError('CREDENTIALS_EXPIRED', 'the credentials have expired')
      }
      this.#everWorked = true
      // Not the ones from before the question: the service may have refused them meanwhile.
      const old = this.#current
      if (old !== undefined && areSame(old, fresh)) return this.#keep(old)
      this.#againMs = 0
      this.#current = fresh
      // Their life counts from now, if the time is known.
      this.renewAtMs(fresh)
      return fresh
    } catch (thrown) {
      const error = this.#asFailure(thrown)
      const old = this.#current
      if (old === undefined || this.#remainingMs(old) <= 0) throw error
      this.#onStale(error)
      return this.#keep(old)
    } finally {
      this.#pending = undefined
    }
  }

  /** There is nothing newer. Where it is time for that, the next try is a while off: whoever fails is not to be hammered. */
  #keep(old: Credentials): Credentials {
    const nowMs = this.#nowMs()
    if (nowMs !== undefined && this.#isDue(old)) this.#againMs = Math.floor(nowMs + (this.#leadsMs.get(old) ?? 0) / 4)
    return old
  }

  #isDue(credentials: Credentials): boolean {
    const renewAtMs = this.renewAtMs(credentials)
    return renewAtMs !== undefined && (this.#nowMs() ?? 0) >= renewAtMs
  }

  #leadMs(credentials: Credentials, lifeMs: number): number {
    const known = this.#leadsMs.get(credentials)
    if (known !== undefined) return known
    const leadMs = Math.min(longestLeadMs, Math.max(lifeMs, 0) / 5) * (1 + this.#random() / 5)
    this.#leadsMs.set(credentials, leadMs)
    return leadMs
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

function areSame(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken &&
    a.expiration?.getTime() === b.expiration?.getTime()
  )
}
