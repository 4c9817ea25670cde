/** G.711: A-law and mu-law, one byte to a sample. Matroska holds it as A_MS/ACM with a WAVEFORMATEX. */

import { KvsError } from '../../errors.ts'
import type { Codec, Payload, TrackFormat } from '../frame.ts'

export interface G711Options {
  /** 8000 to 192000 Hz; 8000 where not given. */
  readonly sampleRateHz?: number
  /** 1 or 2; 1 where not given. */
  readonly channels?: number
}

/** wFormatTag of WAVEFORMATEX, and the sample nearest to zero (ITU-T G.711 tables 1a and 2a). */
const laws = { alaw: { tag: 6, zero: 0xd5 }, mulaw: { tag: 7, zero: 0xff } } as const

const bitsPerSample = 8
const silencesPerSecond = 50

/** A track of G.711. Throws CONFIGURATION where rate or channels are out of the service's range. */
export function g711Codec(name: 'alaw' | 'mulaw', { sampleRateHz = 8000, channels = 1 }: G711Options = {}): Codec {
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < 8000 || sampleRateHz > 192_000) {
    throw new KvsError('CONFIGURATION', `G.711: a sampling rate of ${sampleRateHz} Hz: 8000 to 192000 are possible`)
  }
  if (channels !== 1 && channels !== 2) {
    throw new KvsError('CONFIGURATION', `G.711: ${channels} channels: 1 or 2 are possible`)
  }
  return new G711Codec(name, sampleRateHz, channels)
}

class G711Codec implements Codec {
  readonly name: 'alaw' | 'mulaw'
  readonly format: TrackFormat
  readonly #sampleRateHz: number
  readonly #channels: number

  constructor(name: 'alaw' | 'mulaw', sampleRateHz: number, channels: number) {
    this.name = name
    this.#sampleRateHz = sampleRateHz
    this.#channels = channels
    const codecPrivate = waveFormat(laws[name].tag, sampleRateHz, channels)
    this.format = { kind: 'audio', codec: name, codecId: 'A_MS/ACM', codecPrivate, sampleRateHz, channels }
  }

  inspect(data: Uint8Array, payload: Payload): void {
    if (data.length === 0) throw new KvsError('MEDIA_INVALID', 'the frame is empty')
    if (data.length % this.#channels !== 0) {
      throw new KvsError(
        'MEDIA_INVALID',
        `G.711: ${data.length} bytes are no whole samples of ${this.#channels} channels`,
      )
    }
    payload.spans[0] = 0
    payload.spans[1] = data.length
    payload.count = 1
    payload.prefixed = false
    payload.sizeBytes = data.length
    payload.keyFrame = true
    payload.media = true
  }

  /** 20 ms of it. */
  silence(): Uint8Array {
    const samples = Math.round(this.#sampleRateHz / silencesPerSecond)
    return new Uint8Array(samples * this.#channels).fill(laws[this.name].zero)
  }
}

/** WAVEFORMATEX without extra bytes: 18 bytes, little-endian. */
function waveFormat(tag: number, sampleRateHz: number, channels: number): Uint8Array {
  const out = new Uint8Array(18)
  const view = new DataView(out.buffer)
  view.setUint16(0, tag, true)
  view.setUint16(2, channels, true)
  view.setUint32(4, sampleRateHz, true)
  view.setUint32(8, sampleRateHz * channels, true)
  view.setUint16(12, channels, true)
  view.setUint16(14, bitsPerSample, true)
  return out
}
