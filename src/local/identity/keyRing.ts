import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import type { Credentials } from '../../core/aws/credentials/credentials.ts'

/** Credentials as AWS STS gives them out. */
export interface TemporaryCredentials extends Credentials {
  readonly sessionToken: string
  readonly expiration: Date
}

/**
 * The keys that the endpoint accepts: its own, and temporary ones that it has given out. These are not kept anywhere: the
 * secret follows from the id and the endpoint's own secret, and the token says how long it is good for, under a seal. So
 * they outlive a restart, as those of the service do.
 */
export class KeyRing {
  readonly #own: Credentials
  readonly #nowMs: () => number
  #ownExpired = false
  /** Temporary credentials given out before are expired. */
  #expiredBeforeMs = 0
  readonly #expiredIds = new Set<string>()

  constructor(own: Credentials, nowMs: () => number) {
    this.#own = own
    this.#nowMs = nowMs
  }

  /** New credentials that are good for so long, to the next whole second: the services tell no more. */
  mint(lifeMs: number): TemporaryCredentials {
    const accessKeyId = `ASIALOCAL${randomLetters(11)}`
    const issuedMs = this.#nowMs()
    const expiresMs = Math.ceil((issuedMs + lifeMs) / 1000) * 1000
    const content = Buffer.from(JSON.stringify({ accessKeyId, issuedMs, expiresMs })).toString('base64url')
    return {
      accessKeyId,
      secretAccessKey: this.#derive(`secret ${content}`),
      sessionToken: `${content}.${this.seal(content)}`,
      expiration: new Date(expiresMs),
    }
  }

  /** What a request must be signed with that names this key and brings this token; undefined where there is nothing such. */
  readonly lookup = (accessKeyId: string, sessionToken: string): Credentials | undefined => {
    if (accessKeyId === this.#own.accessKeyId) {
      return this.#ownExpired || this.#expiredIds.has(accessKeyId) ? { ...this.#own, expiration: past } : this.#own
    }
    const [content = '', seal = ''] = sessionToken.split('.')
    const token = same(seal, this.seal(content)) ? (JSON.parse(fromBase64(content)) as Token) : undefined
    if (token === undefined || token.accessKeyId !== accessKeyId) return undefined
    const expired = token.issuedMs < this.#expiredBeforeMs || this.#expiredIds.has(accessKeyId)
    const expiration = expired ? past : new Date(token.expiresMs)
    return { accessKeyId, secretAccessKey: this.#derive(`secret ${content}`), sessionToken, expiration }
  }

  /** Lets a key expire now; without one all keys that are there. */
  expire(accessKeyId: string | undefined): void {
    if (accessKeyId !== undefined) {
      this.#expiredIds.add(accessKeyId)
      return
    }
    this.#ownExpired = true
    // Those of this very millisecond, too.
    this.#expiredBeforeMs = this.#nowMs() + 1
  }

  /** The endpoint's own keys are good again. */
  renewOwn(): void {
    this.#ownExpired = false
    this.#expiredIds.delete(this.#own.accessKeyId)
  }

  /** A text that only this endpoint can have made of `content`. */
  seal(content: string): string {
    return this.#derive(`seal ${content}`)
  }

  #derive(text: string): string {
    return createHmac('sha256', this.#own.secretAccessKey).update(text).digest('base64url')
  }
}

const past = new Date(0)

interface Token {
  readonly accessKeyId: string
  readonly issuedMs: number
  readonly expiresMs: number
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8')
}

/** Compares in constant time. */
export function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function randomLetters(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** For the tokens of the instance metadata service. */
export function randomToken(): string {
  return randomBytes(12).toString('base64url')
}
