/** AAC: raw packets as Matroska holds them, or ADTS frames, whose headers are taken off. */

import { KvsError } from '../../errors.ts'
import type { Codec, Payload, TrackFormat } from '../frame.ts'
import {
  type AacConfig,
  adtsHeaderBytes,
  adtsKey,
  audioSpecificConfig,
  checkAdtsFrame,
  isAdts,
  isLoas,
  lowComplexity,
  readAdts,
  readAudioSpecificConfig,
} from './aacConfig.ts'
import { silentPacket } from './aacSilence.ts'

export interface AacOptions {
  /** 1 to 2^24 - 1 Hz. With `channels` it declares AAC-LC. */
  readonly sampleRateHz?: number
  /** 1 to 8. */
  readonly channels?: number
  /** An AudioSpecificConfig. */
  readonly codecPrivate?: Uint8Array
}

/**
 * A track of AAC.
 *
 * @throws KvsError MEDIA_INVALID where `codecPrivate` is no AudioSpecificConfig or says other than the rest; CONFIGURATION
 *   where rate or channels are out of range
 */
export function aacCodec(options: AacOptions = {}): Codec {
  return new AacCodec(options)
}

class AacCodec implements Codec {
  readonly name = 'aac'
  format: TrackFormat | null = null
  readonly #options: AacOptions
  /** The caller gave a whole configuration, which ADTS headers may not contradict but do not change. */
  readonly #given: boolean
  #config: AacConfig | null = null
  #silence: Uint8Array | null = null
  #adtsKey = -1

  constructor(options: AacOptions) {
    const { sampleRateHz, channels, codecPrivate } = options
    this.#options = options
    this.#given = codecPrivate !== undefined
    if (codecPrivate !== undefined) {
      this.#use(readAudioSpecificConfig(codecPrivate), new Uint8Array(codecPrivate))
    } else if (sampleRateHz !== undefined && channels !== undefined) {
      const built = audioSpecificConfig(lowComplexity, sampleRateHz, channels)
      this.#use(readAudioSpecificConfig(built), built)
    }
  }

  inspect(data: Uint8Array, payload: Payload): void {
    if (data.length === 0) throw new KvsError('MEDIA_INVALID', 'the frame is empty')
    const adts = isAdts(data)
    if (adts) this.#readAdts(data)
    else if (isLoas(data)) {
      throw new KvsError('MEDIA_INVALID', 'AAC: this looks like LATM/LOAS', {
        cure: 'let the encoder write ADTS or raw AAC',
      })
    } else if (this.format === null) {
      throw new KvsError('MEDIA_INVALID', 'AAC: raw packets do not tell their sampling rate and channels', {
        cause: 'neither was given, and the packets have no ADTS headers',
        cure: 'give the sampling rate and the number of channels',
      })
    }
    const from = adts ? adtsHeaderBytes(data) : 0
    payload.spans[0] = from
    payload.spans[1] = data.length
    payload.count = 1
    payload.prefixed = false
    payload.sizeBytes = data.length - from
    payload.keyFrame = true
    payload.media = true
  }

  silence(): Uint8Array | null {
    // Also right for HE-AAC: its decoders take a plain AAC-LC packet as one without high bands.
    if (this.#config?.objectType !== lowComplexity) return null
    this.#silence ??= silentPacket(this.format?.channels ?? 0)
    return this.#silence
  }

  #readAdts(data: Uint8Array): void {
    checkAdtsFrame(data)
    const key = adtsKey(data)
    if (key === this.#adtsKey) return
    const config = readAdts(data)
    if (this.#given) this.#compare(config)
    else this.#use(config, audioSpecificConfig(config.objectType, config.sampleRateHz, config.channels))
    this.#adtsKey = key
  }

  #use(config: AacConfig, codecPrivate: Uint8Array): void {
    const { sampleRateHz, channels } = this.#options
    const told = config.channels === 0 ? (channels ?? 0) : config.channels
    if (sampleRateHz !== undefined && sampleRateHz !== config.sampleRateHz && sampleRateHz !== config.outputRateHz) {
      throw contradiction('sampling rate', `${sampleRateHz} Hz`, `${config.sampleRateHz} Hz`)
    }
    if (channels !== undefined && channels !== told) {
      throw contradiction('channels', String(channels), String(told))
    }
    this.#config = config
    this.#silence = null
    this.format = {
      kind: 'audio',
      codec: 'aac',
      codecId: 'A_AAC',
      codecPrivate,
      sampleRateHz: config.sampleRateHz,
      ...(told > 0 ? { channels: told } : {}),
    }
  }

  /** An ADTS header beside a configuration that the caller gave. */
  #compare(header: AacConfig): void {
    const given = this.#config
    if (given === null) return
    if (header.sampleRateHz !== given.sampleRateHz) {
      throw contradiction('sampling rate', `${given.sampleRateHz} Hz`, `${header.sampleRateHz} Hz`)
    }
    if (given.channels > 0 && header.channels !== given.channels) {
      throw contradiction('channels', String(given.channels), String(header.channels))
    }
  }
}

function contradiction(what: string, given: string, found: string): KvsError {
  return new KvsError('MEDIA_INVALID', `AAC: ${what}: ${given} was given, the data says ${found}`, {
    cause: 'the setting is for another source, or the encoder was set up anew',
    cure: `correct the ${what}, or leave it out`,
  })
}
