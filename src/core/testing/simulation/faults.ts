/** What can go wrong in a simulated run, as data: a plan can be printed, compared and played again. */

import type { Refusal } from '../fakeService.ts'

/** How a connection does not come about. */
export type DialFailure = 'refused' | 'silence' | 'name' | 'tls' | 'certificateTime'

/** Simulated milliseconds since the start; `untilMs` Infinity: for good. */
export interface Window {
  readonly fromMs: number
  readonly untilMs: number
}

/** Names of hosts begin so. */
export type HostPart = 'control' | 'data' | ''

export type Fault =
  /** No connection comes about. */
  | ({ readonly kind: 'dial'; readonly host: HostPart; readonly how: DialFailure } & Window)
  /** An operation is refused; '' is any. `final`: no other try can mend it. */
  | ({
      readonly kind: 'refuse'
      readonly operation: string
      readonly refusal: Refusal
      readonly final: boolean
    } & Window)
  /** Connection `connection` (from 0, over both hosts) breaks at a byte in one of the directions. */
  | {
      readonly kind: 'cutAtByte'
      readonly direction: 'up' | 'down'
      readonly connection: number
      readonly byte: number
    }
  /** All connections that are open end, in order or not. */
  | { readonly kind: 'close'; readonly atMs: number; readonly inOrder: boolean }
  /** Connections that are open lie still: nobody is told. What the client writes seems to be taken up to a window. */
  | ({ readonly kind: 'hold'; readonly direction: 'up' | 'down' | 'both'; readonly windowBytes: number } & Window)
  /** The data connections that begin meanwhile take so much. */
  | ({ readonly kind: 'slow'; readonly bytesPerMs: number } & Window)
  /** A fragment meets an ERROR ack that names it, none, or one that is not there. */
  | {
      readonly kind: 'errorAck'
      readonly session: number
      readonly fragment: number
      readonly at: 'begin' | 'end'
      readonly errorId: number
      readonly names: 'it' | 'none' | 'another'
      /** No other try can mend it. */
      readonly final: boolean
    }
  /** Acks of a type come late (up to `delayMs`, each by chance) or, with Infinity, never; '' is any. */
  | ({ readonly kind: 'acks'; readonly type: string; readonly delayMs: number } & Window)
  /** An ack out of the blue. */
  | { readonly kind: 'strayAck'; readonly atMs: number; readonly what: 'foreign' | 'idle' | 'repeat' | 'unsent' }
  /** The stream is deleted: sessions end with the error id, or without a word. */
  | { readonly kind: 'delete'; readonly atMs: number; readonly errorId: number | undefined }
  /** The wall clock of the machine jumps. */
  | { readonly kind: 'clock'; readonly atMs: number; readonly byMs: number }
  /** All session tokens expire at once; sessions that use them end with 4003 or go on. */
  | { readonly kind: 'expire'; readonly atMs: number; readonly endsSessions: boolean }
  /** The source of credentials fails, or takes until the end of the window. */
  | ({ readonly kind: 'provider'; readonly how: 'fails' | 'slow' } & Window)
  /** The stream moves to another data endpoint; the old one says so, or is gone. */
  | { readonly kind: 'move'; readonly atMs: number; readonly leaves: 'word' | 'nothing' }
  /** The service says nothing instead of 100 Continue. */
  | ({ readonly kind: 'noContinue' } & Window)
  /** The source has nothing, or everything only at the end of the window. */
  | ({ readonly kind: 'source'; readonly how: 'gap' | 'late'; readonly track: 0 | 1 | 2 } & Window)
  /** The source's clock jumps. */
  | { readonly kind: 'sourceClock'; readonly atMs: number; readonly byMs: number }
  /** The machine has no memory to give for a while. */
  | ({ readonly kind: 'memory' } & Window)
  /** Sessions that are open end with an ERROR ack that names no fragment. */
  | { readonly kind: 'endSessions'; readonly atMs: number; readonly errorId: number }

/** The ids with which the service says that the fragment itself is at fault (PutMedia, ERROR acks). */
export const fragmentErrorIds: readonly number[] = [4001, 4002, 4004, 4006, 4009, 4010, 4011]
/** The stream is not there. */
export const streamErrorIds: readonly number[] = [4008, 4507]
/** Nothing helps but another configuration. */
export const fatalErrorIds: readonly number[] = [4005, 4012, 4500, 4501, 4502, 4504, 4505, 4506]
/** The session or the service; 4999 is an id that nobody knows yet. */
export const sessionErrorIds: readonly number[] = [4000, 4003, 4007, 4503, 5000, 5001, 4999]

/** What is worth another try, whatever the operation. */
export const passingRefusals: readonly Refusal[] = [
  { status: 400, type: 'ClientLimitExceededException' },
  { status: 400, type: 'ConnectionLimitExceededException' },
  { status: 400, type: 'ThrottlingException' },
  { status: 400, type: 'InvalidEndpointException' },
  { status: 400, type: '' },
  { status: 403, type: 'ExpiredTokenException' },
  { status: 403, type: 'InvalidSignatureException', message: 'Signature expired: 20200101T000000Z is now earlier' },
  { status: 408, type: '' },
  { status: 429, type: 'TooManyRequestsException' },
  { status: 500, type: 'InternalFailure' },
  { status: 502, type: '' },
  { status: 503, type: 'ServiceUnavailable' },
  { status: 504, type: '' },
]

/** What no other try can mend. */
export const finalRefusals: readonly Refusal[] = [
  { status: 400, type: 'InvalidArgumentException' },
  { status: 400, type: 'AccountStreamLimitExceededException' },
  { status: 401, type: 'NotAuthorizedException' },
  { status: 403, type: 'AccessDeniedException' },
  { status: 403, type: 'UnrecognizedClientException' },
  { status: 403, type: 'InvalidSignatureException' },
]

/** The part of a run in which the fault makes itself felt, where it is bound to a time. */
export function windowOf(fault: Fault): Window | undefined {
  if ('fromMs' in fault) return fault
  return 'atMs' in fault ? { fromMs: fault.atMs, untilMs: fault.atMs } : undefined
}

/** Whether the network takes no more than what arrives at once. */
export function isPrompt(faults: readonly Fault[]): boolean {
  return faults.every(({ kind }) => kind !== 'hold' && kind !== 'slow')
}
