import type { MediaMs } from './time.ts'

/** One encoded picture, or one packet of sound, as it enters the producer. */
export interface Frame {
  /** Number of the track as declared, 1 to 3. */
  readonly track: number
  /** When it is shown, on the source's clock. */
  readonly pts: MediaMs
  /** When it is decoded, on the same clock; never above `pts` and never falling within a track. */
  readonly dts: MediaMs
  /** The bitstream. Borrowed: the producer has copied what it keeps when the call returns. */
  readonly data: Uint8Array
}

/** The codecs that the producer packages: H.264, H.265, AAC, and the two laws of G.711. */
export type CodecName = 'h264' | 'h265' | 'aac' | 'alaw' | 'mulaw'

/** All of them. */
export const codecNames: readonly CodecName[] = ['h264', 'h265', 'aac', 'alaw', 'mulaw']

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

/** Whether a codec is of pictures or of sound. */
export function kindOf(codec: CodecName): 'video' | 'audio' {
  return codec === 'h264' || codec === 'h265' ? 'video' : 'audio'
}

/** The stream's media type for these tracks, as the service's console expects it: `video/h264,audio/aac`. */
export function mediaTypeOf(tracks: readonly { readonly codec: CodecName }[]): string {
  return tracks.map(({ codec }) => `${kindOf(codec)}/${codec}`).join(',')
}

/** What the Matroska header says of a track. */
export interface TrackFormat {
  readonly kind: 'video' | 'audio'
  readonly codec: CodecName
  /** Matroska CodecID, e.g. `V_MPEG4/ISO/AVC`. */
  readonly codecId: string
  /** Matroska CodecPrivate: avcC, hvcC, AudioSpecificConfig or WAVEFORMATEX. */
  readonly codecPrivate: Uint8Array
  /** Picture size in pixels after cropping; video only. */
  readonly width?: number
  readonly height?: number
  /** Video only, where the bitstream says so: frames a second. */
  readonly framesPerSecond?: number
  /** Audio only. */
  readonly sampleRateHz?: number
  readonly channels?: number
}

/** A track as declared in a session's header. */
export interface Track {
  /** 1 to 3, in the order of the header. */
  readonly number: number
  /** At most 32 characters. */
  readonly name: string
  readonly format: TrackFormat
}

/**
 * How one frame is stored: ranges of its data, filled anew for each frame by the track's codec. One object per track
 * lives as long as the track, so that no frame costs an allocation.
 */
export interface Payload {
  /** Pairs of start and end offsets into the frame's data; `count` pairs are valid. */
  readonly spans: number[]
  count: number
  /** True where each span is stored with a 4-byte big-endian length before it (NAL units out of Annex B). */
  prefixed: boolean
  /** Size as stored, lengths included. */
  sizeBytes: number
  /** True where decoding can start here: IDR, CRA or BLA pictures, recovery points; every audio packet. */
  keyFrame: boolean
  /** Of a key frame: true where pictures that are shown before it may follow it (leading pictures). */
  leading: boolean
  /** False where the data holds no picture or sound, only parameter sets or the like. */
  media: boolean
}

/** What a codec offers the packager; one object per track. */
export interface Codec {
  readonly name: CodecName
  /** Null until the bitstream has told it (H.264, H.265, ADTS); may change with new parameter sets. */
  readonly format: TrackFormat | null
  /**
   * Describes how `data` is stored. Throws KvsError MEDIA_INVALID where the data is no frame of this codec; `payload`
   * is undefined then.
   */
  inspect(data: Uint8Array, payload: Payload): void
  /** A packet of silence as it is stored, or null where the codec has none. */
  silence(): Uint8Array | null
}

export function newPayload(): Payload {
  return { spans: [], count: 0, prefixed: false, sizeBytes: 0, keyFrame: false, leading: false, media: false }
}

/** Where packaged bytes go: the fragment buffer in the product, an array in tests. */
export interface ByteSink {
  /** Appends `bytes[from, to)`. */
  write(bytes: Uint8Array, from: number, to: number): void
}
