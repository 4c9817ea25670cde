/** What a producer is told, and the checks that need nobody's help. */

import type { CredentialProvider } from './aws/credentials/credentials.ts'
import { KvsError } from './errors.ts'
import type { CodecName } from './frame/frame.ts'
import type { WallMs } from './frame/time.ts'
import type { Origin } from './http/origin.ts'
import type { FileWriter } from './platform.ts'

/** A track to be declared in the stream. */
export interface TrackOptions {
  readonly codec: CodecName
  /** At most 32 characters; default "video" or "audio". */
  readonly name?: string
  /** avcC, hvcC, AudioSpecificConfig; default: taken from the bitstream. */
  readonly codecPrivate?: Uint8Array
  /** Needed for AAC without ADTS headers; default 8000 for G.711. */
  readonly sampleRateHz?: number
  /** 1 to 8; needed for AAC without ADTS headers; default 1 for G.711. */
  readonly channels?: number
}

export interface ProducerOptions {
  /** 1 to 256 characters of `a-z A-Z 0-9 _ . -`. */
  readonly streamName: string
  readonly region: string
  /** Control plane. */
  readonly endpoint: Origin
  readonly credentials: CredentialProvider
  /** 1 to 3 tracks, at most one of them video; frames name them by 1, 2, 3 in this order. */
  readonly tracks: readonly TrackOptions[]
  /** What media that is not confirmed may take of memory. */
  readonly bufferBytes: number
  /** False: a missing stream is an error. */
  readonly create: boolean
  /** Hours, 0 to 87600: for a stream that is created, and compared with one that exists. */
  readonly retentionHours: number
  /** Media type of the stream, e.g. `video/h264,audio/aac`. */
  readonly mediaType: string
  readonly kmsKeyId?: string | undefined
  readonly tags: Readonly<Record<string, string>>
  /** Epoch milliseconds at which `pts` is 0; default: such that the first frame is now. */
  readonly ptsOriginMs?: WallMs | undefined
  /** How long failures in a row are put up with; default: for ever. */
  readonly giveUpAfterMs?: number | undefined
  /** Fragments that may begin within a second; default 5, the service's limit. */
  readonly fragmentsPerSecond?: number | undefined
  /** Opens the file that gets exactly the bytes that session number `session` (from 1) sends. */
  readonly dump?: ((session: number) => FileWriter) | undefined
  /** For the User-Agent header and the Matroska WritingApp, at most 256 printable ASCII characters. */
  readonly userAgent: string
}

const nameCharacters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'

/** Throws KvsError CONFIGURATION for what the service would refuse or we could not do. */
export function checkOptions(options: ProducerOptions): void {
  const { streamName, tracks, retentionHours, tags } = options
  const videos = tracks.filter((track) => track.codec === 'h264' || track.codec === 'h265').length
  if (!isStreamName(streamName)) {
    fail(`"${streamName}" is no stream name`, 'use 1 to 256 of the characters a-z A-Z 0-9 _ . -')
  }
  if (tracks.length < 1 || tracks.length > 3) fail(`${tracks.length} tracks`, 'declare 1 to 3 tracks')
  if (videos > 1) fail('more than one video track', 'use a stream for each video')
  if (!Number.isInteger(retentionHours) || retentionHours < 0 || retentionHours > 87_600) {
    fail(`a retention of ${retentionHours} hours`, 'use a whole number from 0 to 87600')
  }
  if (Object.keys(tags).length > 50) fail('more than 50 tags', 'a stream takes 50 tags')
  for (const track of tracks) {
    if ((track.name ?? '').length > 32) fail(`the track name "${track.name}" is too long`, 'use at most 32 characters')
  }
}

function isStreamName(name: string): boolean {
  if (name.length < 1 || name.length > 256) return false
  for (const char of name) if (!nameCharacters.includes(char)) return false
  return true
}

function fail(what: string, cure: string): never {
  throw new KvsError('CONFIGURATION', what, { cure })
}
