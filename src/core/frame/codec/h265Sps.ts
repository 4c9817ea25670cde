/** What the parameter sets of H.265 tell (ITU-T H.265 sections 7.3.2.1, 7.3.2.2, 7.3.3, 7.3.4, 7.3.7 and E.2.1). */

import { KvsError } from '../../errors.ts'
import { BitReader } from './bits.ts'
import { framesPerSecond, isPictureSize, type PictureFormat, skipVideoDescription } from './picture.ts'

/** What hvcC repeats of the sequence parameter set. */
export interface H265Sps extends PictureFormat {
  readonly id: number
  readonly subLayers: number
  readonly temporalIdNested: boolean
  /** general_profile_space to general_level_idc, 12 bytes without emulation prevention. */
  readonly profileTierLevel: readonly number[]
  readonly chromaFormat: number
  readonly bitDepthLuma: number
  readonly bitDepthChroma: number
}

const headerBytes = 2
const mostReferenceSets = 64

/** Reads the NAL unit `sps`, header included. Throws MEDIA_INVALID where it breaks off or cannot be. */
export function readH265Sps(sps: Uint8Array): H265Sps {
  const bits = new BitReader(sps, headerBytes, sps.length, true)
  bits.skip(4)
  const subLayers = bits.unsigned(3) + 1
  const temporalIdNested = bits.flag()
  const profileTierLevel = readProfileTierLevel(bits, subLayers)
  const id = bits.exp()
  const chromaFormat = bits.exp()
  const separatePlanes = chromaFormat === 3 && bits.flag()
  let width = bits.exp()
  let height = bits.exp()
  if (bits.flag()) {
    const halfWidth = !separatePlanes && (chromaFormat === 1 || chromaFormat === 2)
    width -= (bits.exp() + bits.exp()) * (halfWidth ? 2 : 1)
    height -= (bits.exp() + bits.exp()) * (halfWidth && chromaFormat === 1 ? 2 : 1)
  }
  const bitDepthLuma = bits.exp() + 8
  const bitDepthChroma = bits.exp() + 8
  const possible = chromaFormat <= 3 && bitDepthLuma <= 16 && bitDepthChroma <= 16 && isPictureSize(width, height)
  if (bits.overrun || !possible) {
    throw new KvsError('MEDIA_INVALID', 'H.265: the sequence parameter set (SPS) is damaged')
  }
  return {
    id,
    subLayers,
    temporalIdNested,
    profileTierLevel,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    width,
    height,
    framesPerSecond: readSpsFrameRate(bits, subLayers),
  }
}

/** Frames a second that the video parameter set tells, 0 where it does not. */
export function readVpsFrameRate(vps: Uint8Array): number {
  const bits = new BitReader(vps, headerBytes, vps.length, true)
  bits.skip(12)
  const subLayers = bits.unsigned(3) + 1
  bits.skip(17)
  readProfileTierLevel(bits, subLayers)
  skipSubLayerOrdering(bits, subLayers)
  const layers = bits.unsigned(6) + 1
  const layerSets = bits.exp()
  if (layerSets > 1023) return 0
  bits.skip(layers * layerSets)
  return bits.flag() ? framesPerSecond(bits, 1) : 0
}

/** The 12 bytes of the general profile, tier and level; passes over those of the sub-layers. */
function readProfileTierLevel(bits: BitReader, subLayers: number): number[] {
  const general: number[] = []
  for (let i = 0; i < 12; i++) general.push(bits.unsigned(8))
  const present: number[] = []
  for (let i = 1; i < subLayers; i++) present.push((bits.flag() ? 88 : 0) + (bits.flag() ? 8 : 0))
  if (subLayers > 1) bits.skip(2 * (9 - subLayers))
  for (const count of present) bits.skip(count)
  return general
}

function skipSubLayerOrdering(bits: BitReader, subLayers: number): void {
  const times = bits.flag() ? subLayers : 1
  for (let i = 0; i < 3 * times; i++) bits.exp()
}

/** Reads on behind the bit depths, up to the timing in the VUI. */
function readSpsFrameRate(bits: BitReader, subLayers: number): number {
  const orderBits = bits.exp() + 4
  skipSubLayerOrdering(bits, subLayers)
  for (let i = 0; i < 6; i++) bits.exp()
  if (bits.flag() && bits.flag()) skipScalingLists(bits)
  bits.skip(2)
  if (bits.flag()) {
    bits.skip(8)
    bits.exp()
    bits.exp()
    bits.skip(1)
  }
  if (!skipReferenceSets(bits)) return 0
  if (bits.flag()) {
    const pictures = Math.min(bits.exp(), 32)
    bits.skip(pictures * (orderBits + 1))
  }
  bits.skip(2)
  if (!bits.flag()) return 0
  skipVideoDescription(bits)
  bits.skip(3)
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.exp()
  return bits.flag() ? framesPerSecond(bits, 1) : 0
}

function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++) {
    const coefficients = Math.min(64, 1 << (4 + 2 * size))
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.exp()
        continue
      }
      const codes = coefficients + (size > 1 ? 1 : 0)
      for (let i = 0; i < codes; i++) bits.exp()
    }
  }
}

/** Passes over the short-term reference picture sets; false where they cannot be. */
function skipReferenceSets(bits: BitReader): boolean {
  const sets = bits.exp()
  if (sets > mostReferenceSets) return false
  // Pictures in the set before: a set that is predicted has flags for each of them and for itself.
  let before = 0
  for (let i = 0; i < sets && !bits.overrun; i++) {
    if (i > 0 && bits.flag()) {
      before = skipPredictedSet(bits, before)
    } else {
      const count = bits.exp() + bits.exp()
      if (count > 32) return false
      for (let j = 0; j < count; j++) {
        bits.exp()
        bits.skip(1)
      }
      before = count
    }
  }
  return !bits.overrun
}

function skipPredictedSet(bits: BitReader, before: number): number {
  bits.skip(1)
  bits.exp()
  let pictures = 0
  for (let j = 0; j <= before; j++) {
    const used = bits.flag()
    if (used || bits.flag()) pictures++
  }
  return pictures
}
