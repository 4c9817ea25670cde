/** What a program sees of the media that an endpoint has stored. */

/** A track as the session's header declares it; numbers are 0 where it does not say. */
export interface MediaTrack {
  readonly number: number
  readonly type: 'video' | 'audio' | 'other'
  /** Matroska CodecID. */
  readonly codecId: string
  readonly name: string
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly sampleRateHz: number
  readonly channels: number
}

/** A stored fragment. */
export interface MediaFragment {
  /** 47 digits, rising in the order of arrival. */
  readonly number: string
  readonly sizeBytes: number
  /** Cluster timecode as sent, in units of the timecode scale. */
  readonly timecode: number
  /** Epoch milliseconds: when it was recorded as the producer says, and when its first byte arrived. */
  readonly producerMs: number
  readonly serverMs: number
  /** From its timecode to the end of its last frame. */
  readonly lengthMs: number
  /** What it shares with the fragments around it: equal objects mean equal headers. */
  readonly segment: { readonly tracks: readonly MediaTrack[] }
}

/** One fragment being read. */
export interface MediaReader {
  /** What its session sent before the first Cluster: EBML, Segment, Info, Tracks. */
  readonly header: Uint8Array
  /** The fragment's bytes as they came: the Cluster and what followed it. Each piece belongs to the caller. */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>
  /** Closes the file; needed in any case. */
  close(): Promise<void>
}

/** The media of one stream. */
export interface StoredMedia {
  /** All fragments that are stored, by number. */
  fragments(): readonly MediaFragment[]
  /** Rejects where the fragment has expired or the stream is deleted. */
  openFragment(fragment: MediaFragment): Promise<MediaReader>
}
