import type { ByteSink } from './frame.ts'
import type { MonotonicMs, WallMs } from './time.ts'

/**
 * Where a fragment stands: being written, complete, all its bytes handed to the network in the present session, and
 * confirmed by the service as received and as persisted.
 */
export type FragmentState = 'open' | 'sealed' | 'sent' | 'received' | 'persisted'

/** What a session begins with: EBML header, Segment, Info and Tracks. Fragments of one object share their sessions. */
export interface SessionHeader {
  readonly bytes: Uint8Array
}

/** Whether what two fragments need of a session is the same. */
export function isSameHeader(one: Uint8Array, other: Uint8Array): boolean {
  return one === other || (one.length === other.length && one.every((byte, index) => byte === other[index]))
}

/** One Matroska Cluster in the buffer: the unit of acknowledgement, of re-sending, of dropping and of loss accounting. */
export interface Fragment {
  /** Its place among all fragments of the producer: rises, with gaps. */
  readonly number: number
  /** What a session that carries it must have begun with. */
  readonly header: SessionHeader
  /** Cluster timecode, epoch milliseconds; the name under which the service acknowledges it. */
  timecodeMs: WallMs
  /** Offset of its first byte among all the bytes that the buffer ever held. */
  readonly position: number
  lengthBytes: number
  state: FragmentState
  /** Frames that the caller put, without those that we added. */
  frames: number
  /** Bytes of those frames as the caller put them. */
  frameBytes: number
  /** When its last byte went out in the present session. */
  sentAtMs: MonotonicMs
  /** True once its head has been given up to make room: it can no longer be sent again. */
  headGone: boolean
  /** Sent, and its bytes given up for newer ones before it was confirmed: stored if its ack still comes, else lost. */
  givenUp: boolean
  /** It lies in the spool and not in memory. */
  readonly spooled: boolean
}

/** The fragments that are not confirmed yet, as whoever sends them sees them. */
export interface FragmentQueue {
  /** Those at hand, oldest first; only the last one may be open. */
  readonly fragments: readonly Fragment[]
  /** The fragment being written, if any. */
  readonly open: Fragment | undefined
  /** The oldest fragment whose number is above this one. */
  after(number: number): Fragment | undefined
  /**
   * Appends views of the fragment's bytes from `offset` on to `parts`, at most `maxBytes`, and returns how many bytes
   * they are: 0 where they cannot be read any more. The views stay valid until the fragment is released, those of one that
   * is spooled until the next one is read.
   */
  read(fragment: Fragment, offset: number, maxBytes: number, parts: Uint8Array[]): number
  /** Forgets a fragment and its bytes. */
  release(fragment: Fragment): void
  /** Gives up the bytes before `offset` of the oldest fragment that has any; false where that frees nothing. */
  releaseHead(offset: number): boolean
}

/** Where fragments are written. */
export interface FragmentSink extends ByteSink {
  readonly open: Fragment | undefined
  /** Begins a fragment; the one before must have been sealed. */
  begin(timecodeMs: WallMs, header: SessionHeader): Fragment
  /** Ends the open fragment: once anything of it is sent, its bytes never change. */
  seal(): void
  /** All fragments, oldest first. */
  readonly fragments: readonly Fragment[]
  /** Writes over bytes of which nothing has been sent. */
  overwrite(position: number, bytes: Uint8Array): void
}
