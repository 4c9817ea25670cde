/** What a sequence parameter set of H.264 tells (ITU-T H.264 sections 7.3.2.1.1 and E.1.1). */

import { KvsError } from '../../errors.ts'
import { BitReader } from './bits.ts'
import { framesPerSecond, isPictureSize, type PictureFormat, skipVideoDescription } from './picture.ts'

/** Profiles whose sequence parameter set tells the chroma format. */
const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]

/** Reads the NAL unit `sps`, header byte included. Throws MEDIA_INVALID where it breaks off or cannot be. */
export function readH264Sps(sps: Uint8Array): PictureFormat {
  const bits = new BitReader(sps, 1, sps.length, true)
  const profile = bits.unsigned(8)
  bits.skip(16)
  bits.exp()
  const chroma = highProfiles.includes(profile) ? readChroma(bits) : 1
  bits.exp()
  skipPictureOrder(bits)
  bits.exp()
  bits.skip(1)
  const widthMbs = bits.exp() + 1
  const heightUnits = bits.exp() + 1
  const fieldFactor = bits.flag() ? 1 : 2
  if (fieldFactor === 2) bits.skip(1)
  bits.skip(1)
  const cropX = chroma === 1 || chroma === 2 ? 2 : 1
  const cropY = (chroma === 1 ? 2 : 1) * fieldFactor
  let width = widthMbs * 16
  let height = heightUnits * 16 * fieldFactor
  if (bits.flag()) {
    width -= (bits.exp() + bits.exp()) * cropX
    height -= (bits.exp() + bits.exp()) * cropY
  }
  if (bits.overrun || !isPictureSize(width, height)) {
    throw new KvsError('MEDIA_INVALID', 'H.264: the sequence parameter set (SPS) is damaged')
  }
  return { width, height, framesPerSecond: readFrameRate(bits) }
}

/** ChromaArrayType. */
function readChroma(bits: BitReader): number {
  const chroma = bits.exp()
  const separate = chroma === 3 && bits.flag()
  bits.exp()
  bits.exp()
  bits.skip(1)
  if (bits.flag()) {
    const lists = chroma === 3 ? 12 : 8
    for (let i = 0; i < lists; i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64)
  }
  return separate ? 0 : chroma
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8
  let next = 8
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + bits.signedExp() + 256) % 256
    if (next !== 0) last = next
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.exp()
  if (type === 0) bits.exp()
  if (type !== 1) return
  bits.skip(1)
  bits.exp()
  bits.exp()
  const cycle = Math.min(bits.exp(), 255)
  for (let i = 0; i < cycle; i++) bits.exp()
}

function readFrameRate(bits: BitReader): number {
  if (!bits.flag()) return 0
  skipVideoDescription(bits)
  // Two ticks to a frame.
  return bits.flag() ? framesPerSecond(bits, 2) : 0
}
