/** Supplemental enhancement information of H.264 (sections 7.3.2.3 and D.1). */

import { BitReader } from './bits.ts'

const recoveryPoint = 6

/**
 * True where the SEI NAL unit `data[from, to)` has a recovery point message that says: decoding can start with the very next
 * picture (section D.2.8, recovery_frame_cnt 0). What an encoder of open groups of pictures writes in place of an IDR.
 */
export function isRecoveryPoint(data: Uint8Array, from: number, to: number): boolean {
  let at = from + 1
  // The last byte holds the trailing bits.
  while (at + 2 < to) {
    let type = 0
    let size = 0
    for (; data[at] === 255; at++) type += 255
    type += data[at++] ?? 0
    for (; data[at] === 255; at++) size += 255
    size += data[at++] ?? 0
    if (type === recoveryPoint) return new BitReader(data, at, to, true).exp() === 0
    at = skip(data, at, size)
  }
  return false
}

/** Behind `size` bytes of a message, not counting emulation prevention (section 7.4.1). */
function skip(data: Uint8Array, from: number, size: number): number {
  let end = from + size
  for (let at = data.indexOf(3, from); at >= 0 && at < end; at = data.indexOf(3, at + 1)) {
    if (data[at - 1] === 0 && data[at - 2] === 0) end++
  }
  return end
}
