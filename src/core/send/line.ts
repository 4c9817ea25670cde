/** What the line of sessions needs of the others, and what it tells them. */

import type { KvsError } from '../errors.ts'
import type { Ack, Settlement } from '../frame/ack.ts'
import type { Fragment, FragmentQueue } from '../frame/fragment.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { ExchangeHandlers, HttpExchange } from '../http/exchange.ts'
import type { Clock, FileWriter } from '../platform.ts'
import type { LossReason, Stats } from '../stats.ts'
import type { FragmentRate } from './fragmentRate.ts'
import type { LineState } from './states.ts'

/** A PutMedia request on its way. */
export interface Dialled {
  readonly exchange: HttpExchange
  /** When another session is to take over: before the credentials expire, and before the service ends this one. */
  readonly renewAtMs: MonotonicMs
}

/** Makes what cuts the response body into acks. */
export type MakeAckParser = (onAck: (ack: Ack) => void) => { push(bytes: Uint8Array): void }

/** What the line asks of the service; the producer wires it to AWS. */
export interface Service {
  /** Describes the stream, creates it where allowed; resolves with whether fragments are retained. */
  prepare(): Promise<{ readonly retained: boolean }>
  /** Asks for the data endpoint, anew where `fresh`. */
  locate(fresh: boolean): Promise<void>
  /** The credentials were refused as too old. */
  refreshCredentials(error: KvsError): void
  /** Asks for newer credentials where that is due. Null: another session may be opened; else when to ask again. */
  renew(): Promise<MonotonicMs | null>
  /** Opens a PutMedia request at the data endpoint with valid credentials. */
  dial(handlers: ExchangeHandlers): Promise<Dialled>
}

export interface LineOptions {
  readonly service: Service
  readonly queue: FragmentQueue
  readonly ackParser: MakeAckParser
  /** Decides what an ack means. */
  readonly settle: (ack: Ack, fragments: readonly Fragment[], retained: boolean) => Settlement
  readonly rate: FragmentRate
  readonly clock: Clock
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number
  readonly stats: Stats
  /** A header for a segment of its own. */
  readonly newSegment: (header: Uint8Array) => Uint8Array
  /** What ends a session's body. */
  readonly endMark: Uint8Array
  readonly dump: (() => FileWriter) | undefined
  /** How long failures in a row are put up with; Infinity: for ever. */
  readonly giveUpAfterMs: number
}

export interface LineHandlers {
  onState(state: LineState): void
  onAck(ack: Ack): void
  onRetry(error: KvsError, delayMs: number): void
  /** The fragment is lost and has left the buffer. */
  onLost(fragment: Fragment, reason: LossReason, error: KvsError): void
  /** There may be room in the buffer. */
  onRoom(): void
  /** Over. Null: all that was put is confirmed. */
  onEnd(error: KvsError | null): void
}
