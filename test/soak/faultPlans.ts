/** What goes wrong in a soak run, a plan at a time. */

import type { Fault } from '../../src/local/index.ts'

export interface NamedPlan {
  readonly name: string
  readonly faults: readonly Fault[]
}

/** Everything that is open at that moment is cut, so that the rest of a plan meets what comes next. */
const cutNow: Fault = { fault: 'cut', how: 'reset', atMs: 0 }

/** All of them pass, and none asks for the producer's end. */
export const plans: readonly NamedPlan[] = [
  { name: 'reset', faults: [cutNow] },
  { name: 'closed in order', faults: [{ fault: 'cut', how: 'close', atMs: 0 }] },
  { name: 'closed without TLS', faults: [{ fault: 'cut', how: 'fin', atMs: 0 }] },
  { name: 'cut in a frame', faults: [cutNow, { fault: 'cut', how: 'reset', at: 'block', fragment: 2, times: 2 }] },
  { name: 'cut between fragments', faults: [cutNow, { fault: 'cut', how: 'fin', at: 'border', times: 2 }] },
  { name: 'cut in the header', faults: [cutNow, { fault: 'cut', how: 'reset', at: 'header', times: 2 }] },
  { name: 'half-open', faults: [{ fault: 'halfOpen', atMs: 0 }] },
  { name: 'stalled', faults: [{ fault: 'stall', atMs: 0 }] },
  { name: '4003', faults: [{ fault: 'endSession', atMs: 0 }] },
  { name: 'keys expire', faults: [{ fault: 'expireCredentials', atMs: 0 }] },
  { name: 'endpoint moves', faults: [{ fault: 'changeEndpoint', atMs: 0 }, cutNow] },
  { name: 'slow uplink', faults: [cutNow, { fault: 'throttle', bytesPerSecond: 20_000 }] },
  { name: 'no PERSISTED', faults: [cutNow, { fault: 'noAcks', types: ['PERSISTED'] }] },
  { name: 'late acks', faults: [cutNow, { fault: 'delay', ms: 2000, before: 'acks' }] },
  { name: 'error 5001', faults: [cutNow, { fault: 'errorAck', id: 5001, fragment: 2, when: 'store' }] },
  { name: 'error 4006', faults: [cutNow, { fault: 'errorAck', id: 4006, fragment: 2, when: 'end' }] },
  {
    name: '503',
    faults: [cutNow, { fault: 'refuse', operation: 'putMedia', status: 503, error: 'ServiceUnavailable', times: 3 }],
  },
  {
    name: 'throttled',
    faults: [cutNow, { fault: 'refuse', status: 400, error: 'ThrottlingException', times: 4 }],
  },
  {
    name: 'connection limit',
    faults: [
      cutNow,
      { fault: 'refuse', operation: 'putMedia', status: 400, error: 'ConnectionLimitExceededException', times: 2 },
    ],
  },
  {
    name: 'slow answers',
    faults: [cutNow, { fault: 'delay', ms: 1500, times: 3 }],
  },
]
