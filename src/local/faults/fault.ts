/** What a fault plan holds: each fault says what goes wrong, and when. docs/local.md lists them for people. */

/** What a fault can be about: an operation of the API, or a request for credentials. */
export const operations = [
  'createStream',
  'describeStream',
  'listStreams',
  'deleteStream',
  'updateStream',
  'updateDataRetention',
  'tagStream',
  'untagStream',
  'listTagsForStream',
  'getDataEndpoint',
  'putMedia',
  'getMedia',
  'listFragments',
  'getMediaForFragmentList',
  'iotCredentials',
  'imdsToken',
  'imdsRole',
  'imdsCredentials',
  'containerCredentials',
] as const
/** An operation that a fault can strike, by the service's name. */
export type OperationName = (typeof operations)[number]

/** Which calls a fault strikes. PutMedia counts a session as one call. */
export interface Calls {
  /** Default: every operation for `refuse` and `delay`, `putMedia` for everything else. */
  readonly operation?: OperationName
  /** Default: any stream. */
  readonly stream?: string
  /** The first call that it strikes, counted from 1 from the start of the plan on, of those that match; default 1. */
  readonly nth?: number
  /** How many calls in a row it strikes from then on; default 1. */
  readonly times?: number | 'always'
  /** Calls earlier than this after the start of the plan are neither struck nor counted; default 0. */
  readonly afterMs?: number
}

/** Where in a PutMedia request something happens. One of the three is given; default: as soon as the request is there. */
export interface Place {
  /**
   * - `answer`: before anything is answered
   * - `inAnswer`: amid the answer (operations other than PutMedia)
   * - `header`: in the Tracks element
   * - `border`: between `fragment` and the next one
   * - `block`: in the middle of the second block of `fragment`
   * - `end`: in the tag that ends a fragment, the first one at or after `fragment`
   * - `body`: behind the last byte of the body
   */
  readonly at?: 'answer' | 'inAnswer' | 'header' | 'border' | 'block' | 'end' | 'body'
  /** Counted from 1 in the session; default 1. */
  readonly fragment?: number
  /** So many bytes of the body are taken. */
  readonly bytes?: number
  /** So long after the session has begun. */
  readonly sessionMs?: number
}

/** At one moment, to everything that is open then, instead of by calls. */
export interface Moment {
  /** Milliseconds after the start of the plan. */
  readonly atMs?: number
}

/** Answers an error. */
export interface RefuseFault extends Calls {
  readonly fault: 'refuse'
  /** HTTP status, 400 to 599. */
  readonly status: number
  /** Name of the exception; default: none, as of something between client and service. */
  readonly error?: string
  readonly message?: string
}

/** Makes the client wait. */
export interface DelayFault extends Calls {
  readonly fault: 'delay'
  readonly ms: number
  /** Before anything is answered, the default; of PutMedia also between `100 Continue` and 200, or before every ack. */
  readonly before?: 'answer' | 'ok' | 'acks'
}

/** Ends the connection. */
export interface CutFault extends Calls, Place, Moment {
  readonly fault: 'cut'
  /** As TLS has it (`close`, the default), as TCP has it without a word of TLS (`fin`), or by a reset. */
  readonly how?: 'close' | 'fin' | 'reset'
}

/** Reads nothing more and says nothing more; the connection stays. */
export interface StallFault extends Calls, Place, Moment {
  readonly fault: 'stall'
}

/** Takes what comes, forgets it, and says nothing more; the connection stays. */
export interface HalfOpenFault extends Calls, Place, Moment {
  readonly fault: 'halfOpen'
}

/** Reads the body of PutMedia slowly. */
export interface ThrottleFault extends Calls {
  readonly fault: 'throttle'
  readonly bytesPerSecond: number
}

/** Ends a PutMedia session with an ERROR ack. */
export interface ErrorAckFault extends Calls {
  readonly fault: 'errorAck'
  /** Any id, also one that the service does not have. */
  readonly id: number
  /** Counted from 1 in the session; default 1. */
  readonly fragment?: number
  /** After BUFFERING (`begin`, the default), instead of RECEIVED (`end`), or instead of PERSISTED (`store`). */
  readonly when?: 'begin' | 'end' | 'store'
  /** False: the ack does not say which fragment it is about. */
  readonly timecode?: boolean
}

/** Keeps acks back. */
export interface NoAcksFault extends Calls {
  readonly fault: 'noAcks'
  /** Default: all of them. */
  readonly types?: readonly AckType[]
}

/** Ends PutMedia with 4003 MAX_CONNECTION_DURATION_REACHED. */
export interface EndSessionFault extends Calls, Moment {
  readonly fault: 'endSession'
  /** So long after the session has begun; default 0. */
  readonly sessionMs?: number
}

/**
 * From a moment on, what was given before counts as expired: requests get ExpiredTokenException, open sessions 4003.
 * The endpoint's own keys work again under the next plan, temporary ones never.
 */
export interface ExpireCredentialsFault extends Moment {
  readonly fault: 'expireCredentials'
  /** Default: all keys, those without an end as well. */
  readonly accessKeyId?: string
}

/** The streams move: GetDataEndpoint answers another name of this machine, PutMedia on the old one InvalidEndpointException. */
export interface ChangeEndpointFault extends Moment {
  readonly fault: 'changeEndpoint'
}

export const ackTypes = ['BUFFERING', 'RECEIVED', 'PERSISTED', 'IDLE', 'ERROR'] as const
/** The acks that a fault can keep back. */
export type AckType = (typeof ackTypes)[number]

/** A fault that strikes calls. */
export type CallFault =
  | RefuseFault
  | DelayFault
  | CutFault
  | StallFault
  | HalfOpenFault
  | ThrottleFault
  | ErrorAckFault
  | NoAcksFault
  | EndSessionFault

/** A fault that strikes at a moment, whatever goes on. */
export type TimedFault =
  | ExpireCredentialsFault
  | ChangeEndpointFault
  | (BreakFault & { readonly atMs: number })
  | (EndSessionFault & { readonly atMs: number })

/** A fault after which nothing more comes from the endpoint. */
export type BreakFault = CutFault | StallFault | HalfOpenFault

/** One thing that goes wrong. */
export type Fault = CallFault | ExpireCredentialsFault | ChangeEndpointFault
