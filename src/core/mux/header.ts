/** What every session begins with: EBML header, an open Segment, Info and Tracks (RFC 9559 section 5.1). */

import { KvsError } from '../errors.ts'
import type { Track, TrackFormat } from '../frame/frame.ts'
import { binary, concat, float, master, openMaster, text, unsigned } from './ebml.ts'
import * as id from './ids.ts'

/** Timecodes are milliseconds. */
const timestampScaleNs = 1_000_000
const muxingApp = 'kvs-producer'

const ebmlHeaderBytes = 40

export interface SessionHeader {
  /** 1 to 3 tracks; their numbers are their UIDs too. */
  readonly tracks: readonly Track[]
  /** 16 bytes, not all zero. */
  readonly segmentUid: Uint8Array
  /** Name and version of the program, for Info. */
  readonly writingApp: string
}

/** The bytes before the first Cluster. */
export function sessionHeader({ tracks, segmentUid, writingApp }: SessionHeader): Uint8Array {
  if (segmentUid.length !== 16 || segmentUid.every((byte) => byte === 0)) {
    throw new KvsError('INTERNAL', 'a segment needs a UID of 16 bytes that are not all zero')
  }
  return concat([
    ebmlHeader(),
    openMaster(id.SEGMENT),
    master(id.INFO, [
      binary(id.SEGMENT_UUID, segmentUid),
      unsigned(id.TIMESTAMP_SCALE, timestampScaleNs),
      text(id.MUXING_APP, muxingApp),
      text(id.WRITING_APP, writingApp),
    ]),
    master(id.TRACKS, tracks.map(trackEntry)),
  ])
}

/** The same header for another segment. `segmentUid`: 16 bytes, not all zero. */
export function withSegmentUid(header: Uint8Array, segmentUid: Uint8Array): Uint8Array {
  const renewed = header.slice()
  const [first, second] = [id.SEGMENT_UUID >> 8, id.SEGMENT_UUID & 0xff]
  let at = ebmlHeaderBytes
  while (renewed[at] !== first || renewed[at + 1] !== second) at++
  renewed.set(segmentUid, at + 3)
  return renewed
}

/** The same 40 bytes that Amazon's own producers send. */
function ebmlHeader(): Uint8Array {
  return master(id.EBML, [
    unsigned(id.EBML_VERSION, 1),
    unsigned(id.EBML_READ_VERSION, 1),
    unsigned(id.EBML_MAX_ID_LENGTH, 4),
    unsigned(id.EBML_MAX_SIZE_LENGTH, 8),
    text(id.DOC_TYPE, 'matroska'),
    unsigned(id.DOC_TYPE_VERSION, 2),
    unsigned(id.DOC_TYPE_READ_VERSION, 2),
  ])
}

function trackEntry({ number, name, format }: Track): Uint8Array {
  const entry = [
    unsigned(id.TRACK_NUMBER, number),
    unsigned(id.TRACK_UID, number),
    unsigned(id.TRACK_TYPE, format.kind === 'video' ? 1 : 2),
    unsigned(id.FLAG_LACING, 0),
  ]
  if (name !== '') entry.push(text(id.NAME, name))
  entry.push(text(id.CODEC_ID, format.codecId))
  const settings = format.kind === 'video' ? video(format) : audio(format)
  if (settings !== null) entry.push(settings)
  if (format.codecPrivate.length > 0) entry.push(binary(id.CODEC_PRIVATE, format.codecPrivate))
  return master(id.TRACK_ENTRY, entry)
}

/** Null where the picture size is not known: half a Video element would be none. */
function video({ width, height }: TrackFormat): Uint8Array | null {
  if (width === undefined || height === undefined) return null
  return master(id.VIDEO, [unsigned(id.PIXEL_WIDTH, width), unsigned(id.PIXEL_HEIGHT, height)])
}

function audio({ sampleRateHz, channels }: TrackFormat): Uint8Array | null {
  if (sampleRateHz === undefined || channels === undefined) return null
  return master(id.AUDIO, [float(id.SAMPLING_FREQUENCY, sampleRateHz), unsigned(id.CHANNELS, channels)])
}
