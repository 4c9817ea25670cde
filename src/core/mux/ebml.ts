/** Encoders of RFC 8794 for headers and other small elements; everything in the shortest form. */

import { utf8Bytes } from '../text.ts'

/** Width in bytes of the shortest size field for `size`, 0 to 2^53: the value of all ones means "unknown". */
export function sizeWidth(size: number): number {
  // What frames have, without a loop: it is asked for each of them.
  if (size < 127) return 1
  if (size < 16_383) return 2
  let width = 3
  let above = 2_097_151
  while (size >= above) {
    width++
    above = 128 * (above + 1) - 1
  }
  return width
}

/** Writes the shortest size field for `size` at `out[at]` and returns the offset after it. */
export function putSize(out: Uint8Array, at: number, size: number): number {
  const width = sizeWidth(size)
  putUnsigned(out, at, size, width)
  out[at] = (out[at] ?? 0) | (0x100 >> width)
  return at + width
}

/** Writes an unsigned number, up to 2^53, big-endian in `width` bytes and returns the offset after it. */
export function putUnsigned(out: Uint8Array, at: number, value: number, width: number): number {
  let rest = value
  let i = at + width - 1
  // Above 2^32 a shift would cut.
  while (rest >= 0x1_0000_0000) {
    const above = Math.floor(rest / 256)
    out[i--] = rest - above * 256
    rest = above
  }
  while (i >= at) {
    out[i--] = rest
    rest >>>= 8
  }
  return at + width
}

/** Bytes of an unsigned number, at least one. */
function unsignedWidth(value: number): number {
  let width = 1
  for (let rest = value; rest >= 256; rest = Math.floor(rest / 256)) width++
  return width
}

/** All parts one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** An ID as it is written: its length marker is part of the number. */
export function idBytes(id: number): Uint8Array {
  const out = new Uint8Array(unsignedWidth(id))
  putUnsigned(out, 0, id, out.length)
  return out
}

/** An element of any content. */
export function binary(id: number, content: Uint8Array): Uint8Array {
  const size = new Uint8Array(sizeWidth(content.length))
  putSize(size, 0, content.length)
  return concat([idBytes(id), size, content])
}

/** A master of the elements given. */
export function master(id: number, children: readonly Uint8Array[]): Uint8Array {
  return binary(id, concat(children))
}

/** A master whose size is unknown: what follows is its content until an element comes that cannot be. */
export function openMaster(id: number): Uint8Array {
  return concat([idBytes(id), new Uint8Array([0xff])])
}

/** An unsigned number, 0 to 2^53. */
export function unsigned(id: number, value: number): Uint8Array {
  const content = new Uint8Array(unsignedWidth(value))
  putUnsigned(content, 0, value, content.length)
  return binary(id, content)
}

/** An 8-byte floating point number. */
export function float(id: number, value: number): Uint8Array {
  const content = new Uint8Array(8)
  new DataView(content.buffer).setFloat64(0, value)
  return binary(id, content)
}

/** Text in UTF-8. */
export function text(id: number, value: string): Uint8Array {
  return binary(id, utf8Bytes(value))
}
