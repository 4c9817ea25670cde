/** PutMedia's acknowledgements: a stream of flat JSON objects on the response body (PROTOCOL: PutMedia, ack wire format). */

import type { Ack, AckType } from '../frame/ack.ts'
import { utf8Text } from '../text.ts'

/** An object longer than this is no acknowledgement: it is given up, so that one cut off does not swallow the rest. */
const maxAckBytes = 4096

const lineFeed = 0x0a
const quote = 0x22
const backslash = 0x5c
const braceOpen = 0x7b
const braceClose = 0x7d

/** Push parser: bytes in, acknowledgements out, whatever the split. What is no acknowledgement is counted and skipped. */
export class AckParser {
  readonly #onAck: (ack: Ack) => void
  readonly #held = new Uint8Array(maxAckBytes)
  #length = 0
  #depth = 0
  #inString = false
  #escaped = false
  /** Until the next line: an ack stands on a line of its own. */
  #lost = false
  /** Objects that were no acknowledgement. */
  skipped = 0

  constructor(onAck: (ack: Ack) => void) {
    this.#onAck = onAck
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#lost) at = this.#findLine(bytes, at)
      else if (this.#depth === 0) at = this.#findObject(bytes, at)
      else at = this.#readObject(bytes, at)
    }
  }

  /** Passes over what is left of a line; returns where to go on. */
  #findLine(bytes: Uint8Array, at: number): number {
    const end = bytes.indexOf(lineFeed, at)
    if (end < 0) return bytes.length
    this.#lost = false
    return end + 1
  }

  #findObject(bytes: Uint8Array, at: number): number {
    const start = bytes.indexOf(braceOpen, at)
    if (start < 0) return bytes.length
    this.#length = 0
    this.#depth = 1
    this.#hold(bytes, start, start + 1)
    return start + 1
  }

  /** Reads to the end of the object or of the bytes. State is kept in variables meanwhile: this runs for every byte. */
  #readObject(bytes: Uint8Array, from: number): number {
    let depth = this.#depth
    let inString = this.#inString
    let escaped = this.#escaped
    const end = Math.min(bytes.length, from + maxAckBytes - this.#length)
    let at = from
    while (at < end && depth > 0) {
      const byte = bytes[at++]
      if (inString) {
        if (byte === lineFeed) {
          // JSON has no line break in a string: the line was cut off, and the next one must not be lost with it.
          this.#abandon()
          return at
        }
        if (escaped) escaped = false
        else if (byte === backslash) escaped = true
        else if (byte === quote) inString = false
      } else if (byte === quote) inString = true
      else if (byte === braceOpen) depth++
      else if (byte === braceClose) depth--
    }
    this.#hold(bytes, from, at)
    this.#depth = depth
    this.#inString = inString
    this.#escaped = escaped
    if (depth === 0) this.#finish()
    else if (at < bytes.length) this.#giveUp()
    return at
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    this.#held.set(bytes.subarray(from, to), this.#length)
    this.#length += to - from
  }

  /** The object is too long, and so is its line. */
  #giveUp(): void {
    this.#abandon()
    this.#lost = true
  }

  #abandon(): void {
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
    this.skipped++
  }

  #finish(): void {
    const ack = ackFrom(utf8Text(this.#held, 0, this.#length))
    if (ack === null) this.skipped++
    else this.#onAck(ack)
  }
}

/** Reads one object, tolerating the spellings of AWS's documentation, numbers as strings, and unknown keys. */
function ackFrom(json: string): Ack | null {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return null
  }
  if (!isRecord(value)) return null
  const fields = isRecord(value.Acknowledgement) ? value.Acknowledgement : value
  const type = fields.EventType ?? fields.AckEventType
  if (!isAckType(type)) return null
  const number = fields.FragmentNumber
  const code = fields.ErrorCode
  return {
    type,
    timecodeMs: integer(fields.FragmentTimecode ?? fields.FragmentTimeCode),
    fragmentNumber: typeof number === 'string' ? number : typeof number === 'number' ? String(number) : null,
    errorId: integer(fields.ErrorId),
    errorCode: typeof code === 'string' ? code : null,
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isAckType(value: unknown): value is AckType {
  return value === 'BUFFERING' || value === 'RECEIVED' || value === 'PERSISTED' || value === 'ERROR' || value === 'IDLE'
}

function integer(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null
}
