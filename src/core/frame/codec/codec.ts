/** The codec of a track by its name. */

import type { Search } from '../../platform.ts'
import type { Codec, CodecName } from '../frame.ts'
import { aacCodec } from './aac.ts'
import { g711Codec } from './g711.ts'
import { h264Codec } from './h264.ts'
import { h265Codec } from './h265.ts'

/** What may be known of a track before its first frame. Video takes `codecPrivate` only, G.711 the rest only. */
export interface CodecOptions {
  readonly sampleRateHz?: number
  readonly channels?: number
  /** avcC, hvcC, Annex B parameter sets, or an AudioSpecificConfig. */
  readonly codecPrivate?: Uint8Array
}

/**
 * A codec for one track.
 *
 * @throws KvsError MEDIA_INVALID where `codecPrivate` is not of this codec, CONFIGURATION where a number is out of range
 */
export function makeCodec(name: CodecName, search: Search, options: CodecOptions = {}): Codec {
  switch (name) {
    case 'h264':
      return h264Codec(search, options.codecPrivate)
    case 'h265':
      return h265Codec(search, options.codecPrivate)
    case 'aac':
      return aacCodec(options)
    case 'alaw':
    case 'mulaw':
      return g711Codec(name, options)
  }
}
