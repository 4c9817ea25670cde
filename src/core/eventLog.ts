/** Events as log lines. */

import type { Log } from './platform.ts'
import type { ProducerEvent } from './producer.ts'

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
    case 'warning':
      log.warn({}, `kvs: ${event.message}`)
      break
    case 'end':
      if (event.summary.error === null) log.info({}, 'kvs: ended, everything is stored')
      else log.error({ code: event.summary.error.code }, `kvs: ended: ${event.summary.error.message}`)
  }
}
