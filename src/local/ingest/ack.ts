/** Acknowledgements as the service writes them: one flat JSON object a line (the spelling on the wire, not in the docs). */

import { ackErrorCode } from './errors.ts'

/** BUFFERING, RECEIVED or PERSISTED of a fragment. */
export interface FragmentAck {
  readonly type: 'BUFFERING' | 'RECEIVED' | 'PERSISTED'
  /** Cluster timecode as sent, in units of the timecode scale. */
  readonly timecode: number
  readonly number: string
}

/** Why the session ends; of a fragment where one is at fault. */
export interface ErrorAck {
  readonly type: 'ERROR'
  /** One of the ids of `ackErrors`, or whatever a fault plan says. */
  readonly errorId: number
  /** Null where no fragment is at fault, or its timecode is not known. */
  readonly timecode: number | null
  readonly number: string | null
  /** For the log; not sent. */
  readonly reason: string
}

/** An acknowledgement of PutMedia. */
export type Ack = FragmentAck | ErrorAck | { readonly type: 'IDLE' }

/**
 * The line for an ack, newline included. Always below 1024 bytes, which is what the C producer SDK takes at once, and to
 * be sent in one HTTP chunk, since the embedded one knows no other way. What is not known is left out: a null or a
 * negative number is more than their parsers can read.
 */
export function ackLine(ack: Ack): string {
  if (ack.type === 'IDLE') return '{"EventType":"IDLE"}\n'
  const fragment = {
    ...(ack.timecode !== null && { FragmentTimecode: ack.timecode }),
    ...(ack.number !== null && { FragmentNumber: ack.number }),
  }
  const error = ack.type === 'ERROR' ? { ErrorId: ack.errorId, ErrorCode: ackErrorCode(ack.errorId) } : {}
  return `${JSON.stringify({ EventType: ack.type, ...fragment, ...error })}\n`
}
