/** What the registry keeps of a stream. Plain data: it is written to a file as it is. */
export interface StreamRecord {
  readonly name: string
  readonly arn: string
  /** Milliseconds since 1970. Makes a re-created stream another one: it is part of the ARN and of the data's key. */
  readonly createdMs: number
  /** 20 letters and digits, another after each change. */
  readonly version: string
  /** From when on it is ACTIVE, milliseconds since 1970. */
  readonly activeMs: number
  readonly deleting: boolean
  /** 0: media is not kept and never acknowledged as persisted. */
  readonly retentionHours: number
  readonly mediaType: string | null
  readonly deviceName: string | null
  readonly kmsKeyId: string
  readonly tags: Readonly<Record<string, string>>
}

/** As in DescribeStream. */
export type StreamStatus = 'CREATING' | 'ACTIVE' | 'DELETING'

/** The status at a moment; nothing needs to wait for a stream to become active. */
export function statusOf(stream: StreamRecord, nowMs: number): StreamStatus {
  if (stream.deleting) return 'DELETING'
  return nowMs < stream.activeMs ? 'CREATING' : 'ACTIVE'
}

/** Under this key the stream's media is kept: a stream made again under the same name begins empty. */
export function storeKey(stream: StreamRecord): string {
  return `${stream.name}/${stream.createdMs}`
}
