import type { ByteSink } from './frame.ts'
import type { MonotonicMs, WallMs } from './time.ts'

/**
 * Where a fragment stands: being written, complete, all its bytes handed to the network in the present session, and
 * confirmed by the service as received and as persisted.
 */
export type FragmentState = 'open' | 'sealed' | 'sent' | 'received' | 'persisted'

/** One Matroska Cluster in the buffer: the unit of acknowledgement, of re-sending, of dropping and of loss accounting. */
export interface Fragment {
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
}

/** First byte behind the fragment. */
export function fragmentEnd(fragment: Fragment): number {
  return fragment.position + fragment.lengthBytes
}

/** The fragments that are not confirmed yet, as whoever sends them sees them. */
export interface FragmentQueue {
  /** Oldest first; only the last one may be open. */
  readonly fragments: readonly Fragment[]
  /** The fragment being written, if any. */
  readonly open: Fragment | undefined
  /**
   * Appends views of the bytes `[position, limit)` to `parts`, at most `maxBytes`, and returns how many bytes they are.
   * The views stay valid until the fragment they lie in is released.
   */
  read(position: number, limit: number, maxBytes: number, parts: Uint8Array[]): number
  /** Forgets a fragment and its bytes. */
  release(fragment: Fragment): void
  /** Gives up the oldest fragment's bytes before `position`; false where that frees nothing. */
  releaseHead(position: number): boolean
}

/** Where fragments are written. */
export interface FragmentSink extends ByteSink {
  readonly open: Fragment | undefined
  /** Begins a fragment; the one before must have been sealed. */
  begin(timecodeMs: WallMs): Fragment
  /** Ends the open fragment: once anything of it is sent, its bytes never change. */
  seal(): void
  /** All fragments, oldest first. */
  readonly fragments: readonly Fragment[]
  /** Writes over bytes of which nothing has been sent. */
  overwrite(position: number, bytes: Uint8Array): void
}
