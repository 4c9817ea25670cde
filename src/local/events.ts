import type { ServiceError } from './errors.ts'
import type { Fault, OperationName } from './faults/fault.ts'
import type { CredentialRoute } from './identity/credentialRoutes.ts'
import type { Ack } from './ingest/ack.ts'

/** What an endpoint tells of itself, for logs and for tests that wait for something. */
export type LocalKvsEvent =
  | { readonly type: 'stream'; readonly stream: string; readonly what: 'created' | 'updated' | 'tagged' | 'deleted' }
  /** A request was answered with an error. */
  | { readonly type: 'refused'; readonly operation: string; readonly error: ServiceError }
  /** PutMedia began; `session` counts from 1 over all streams. */
  | { readonly type: 'opened'; readonly stream: string; readonly session: number; readonly accessKeyId: string }
  /** An ack was given, as it went out on the wire. */
  | { readonly type: 'ack'; readonly stream: string; readonly session: number; readonly ack: Ack }
  | { readonly type: 'closed'; readonly stream: string; readonly session: number; readonly bodyBytes: number }
  /** Temporary credentials were given out. */
  | {
      readonly type: 'credentials'
      readonly route: CredentialRoute
      readonly accessKeyId: string
      readonly expiresMs: number
    }
  /** A fault of the plan strikes: a call, a session, or everything at once. */
  | {
      readonly type: 'fault'
      readonly fault: Fault
      readonly operation?: OperationName
      readonly stream?: string
      readonly session?: number
    }
  /** Something is not as it should be, but the endpoint goes on. */
  | { readonly type: 'warning'; readonly message: string }
