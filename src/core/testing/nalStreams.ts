/** H.264 and H.265 parameter sets and frames, made for tests out of what they say. */

import { BitWriter } from './bitWriter.ts'

export function annexB(...units: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(units.flatMap((unit) => [0, 0, 0, 1, ...unit]))
}

/** Units after lengths of `width` bytes. */
export function lengthPrefixed(width: number, ...units: readonly Uint8Array[]): Uint8Array {
  const length = (unit: Uint8Array) =>
    Array.from({ length: width }, (_, i) => (unit.length >>> (8 * (width - 1 - i))) & 255)
  return new Uint8Array(units.flatMap((unit) => [...length(unit), ...unit]))
}

interface H264SpsModel {
  readonly id?: number
  readonly profile?: number
  readonly chroma?: number
  readonly scalingLists?: boolean
  readonly pictureOrder?: 0 | 1 | 2
  readonly widthMbs: number
  readonly heightUnits: number
  readonly frameMbsOnly?: boolean
  /** Left, right, top, bottom in crop units. */
  readonly crop?: readonly [number, number, number, number]
  /** Units in a tick and time scale. */
  readonly timing?: readonly [number, number]
}

export function h264Sps(model: H264SpsModel): Uint8Array {
  const { id = 0, profile = 66, chroma = 1, pictureOrder = 0, frameMbsOnly = true, crop, timing } = model
  const bits = new BitWriter().u(8, profile).u(8, 0xc0).u(8, 30).ue(id)
  if (profile >= 100) {
    bits.ue(chroma)
    if (chroma === 3) bits.u(1, 0)
    bits.ue(0).ue(0).u(1, 0)
    bits.u(1, model.scalingLists === true ? 1 : 0)
    if (model.scalingLists === true) writeScalingLists(bits, chroma === 3 ? 12 : 8)
  }
  bits.ue(4).ue(pictureOrder)
  if (pictureOrder === 0) bits.ue(2)
  if (pictureOrder === 1) bits.u(1, 0).se(-3).se(5).ue(2).se(7).se(-9)
  bits.ue(4).u(1, 0)
  bits.ue(model.widthMbs - 1).ue(model.heightUnits - 1)
  bits.u(1, frameMbsOnly ? 1 : 0)
  if (!frameMbsOnly) bits.u(1, 1)
  bits.u(1, 1).u(1, crop === undefined ? 0 : 1)
  for (const edge of crop ?? []) bits.ue(edge)
  bits.u(1, timing === undefined ? 0 : 1)
  if (timing !== undefined) writeTimingBehindDescription(bits, timing)
  return bits.nal(0x67)
}

/** The first list ends early, the second is whole, and so is the first of 8x8; the rest have their fall-back. */
function writeScalingLists(bits: BitWriter, lists: number): void {
  bits.u(1, 1).se(-8)
  bits.u(1, 1)
  for (let i = 0; i < 16; i++) bits.se(1)
  for (let i = 2; i < lists; i++) {
    bits.u(1, i === 6 ? 1 : 0)
    if (i === 6) for (let j = 0; j < 64; j++) bits.se(j % 3)
  }
}

/** Extended aspect ratio, overscan, colour, chroma location: everything before the timing is there. */
function writeTimingBehindDescription(bits: BitWriter, [unitsInTick, timeScale]: readonly [number, number]): void {
  writeDescription(bits)
  bits.u(1, 1).u(32, unitsInTick).u(32, timeScale).u(1, 1)
}

function writeDescription(bits: BitWriter): void {
  bits.u(1, 1).u(8, 255).u(16, 4).u(16, 3)
  bits.u(1, 1).u(1, 0)
  bits.u(1, 1).u(3, 5).u(1, 0).u(1, 1).u(24, 0x010101)
  bits.u(1, 1).ue(1).ue(1)
}

export function h264Pps(id = 0, sps = 0): Uint8Array {
  return new BitWriter().ue(id).ue(sps).u(1, 1).u(1, 0).ue(0).nal(0x68)
}

export const h264Idr = new Uint8Array([0x65, 0x88, 0x84, 0x21, 0xa0])
export const h264Slice = new Uint8Array([0x41, 0x9a, 0x24, 0x6c])
export const h264Aud = new Uint8Array([0x09, 0xf0])
export const h264Sei = new Uint8Array([0x06, 0x05, 0x01, 0x33, 0x80])

export interface H265Model {
  readonly id?: number
  readonly subLayers?: number
  readonly chroma?: number
  readonly width: number
  readonly height: number
  readonly crop?: readonly [number, number, number, number]
  readonly bitDepth?: number
  readonly timing?: readonly [number, number]
}

/** 12 bytes: Main profile, level 4; many zeros, so that emulation prevention is needed. */
export const profileTierLevel = [1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 120]

function writeProfileTierLevel(bits: BitWriter, subLayers: number): void {
  for (const byte of profileTierLevel) bits.u(8, byte)
  // The first sub-layer has both parts, further ones a level only.
  for (let i = 1; i < subLayers; i++) bits.u(1, i === 1 ? 1 : 0).u(1, 1)
  if (subLayers > 1) for (let i = subLayers - 1; i < 8; i++) bits.u(2, 0)
  for (let i = 1; i < subLayers; i++) {
    if (i === 1) for (let j = 0; j < 11; j++) bits.u(8, j)
    bits.u(8, 90)
  }
}

export function h265Vps({ id = 0, subLayers = 1, timing }: Partial<H265Model>): Uint8Array {
  const bits = new BitWriter()
    .u(4, id)
    .u(2, 3)
    .u(6, 0)
    .u(3, subLayers - 1)
    .u(1, 1)
    .u(16, 0xffff)
  writeProfileTierLevel(bits, subLayers)
  bits.u(1, 1)
  for (let i = 0; i < subLayers; i++) bits.ue(4).ue(2).ue(0)
  bits.u(6, 1).ue(1).u(2, 3)
  bits.u(1, timing === undefined ? 0 : 1)
  if (timing !== undefined) bits.u(32, timing[0]).u(32, timing[1]).u(1, 0).ue(0)
  return bits.u(1, 0).nal(0x40, 1)
}

export function h265Sps(model: H265Model): Uint8Array {
  const { id = 0, subLayers = 1, chroma = 1, crop, bitDepth = 8, timing } = model
  const bits = new BitWriter()
    .u(4, 0)
    .u(3, subLayers - 1)
    .u(1, 1)
  writeProfileTierLevel(bits, subLayers)
  bits.ue(id).ue(chroma)
  if (chroma === 3) bits.u(1, 0)
  bits.ue(model.width).ue(model.height)
  bits.u(1, crop === undefined ? 0 : 1)
  for (const edge of crop ?? []) bits.ue(edge)
  bits
    .ue(bitDepth - 8)
    .ue(bitDepth - 8)
    .ue(4)
  bits.u(1, 0).ue(4).ue(2).ue(0)
  for (let i = 0; i < 6; i++) bits.ue(i)
  writeH265ScalingLists(bits)
  bits.u(2, 1).u(1, 1).u(8, 0x77).ue(0).ue(2).u(1, 0)
  writeReferenceSets(bits)
  bits.u(1, 1).ue(2).u(8, 3).u(1, 1).u(8, 4).u(1, 0)
  bits.u(2, 3)
  bits.u(1, timing === undefined ? 0 : 1)
  if (timing !== undefined) {
    writeDescription(bits)
    bits.u(3, 0).u(1, 1).ue(0).ue(2).ue(0).ue(2)
    bits.u(1, 1).u(32, timing[0]).u(32, timing[1]).u(1, 0).u(1, 0).u(1, 0)
  }
  return bits.u(1, 0).nal(0x42, 1)
}

/** All lists copied from another, but one of each size written out. */
function writeH265ScalingLists(bits: BitWriter): void {
  bits.u(1, 1).u(1, 1)
  for (let size = 0; size < 4; size++) {
    for (let matrix = 0; matrix < (size === 3 ? 2 : 6); matrix++) {
      bits.u(1, matrix === 0 ? 1 : 0)
      if (matrix !== 0) {
        bits.ue(0)
        continue
      }
      const codes = (size === 0 ? 16 : 64) + (size > 1 ? 1 : 0)
      for (let i = 0; i < codes; i++) bits.se(i % 2 === 0 ? 1 : -1)
    }
  }
}

/** Two pictures before; predicted out of it with one less; predicted out of that. */
function writeReferenceSets(bits: BitWriter): void {
  bits.ue(3)
  bits.ue(2).ue(1).ue(0).u(1, 1).ue(0).u(1, 1).ue(1).u(1, 1)
  bits.u(1, 1).u(1, 0).ue(0).u(1, 1).u(1, 0).u(1, 0).u(1, 0).u(1, 1).u(1, 1)
  bits.u(1, 1).u(1, 1).ue(2).u(1, 1).u(1, 1).u(1, 0).u(1, 1).u(1, 1)
}

export function h265Pps(id = 0, sps = 0): Uint8Array {
  return new BitWriter().ue(id).ue(sps).u(8, 0).se(0).nal(0x44, 1)
}

/** A slice of the type, of the base layer. */
export function h265Slice(type: number, temporalId = 0): Uint8Array {
  return new Uint8Array([type << 1, temporalId + 1, 0xaf, 0x08, 0x44])
}
