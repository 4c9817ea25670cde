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
    for (const byte of bytes) this.#pushByte(byte)
  }

  #pushByte(byte: number): void {
    if (this.#lost) {
      this.#lost = byte !== lineFeed
      return
    }
    if (this.#depth === 0) {
      if (byte !== braceOpen) return
      this.#length = 0
    }
    if (this.#length === maxAckBytes) {
      this.#abandon()
      this.#lost = true
      return
    }
    this.#held[this.#length] = byte
    this.#length++
    if (this.#inString) {
      // JSON has no line break in a string: the line was cut off, and the next one must not be lost with it.
      if (byte === lineFeed) this.#abandon()
      else if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) this.#inString = false
    } else if (byte === quote) {
      this.#inString = true
    } else if (byte === braceOpen) {
      this.#depth++
    } else if (byte === braceClose) {
      this.#depth--
      if (this.#depth === 0) this.#finish()
    }
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
