/** What the service bounds ("Kinesis Video Streams quotas"; idle: PutMedia). */
export interface Limits {
  /** A larger fragment is refused (4001). */
  readonly fragmentBytes: number
  /** From a fragment's first frame to its last; a longer one is refused (4002). */
  readonly fragmentMs: number
  /** 4005 above. */
  readonly tracks: number
  /** Tags a fragment, their names and values in UTF-8; 4009 above. */
  readonly tags: number
  readonly tagNameBytes: number
  readonly tagValueBytes: number
  /** An older session is ended (4003). */
  readonly connectionMs: number
  /** IDLE is sent this often while nothing comes, and the session ended after so long. */
  readonly idleAckMs: number
  readonly idleCloseMs: number
  /**
   * Only warned of: that the service refuses more is documented, how is not (delay, error ack or a broken connection),
   * and a producer must not be taught a reaction of our own invention.
   */
  readonly fragmentsPerSecond: number
  readonly bytesPerSecond: number
}

export const serviceLimits: Limits = {
  fragmentBytes: 50_000_000,
  fragmentMs: 20_000,
  tracks: 3,
  tags: 10,
  tagNameBytes: 128,
  tagValueBytes: 256,
  connectionMs: 45 * 60_000,
  idleAckMs: 5_000,
  idleCloseMs: 30_000,
  fragmentsPerSecond: 5,
  bytesPerSecond: 12_500_000,
}

const none = Number.POSITIVE_INFINITY

/** What must hold for the sake of the format still does; and silence is still answered. */
export const noLimits: Limits = {
  fragmentBytes: none,
  fragmentMs: none,
  tracks: none,
  tags: none,
  tagNameBytes: none,
  tagValueBytes: none,
  connectionMs: none,
  idleAckMs: serviceLimits.idleAckMs,
  idleCloseMs: none,
  fragmentsPerSecond: none,
  bytesPerSecond: none,
}
