/** What the service says of fragments, and what that can mean: the words that `ack/` and `send/` share. */

import type { Fragment } from './fragment.ts'

/** The acks of the service, by its own names. */
export type AckType = 'BUFFERING' | 'RECEIVED' | 'PERSISTED' | 'ERROR' | 'IDLE'

/** One acknowledgement. */
export interface Ack {
  readonly type: AckType
  /** Cluster timecode as sent; null where the service names none. */
  readonly timecodeMs: number | null
  readonly fragmentNumber: string | null
  /** ERROR only. */
  readonly errorId: number | null
  readonly errorCode: string | null
}

/** What is at fault when the service answers with an ERROR ack. */
export type Fault =
  /** The fragment: it is dropped, since sending it again would fail again. */
  | 'fragment'
  /** The stream is gone or not active: look at it again (create it where allowed), then send again. */
  | 'stream'
  /** The stream's key or our request: nothing helps but changing the configuration. */
  | 'configuration'
  /** The session or the service: a new session, and send again. */
  | 'session'

/** What an acknowledgement means for the fragments in the buffer. */
export type Settlement =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'received'; readonly fragment: Fragment }
  /** Confirmed for good: leaves the buffer. */
  | { readonly kind: 'persisted'; readonly fragment: Fragment }
  /** The session is over. `fragment` is the one that the error names, or that is at fault, where it is still there. */
  | { readonly kind: 'failed'; readonly fault: Fault; readonly fragment: Fragment | undefined }
