/** The small values that the reader keeps until the element they belong to is over. */

import { utf8Text } from '../text.ts'
import * as id from './ids.ts'
import type { ElementType } from './schema.ts'

/** One TrackEntry. Where the file says nothing: empty text, 0, and 8000 Hz and 1 channel inside an Audio element. */
export interface ReadTrack {
  number: number
  /** A bigint where it is above 2^53. */
  uid: number | bigint
  type: 'video' | 'audio' | 'other'
  name: string
  codecId: string
  codecPrivate: Uint8Array
  width: number
  height: number
  sampleRateHz: number
  channels: number
  bitDepth: number
  defaultDurationNs: number
}

function emptyTrack(): ReadTrack {
  return {
    number: 0,
    uid: 0,
    type: 'other',
    name: '',
    codecId: '',
    codecPrivate: new Uint8Array(0),
    width: 0,
    height: 0,
    sampleRateHz: 0,
    channels: 0,
    bitDepth: 0,
    defaultDurationNs: 0,
  }
}

/** Default of TimestampScale (RFC 9559 section 5.1.2.9). */
const millisecondNs = 1_000_000

export class ElementValues {
  track: ReadTrack = emptyTrack()
  timestampScaleNs = millisecondNs
  timestamp = 0
  /** Names and values of the SimpleTags that are open, outermost first. */
  readonly #tagNames: string[] = []
  readonly #tagValues: string[] = []
  #tagOfTrack = false

  /** A master begins: its defaults apply. */
  open(master: number): void {
    if (master === id.INFO) this.timestampScaleNs = millisecondNs
    else if (master === id.TRACK_ENTRY) this.track = emptyTrack()
    else if (master === id.TAG) this.#tagOfTrack = false
    else if (master === id.AUDIO) {
      this.track.sampleRateHz = 8000
      this.track.channels = 1
    } else if (master === id.SIMPLE_TAG) {
      this.#tagNames.push('')
      this.#tagValues.push('')
    }
  }

  /** The innermost SimpleTag is over. */
  closeTag(report: ((name: string, value: string, ofTrack: boolean) => void) | undefined): void {
    const name = this.#tagNames.pop() ?? ''
    const value = this.#tagValues.pop() ?? ''
    report?.(name, value, this.#tagOfTrack)
  }

  /** Keeps the value in `bytes[from, to)`. Returns what is wrong with it, or null. */
  set(type: ElementType, bytes: Uint8Array, from: number, to: number): string | null {
    if (type.kind === 'string') {
      const text = utf8Text(bytes, from, stringEnd(bytes, from, to))
      if (type.id === id.DOC_TYPE && text !== 'matroska' && text !== 'webm') return `a document of type "${text}"`
      this.#setText(type.id, text)
    } else if (type.kind === 'binary') this.track.codecPrivate = new Uint8Array(bytes.subarray(from, to))
    else if (type.id === id.TAG_TRACK_UID) this.#tagOfTrack = uid(bytes, from, to) !== 0
    else if (type.kind === 'uid') this.track.uid = uid(bytes, from, to)
    else {
      const value = type.kind === 'float' ? float(bytes, from, to) : unsigned(bytes, from, to)
      if (!(value >= 0) || value > Number.MAX_SAFE_INTEGER) return `${type.name} has a value that cannot be`
      if (type.id === id.TIMESTAMP_SCALE && value === 0) return 'TimestampScale is 0'
      this.#setNumber(type.id, value)
    }
    return null
  }

  #setText(element: number, text: string): void {
    if (element === id.NAME) this.track.name = text
    else if (element === id.CODEC_ID) this.track.codecId = text
    else if (element === id.TAG_NAME) this.#tagNames[this.#tagNames.length - 1] = text
    else if (element === id.TAG_STRING) this.#tagValues[this.#tagValues.length - 1] = text
  }

  #setNumber(element: number, value: number): void {
    const track = this.track
    if (element === id.TIMESTAMP) this.timestamp = value
    else if (element === id.TIMESTAMP_SCALE) this.timestampScaleNs = value
    else if (element === id.TRACK_NUMBER) track.number = value
    else if (element === id.TRACK_TYPE) track.type = value === 1 ? 'video' : value === 2 ? 'audio' : 'other'
    else if (element === id.DEFAULT_DURATION) track.defaultDurationNs = value
    else if (element === id.PIXEL_WIDTH) track.width = value
    else if (element === id.PIXEL_HEIGHT) track.height = value
    else if (element === id.SAMPLING_FREQUENCY) track.sampleRateHz = value
    else if (element === id.CHANNELS) track.channels = value
    else if (element === id.BIT_DEPTH) track.bitDepth = value
  }
}

/** Text may be padded with NUL (RFC 8794 section 7.4); some embedded writers do. */
function stringEnd(bytes: Uint8Array, from: number, to: number): number {
  const nul = bytes.subarray(from, to).indexOf(0)
  return nul < 0 ? to : from + nul
}

function unsigned(bytes: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = value * 256 + (bytes[at] ?? 0)
  return value
}

function uid(bytes: Uint8Array, from: number, to: number): number | bigint {
  const value = unsigned(bytes, from, to)
  if (value <= Number.MAX_SAFE_INTEGER) return value
  let exact = 0n
  for (let at = from; at < to; at++) exact = exact * 256n + BigInt(bytes[at] ?? 0)
  return exact
}

/** An IEEE 754 number of 0, 4 or 8 bytes; NaN for other widths. */
function float(bytes: Uint8Array, from: number, to: number): number {
  if (from === to) return 0
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, to - from)
  return to - from === 4 ? view.getFloat32(0) : to - from === 8 ? view.getFloat64(0) : Number.NaN
}
