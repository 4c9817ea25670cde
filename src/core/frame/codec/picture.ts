/** What the parameter sets of H.264 and H.265 have in common. */

import { BitReader } from './bits.ts'

/** What a sequence parameter set says of the pictures. */
export interface PictureFormat {
  readonly width: number
  readonly height: number
  /** 0 where the bitstream does not say. */
  readonly framesPerSecond: number
}

const extendedAspectRatio = 255

export function isPictureSize(width: number, height: number): boolean {
  return width > 0 && width <= 65535 && height > 0 && height <= 65535
}

/** Id of a parameter set: the Exp-Golomb code `skipped` bytes into the NAL unit `data[from, to)`. */
export function readSetId(data: Uint8Array, from: number, to: number, skipped: number): number {
  const bits = new BitReader(data, from, to, true)
  bits.skip(skipped * 8)
  return bits.exp()
}

/**
 * Video usability information: passes over aspect ratio, overscan, signal type and chroma location (H.264 section E.1.1,
 * H.265 section E.2.1).
 */
export function skipVideoDescription(bits: BitReader): void {
  if (bits.flag() && bits.unsigned(8) === extendedAspectRatio) bits.skip(32)
  if (bits.flag()) bits.skip(1)
  if (bits.flag()) {
    bits.skip(4)
    if (bits.flag()) bits.skip(24)
  }
  if (bits.flag()) {
    bits.exp()
    bits.exp()
  }
}

/** Reads num_units_in_tick and time_scale. 0 where they make no sense. */
export function framesPerSecond(bits: BitReader, ticksPerFrame: number): number {
  const unitsInTick = bits.unsigned(32)
  const timeScale = bits.unsigned(32)
  const rate = timeScale / (unitsInTick * ticksPerFrame)
  return bits.overrun || !(rate > 0 && rate <= 1000) ? 0 : rate
}
