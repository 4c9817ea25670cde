/** AudioSpecificConfig and ADTS headers (ISO/IEC 14496-3 sections 1.6.2.1 and 1.A.2.2). */

import { KvsError } from '../../errors.ts'
import { BitReader } from './bits.ts'

/** Sampling rates in Hz by index (table 1.18). */
const rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
/** Channels by channel configuration (table 1.19); 0 where it is told elsewhere or reserved. */
const channelCounts = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0]

const escapedType = 31
const explicitRate = 15
export const lowComplexity = 2
const spectralBandReplication = 5
const parametricStereo = 29

export interface AacConfig {
  /** The object type that the packets are coded with: 2 is AAC-LC. */
  readonly objectType: number
  /** The rate of that coder; a decoder may play at twice this rate (HE-AAC). */
  readonly sampleRateHz: number
  /** The rate that comes out. */
  readonly outputRateHz: number
  /** 0 where the configuration leaves it to a program config element. */
  readonly channels: number
}

/** Reads an AudioSpecificConfig. Throws MEDIA_INVALID where it is none. */
export function readAudioSpecificConfig(bytes: Uint8Array): AacConfig {
  const bits = new BitReader(bytes, 0, bytes.length, false)
  let objectType = readObjectType(bits)
  const sampleRateHz = readRate(bits)
  const channels = channelCounts[bits.unsigned(4)] ?? 0
  let outputRateHz = sampleRateHz
  const extended = objectType === spectralBandReplication || objectType === parametricStereo
  if (extended) {
    outputRateHz = readRate(bits)
    objectType = readObjectType(bits)
  }
  if (bits.overrun || objectType === 0 || sampleRateHz === 0 || outputRateHz === 0) {
    throw new KvsError('MEDIA_INVALID', 'AAC: the codec private data is no AudioSpecificConfig')
  }
  return { objectType, sampleRateHz, outputRateHz, channels }
}

/**
 * The AudioSpecificConfig of AAC-LC or another plain object type: 2 bytes, or 5 where the rate is not in the table.
 * Throws CONFIGURATION where no configuration has that many channels.
 */
export function audioSpecificConfig(objectType: number, sampleRateHz: number, channels: number): Uint8Array {
  const configuration = channelCounts.indexOf(channels)
  if (channels < 1 || configuration < 1) {
    throw new KvsError('CONFIGURATION', `AAC: ${channels} channels: 1 to 8 are possible`)
  }
  const index = rates.indexOf(sampleRateHz)
  if (index >= 0) {
    return new Uint8Array([(objectType << 3) | (index >> 1), ((index & 1) << 7) | (configuration << 3)])
  }
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < 1 || sampleRateHz >= 1 << 24) {
    throw new KvsError('CONFIGURATION', `AAC: a sampling rate of ${sampleRateHz} Hz`)
  }
  // 5 bits type, 4 bits of ones, 24 bits rate, 4 bits configuration, 3 bits zero.
  return new Uint8Array([
    (objectType << 3) | 7,
    0x80 | (sampleRateHz >> 17),
    sampleRateHz >> 9,
    sampleRateHz >> 1,
    ((sampleRateHz & 1) << 7) | (configuration << 3),
  ])
}

function readObjectType(bits: BitReader): number {
  const type = bits.unsigned(5)
  return type === escapedType ? 32 + bits.unsigned(6) : type
}

function readRate(bits: BitReader): number {
  const index = bits.unsigned(4)
  return index === explicitRate ? bits.unsigned(24) : (rates[index] ?? 0)
}

/** True where `data` begins with the syncword and layer of an ADTS header. */
export function isAdts(data: Uint8Array): boolean {
  return data.length >= 2 && data[0] === 0xff && ((data[1] ?? 0) & 0xf6) === 0xf0
}

/** True for a LOAS frame (section 1.7.2: the syncword 0x2b7 and the length of the rest). */
export function isLoas(data: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = data
  return first === 0x56 && second >> 5 === 7 && (((second & 31) << 8) | third) === data.length - 3
}

/** Size of an ADTS header in bytes. */
export function adtsHeaderBytes(data: Uint8Array): number {
  return ((data[1] ?? 0) & 1) === 1 ? 7 : 9
}

/** The fields of an ADTS header that tell the codec, as one number: the same number, the same configuration. */
export function adtsKey(data: Uint8Array): number {
  return (((data[2] ?? 0) & 0xfd) << 2) | ((data[3] ?? 0) >> 6)
}

/** What an ADTS header tells. Throws MEDIA_INVALID where it cannot be. */
export function readAdts(data: Uint8Array): AacConfig {
  const [, , third = 0, fourth = 0] = data
  const sampleRateHz = rates[(third >> 2) & 15] ?? 0
  if (sampleRateHz === 0) throw new KvsError('MEDIA_INVALID', 'AAC: an ADTS header with a reserved sampling rate')
  const channels = channelCounts[((third & 1) << 2) | (fourth >> 6)] ?? 0
  if (channels === 0) {
    throw new KvsError('MEDIA_INVALID', 'AAC: an ADTS header that leaves the channels to a program config element', {
      cure: 'encode with one of the standard channel configurations, or give the AudioSpecificConfig and raw packets',
    })
  }
  return { objectType: (third >> 6) + 1, sampleRateHz, outputRateHz: sampleRateHz, channels }
}

/** Checks that `data` is one whole ADTS frame with one packet in it. Throws MEDIA_INVALID. */
export function checkAdtsFrame(data: Uint8Array): void {
  const length = (((data[3] ?? 0) & 3) << 11) | ((data[4] ?? 0) << 3) | ((data[5] ?? 0) >> 5)
  const packets = ((data[6] ?? 0) & 3) + 1
  if (data.length < 7 || length > data.length || length <= adtsHeaderBytes(data)) {
    throw new KvsError('MEDIA_INVALID', `AAC: an ADTS frame of ${length} bytes in ${data.length} bytes of data`)
  }
  if (length < data.length) {
    const more = isAdts(data.subarray(length)) ? 'several ADTS frames' : 'an ADTS frame and something behind it'
    throw new KvsError('MEDIA_INVALID', `AAC: ${more} in one piece of data`, { cure: 'give one ADTS frame at a time' })
  }
  if (packets > 1) {
    throw new KvsError('MEDIA_INVALID', `AAC: an ADTS frame of ${packets} packets`, {
      cure: 'let the encoder write one packet to an ADTS frame',
    })
  }
}
