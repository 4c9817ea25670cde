/** What an acknowledgement means for the fragments in the buffer: a pure decision. */

import type { Ack, Fault, Settlement } from '../frame/ack.ts'
import type { Fragment } from '../frame/fragment.ts'

const nothing: Settlement = { kind: 'nothing' }

/**
 * Decides on one ack of the present session.
 *
 * @param retained false where the stream's retention is 0: no PERSISTED will come, RECEIVED is final.
 */
export function settle(ack: Ack, fragments: readonly Fragment[], retained: boolean): Settlement {
  if (ack.type === 'ERROR') {
    const fragment = fragmentAtFault(ack, fragments)
    const fault = faultOf(ack.errorId)
    // What it names may have been given up meanwhile: no other fragment answers for it.
    return { kind: 'failed', fault: fault === 'fragment' && fragment === undefined ? 'session' : fault, fragment }
  }
  if (ack.type !== 'RECEIVED' && ack.type !== 'PERSISTED') return nothing
  const fragment = fragments.find((candidate) => candidate.timecodeMs === ack.timecodeMs)
  // What is not wholly sent cannot have been received: such an ack must not free bytes that are still to go out.
  if (fragment?.state !== 'sent' && fragment?.state !== 'received') return nothing
  if (ack.type === 'PERSISTED' || !retained) return { kind: 'persisted', fragment }
  return { kind: 'received', fragment }
}

/** An ERROR ack of a fragment's fault without a timecode means the oldest fragment (as PIC reads it). */
function fragmentAtFault({ timecodeMs, errorId }: Ack, fragments: readonly Fragment[]): Fragment | undefined {
  if (timecodeMs === null) return faultOf(errorId) === 'fragment' ? fragments[0] : undefined
  return fragments.find((candidate) => candidate.timecodeMs === timecodeMs)
}

/** The decision per error id; the ids are those of PutMedia's ERROR ack. */
export function faultOf(errorId: number | null): Fault {
  switch (errorId) {
    case 4001: // MAX_FRAGMENT_SIZE_REACHED
    case 4002: // MAX_FRAGMENT_DURATION_REACHED
    case 4004: // FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS
    case 4006: // INVALID_MKV_DATA
    case 4009: // FRAGMENT_METADATA_LIMIT_REACHED
    case 4010: // TRACK_NUMBER_MISMATCH
    case 4011: // FRAMES_MISSING_FOR_TRACK
      return 'fragment'
    case 4008: // STREAM_NOT_ACTIVE
    case 4507: // STREAM_DELETED
      return 'stream'
    case 4005: // MORE_THAN_ALLOWED_TRACKS_FOUND
    case 4012:
    case 4500: // KMS_KEY_ACCESS_DENIED
    case 4501: // KMS_KEY_DISABLED
    case 4502: // KMS_KEY_VALIDATION_ERROR
    case 4504: // KMS_KEY_INVALID_USAGE
    case 4505: // KMS_KEY_INVALID_STATE
    case 4506: // KMS_KEY_NOT_FOUND
      return 'configuration'
    default: // 4000, 4003, 4007, 4503, 5000, 5001 and whatever comes
      return 'session'
  }
}
