/** What a producer tells of itself. */

import type { PreparedStream } from './aws/prepare.ts'
import { type PressureReport, pressureText } from './buffer/pressureText.ts'
import type { KvsError } from './errors.ts'
import type { Ack } from './frame/ack.ts'
import type { WallMs } from './frame/time.ts'
import type { Log } from './platform.ts'
import type { LineState } from './send/states.ts'
import type { LossReason } from './stats.ts'
import type { Summary } from './summary.ts'

/** What happens, as it happens. */
export type ProducerEvent =
  | { readonly type: 'state'; readonly state: LineState }
  /** The stream exists and is ACTIVE. */
  | { readonly type: 'stream'; readonly stream: PreparedStream }
  | { readonly type: 'ack'; readonly ack: Ack }
  /** Something failed and is tried again after `delayMs`. */
  | { readonly type: 'retry'; readonly error: KvsError; readonly delayMs: number }
  | {
      readonly type: 'lost'
      readonly reason: LossReason
      readonly timecodeMs: WallMs
      readonly frames: number
      readonly error: KvsError
    }
  /** The network does not keep up with the source, or does so again. */
  | { readonly type: 'pressure'; readonly report: PressureReport }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'end'; readonly summary: Summary }

/** The same as a log line. */
export function logEvent(log: Log, event: ProducerEvent): void {
  switch (event.type) {
    case 'state':
      log.debug({ state: event.state }, `kvs: ${event.state}`)
      break
    case 'ack':
      log.debug(event.ack, `kvs: ack ${event.ack.type}`)
      break
    case 'stream':
      log.info({ arn: event.stream.arn, created: event.stream.created }, 'kvs: the stream is ready')
      break
    case 'retry':
      log.warn({ code: event.error.code, delayMs: event.delayMs }, `kvs: ${event.error.message}`)
      break
    case 'lost':
      log.warn({ reason: event.reason, frames: event.frames }, `kvs: lost: ${event.error.message}`)
      break
    case 'pressure':
      log.warn(event.report, `kvs: ${pressureText(event.report)}`)
      break
    case 'warning':
      log.warn({}, `kvs: ${event.message}`)
      break
    case 'end':
      if (event.summary.error === null) log.info({}, 'kvs: ended, everything is stored')
      else log.error({ code: event.summary.error.code }, `kvs: ended: ${event.summary.error.message}`)
  }
}
