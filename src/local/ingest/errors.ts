/**
 * The errors that end a PutMedia session, by the id in the ERROR ack (PutMedia, "Acknowledgement error codes"). 4012 and
 * 4507 are known to producers only. Sent from here are 4000 to 4011, 5000 and 5001, the others by a fault plan alone:
 * there are no KMS keys to go wrong.
 */
export const ackErrors = {
  4000: 'STREAM_READ_ERROR',
  4001: 'MAX_FRAGMENT_SIZE_REACHED',
  4002: 'MAX_FRAGMENT_DURATION_REACHED',
  4003: 'MAX_CONNECTION_DURATION_REACHED',
  4004: 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS',
  4005: 'MORE_THAN_ALLOWED_TRACKS_FOUND',
  4006: 'INVALID_MKV_DATA',
  4007: 'INVALID_PRODUCER_TIMESTAMP',
  4008: 'STREAM_NOT_ACTIVE',
  4009: 'FRAGMENT_METADATA_LIMIT_REACHED',
  4010: 'TRACK_NUMBER_MISMATCH',
  4011: 'FRAMES_MISSING_FOR_TRACK',
  4012: 'MORE_THAN_ALLOWED_TRACKS_FOUND',
  4500: 'KMS_KEY_ACCESS_DENIED',
  4501: 'KMS_KEY_DISABLED',
  4502: 'KMS_KEY_VALIDATION_ERROR',
  4503: 'KMS_KEY_UNAVAILABLE',
  4504: 'KMS_KEY_INVALID_USAGE',
  4505: 'KMS_KEY_INVALID_STATE',
  4506: 'KMS_KEY_NOT_FOUND',
  4507: 'STREAM_DELETED',
  5000: 'INTERNAL_ERROR',
  5001: 'ARCHIVAL_ERROR',
} as const

export type AckErrorId = keyof typeof ackErrors

/** The name that goes with an id; ids that nobody knows have one as well, so that producers can be tried with them. */
export function ackErrorCode(id: number): string {
  return Object.hasOwn(ackErrors, id) ? ackErrors[id as AckErrorId] : 'UNKNOWN_ERROR'
}

/** What a producer sent breaks a rule of the service. */
export class AckFault extends Error {
  override readonly name = 'AckFault'
  readonly id: number
  /** True where the ack must not say which fragment it is about. */
  readonly nameless: boolean

  constructor(id: number, message: string, nameless = false) {
    super(message)
    this.id = id
    this.nameless = nameless
  }
}
