/** Session tokens that expire: where the producer gets them, and what the service says of them and of the time. */

import type { CredentialProvider, Credentials } from '../../aws/credentials/credentials.ts'
import { KvsError } from '../../errors.ts'
import type { FakeClock } from '../fakeClock.ts'
import type { Refusal } from '../fakeService.ts'
import type { RequestHead } from '../httpServer.ts'
import type { Fault } from './faults.ts'

/** A request may be signed so much earlier or later than it arrives (Signature Version 4: 5 minutes, 15 with most services). */
const maxSkewMs = 300_000

export class Identities {
  readonly #clock: FakeClock
  readonly #startWallMs: number
  readonly #lifeMs: number | undefined
  readonly #faults: readonly Fault[]
  readonly #endsMs: number[] = []

  constructor(clock: FakeClock, lifeMs: number | undefined, faults: readonly Fault[]) {
    this.#clock = clock
    this.#startWallMs = clock.wallMs()
    this.#lifeMs = lifeMs
    this.#faults = faults
  }

  /** The right time of day, whatever the machine's clock shows. */
  serviceMs(): number {
    return Math.floor(this.#startWallMs + this.#clock.monotonicMs())
  }

  readonly provider: CredentialProvider = async () => {
    const nowMs = this.#clock.monotonicMs()
    for (const fault of this.#faults) {
      if (fault.kind !== 'provider' || nowMs < fault.fromMs || nowMs >= fault.untilMs) continue
      if (fault.how === 'fails') throw new KvsError('CONNECT_FAILED', 'the source of credentials is away')
      await new Promise<void>((resolve) => this.#clock.setTimer(fault.untilMs - nowMs, resolve))
    }
    return this.#mint()
  }

  /** All tokens that are out are worth nothing any more. */
  expireAll(): void {
    const nowMs = this.serviceMs()
    for (const [number, endMs] of this.#endsMs.entries()) this.#endsMs[number] = Math.min(endMs, nowMs)
  }

  /** How long the token of a request is good for yet. */
  lifeLeftMs(head: RequestHead): number {
    const token = head.headers.get('x-amz-security-token')
    if (token === undefined) return Number.POSITIVE_INFINITY
    return (this.#endsMs[Number(token.slice(token.indexOf('-') + 1))] ?? 0) - this.serviceMs()
  }

  /** What is wrong with a request's signature. */
  refusal(head: RequestHead): Refusal | undefined {
    const skewMs = signedMs(head.headers.get('x-amz-date') ?? '') - this.serviceMs()
    if (!(Math.abs(skewMs) <= maxSkewMs)) {
      const message = `Signature ${skewMs > 0 ? 'not yet current' : 'expired'}: it was signed ${skewMs} ms from now`
      return { status: 403, type: 'InvalidSignatureException', message }
    }
    if (this.lifeLeftMs(head) > 0) return undefined
    const message = 'The security token included in the request is expired'
    return { status: 403, type: 'ExpiredTokenException', message }
  }

  #mint(): Credentials {
    const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
    if (this.#lifeMs === undefined) return keys
    const endMs = this.serviceMs() + this.#lifeMs
    const number = this.#endsMs.push(endMs) - 1
    return { ...keys, sessionToken: `token-${number}`, expiration: { getTime: () => endMs } }
  }
}

/** "20261122T080000Z" as epoch milliseconds. */
function signedMs(date: string): number {
  const part = (from: number, to: number) => Number(date.slice(from, to))
  return Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15))
}
