import type { MonotonicMs, WallMs } from './time.ts'

/**
 * Where a fragment stands: being written, complete, all its bytes handed to the network in the present session, and
 * confirmed by the service as received and as persisted.
 */
export type FragmentState = 'open' | 'sealed' | 'sent' | 'received' | 'persisted'

/** One Matroska Cluster in the buffer: the unit of acknowledgement, of re-sending, of dropping and of loss accounting. */
export interface Fragment {
  /** Cluster timecode, epoch milliseconds; the name under which the service acknowledges it. */
  readonly timecodeMs: WallMs
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
