/** What a producer is told, and the checks that need nobody's help. */

import type { CredentialProvider } from './aws/credentials/credentials.ts'
import type { Overflow } from './buffer/pressure.ts'
import { KvsError } from './errors.ts'
import { codecNames, kindOf, type TrackOptions } from './frame/frame.ts'
import type { WallMs } from './frame/time.ts'
import type { Origin } from './http/origin.ts'
import type { FileWriter, Storage } from './platform.ts'

/** What a producer is told. */
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
  /**
   * What happens to media that the buffer has no room for; default `block`, `putFrame` does not take it, and for live sources
   * `drop-oldest`.
   */
  readonly overflow?: Overflow | undefined
  /** Longest time that the buffer may span, 20 s or more; then it overflows, too. Default: only its size counts. */
  readonly bufferDurationMs?: number | undefined
  /** Media that is still to be sent and further behind than this is left out, 2 s or more; default: never. */
  readonly maxLatencyMs?: number | undefined
  /** Where media is kept that memory has no room for, and what is not confirmed at the end; default: nowhere. */
  readonly spool?: SpoolSettings | undefined
  /** False: a missing stream is an error. */
  readonly create: boolean
  /** Hours, 0 to 87600: for a stream that is created, default 2; compared with one that exists where given. */
  readonly retentionHours?: number | undefined
  /** Media type for a stream that is created, default from the codecs; compared with one that exists where given. */
  readonly mediaType?: string | undefined
  readonly kmsKeyId?: string | undefined
  readonly tags: Readonly<Record<string, string>>
  /** Epoch milliseconds at which `pts` is 0; default: such that the first frame is now. */
  readonly ptsOriginMs?: WallMs | undefined
  /** Frames come as they are made, so that their clock can be compared with the time that passes; default false. */
  readonly live?: boolean | undefined
  /** How long failures in a row are put up with; default: for ever. */
  readonly giveUpAfterMs?: number | undefined
  /** A session is handed over to another after this long at the latest; default 40 minutes, the most that makes sense. */
  readonly rotateAfterMs?: number | undefined
  /** Fragments that may begin within a second; default 5, the service's limit. */
  readonly fragmentsPerSecond?: number | undefined
  /** Opens what gets exactly the bytes that a session sends; called for each session. */
  readonly dump?: (() => FileWriter) | undefined
  /** For the User-Agent header and the Matroska WritingApp, at most 256 printable ASCII characters. */
  readonly userAgent: string
}

/** What overflows, where nothing was said of it: a live source cannot wait. */
export function overflowOf({ overflow, live }: Pick<ProducerOptions, 'overflow' | 'live'>): Overflow {
  return overflow ?? (live === true ? 'drop-oldest' : 'block')
}

/** Files that keep media over outages and restarts. Flash wears out by it: it is for those who ask for it. */
export interface SpoolSettings {
  readonly storage: Storage
  /** Made where it is not there; for one producer at a time. */
  readonly directory: string
  /** What its files may take together, 1 MiB or more. */
  readonly capacityBytes: number
  /** How much faster than new media comes in what was kept may go out; default: as the network takes it. */
  readonly bytesPerSecond?: number | undefined
}

const nameCharacters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'

/** Throws KvsError CONFIGURATION for what the service would refuse or we could not do. */
export function checkOptions(options: ProducerOptions): void {
  const { streamName, tracks, retentionHours = 0, mediaType = '', kmsKeyId = '' } = options
  if (!isStreamName(streamName)) {
    fail(`"${streamName}" is no stream name`, 'use 1 to 256 of the characters a-z A-Z 0-9 _ . -')
  }
  if (!Array.isArray(tracks) || tracks.length < 1 || tracks.length > 3)
    fail('not 1 to 3 tracks', 'declare 1 to 3 tracks')
  if (tracks.filter(({ codec }) => kindOf(codec) === 'video').length > 1) {
    fail('more than one video track', 'use a stream for each video')
  }
  for (const { codec, name = '' } of tracks) {
    if (!codecNames.includes(codec)) fail(`"${codec}" is no codec that can be streamed`, `use ${codecNames.join(', ')}`)
    if (name.length > 32) fail(`the track name "${name}" is too long`, 'use at most 32 characters')
  }
  if (!Number.isInteger(retentionHours) || retentionHours < 0 || retentionHours > 87_600) {
    fail(`a retention of ${retentionHours} hours`, 'use a whole number from 0 to 87600')
  }
  if (mediaType.length > 128) fail('the media type is too long', 'use at most 128 characters')
  if (kmsKeyId.length > 2048) fail('the KMS key is too long', 'use at most 2048 characters')
  checkNumbers(options)
  checkSpool(options)
  checkTags(options.tags)
}

function checkNumbers({
  bufferBytes,
  giveUpAfterMs = 0,
  rotateAfterMs = 1000,
  bufferDurationMs = 20_000,
  maxLatencyMs = 2000,
  overflow = 'block',
  fragmentsPerSecond = 1,
  ptsOriginMs = 0,
}: ProducerOptions): void {
  if (!(bufferBytes > 0)) fail(`a buffer of ${bufferBytes} bytes`, 'give it some memory')
  if (!(giveUpAfterMs >= 0)) fail(`giving up after ${giveUpAfterMs} ms`, 'use 0 or more')
  if (!(bufferDurationMs >= 20_000)) fail(`a buffer of ${bufferDurationMs} ms`, 'use 20000 or more')
  if (!(maxLatencyMs >= 2000)) fail(`${maxLatencyMs} ms behind at most`, 'use 2000 or more')
  if (!['block', 'drop-oldest', 'drop-newest'].includes(overflow)) {
    fail(`"${overflow}" is no way to overflow`, 'use block, drop-oldest or drop-newest')
  }
  if (!(rotateAfterMs >= 1000 && rotateAfterMs <= 2_400_000)) {
    fail(`sessions of ${rotateAfterMs} ms`, 'use 1000 to 2400000')
  }
  if (!(fragmentsPerSecond >= 1)) fail(`${fragmentsPerSecond} fragments a second`, 'use 1 or more')
  if (!Number.isFinite(ptsOriginMs)) fail(`${ptsOriginMs} as the time of pts 0`, 'use epoch milliseconds')
}

function checkSpool({ spool, maxLatencyMs }: ProducerOptions): void {
  if (spool === undefined) return
  const { capacityBytes, bytesPerSecond = 1 } = spool
  if (!(capacityBytes >= 1024 * 1024)) fail(`a spool of ${capacityBytes} bytes`, 'give it 1 MiB or more')
  if (!(bytesPerSecond > 0)) fail(`a spool that is sent at ${bytesPerSecond} bytes a second`, 'use more than 0')
  if (maxLatencyMs !== undefined) {
    fail('a spool and a limit of latency', 'use one of them: a spool keeps what the other one would leave out')
  }
}

/** A stream takes 50 tags, keys of 1 to 128 and values of up to 256 characters (API reference, TagStream). */
function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags)
  if (entries.length > 50) fail('more than 50 tags', 'a stream takes 50 tags')
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128) fail(`the tag key "${key}" is too long`, 'use 1 to 128 characters')
    if (value.length > 256) fail(`the value of the tag "${key}" is too long`, 'use at most 256 characters')
  }
}

function isStreamName(name: string): boolean {
  if (typeof name !== 'string' || name.length < 1 || name.length > 256) return false
  for (const char of name) if (!nameCharacters.includes(char)) return false
  return true
}

function fail(what: string, cure: string): never {
  throw new KvsError('CONFIGURATION', what, { cure })
}
