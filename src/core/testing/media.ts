/** Frames that a codec takes and a test can tell apart: each carries its number. */

import type { Frame } from '../frame/frame.ts'

// Of a 640x360 encoding with x264.
const sps = [
  0x67, 0x64, 0x00, 0x1f, 0xac, 0x4c, 0x22, 0x05, 0x01, 0x7f, 0xcb, 0x80, 0xb5, 0x01, 0x01, 0x01, 0x40, 0x00, 0x00,
  0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x83, 0xc6, 0x0c, 0x84, 0x60,
]
const pps = [0x68, 0xe8, 0x43, 0x14, 0xb2, 0x2c]

/** Parameter sets alone. */
export const parameterSets = new Uint8Array([0, 0, 0, 1, ...sps, 0, 0, 0, 1, ...pps])

/** Four bytes of `number`, none of which can be taken for a part of a start code. */
function marker(number: number): number[] {
  return [21, 14, 7, 0].map((shift) => 0x80 | ((number >> shift) & 127))
}

/** The number in the last bytes of a frame as made here, whatever form it was stored in. */
export function numberOf(data: Uint8Array): number {
  return data.subarray(-4).reduce((value, byte) => value * 128 + (byte & 127), 0)
}

/** An H.264 frame in Annex B of about `sizeBytes`. */
export function picture(number: number, keyFrame: boolean, sizeBytes = 60): Uint8Array {
  const head = keyFrame ? [...parameterSets, 0, 0, 0, 1, 0x65] : [0, 0, 0, 1, 0x41]
  const out = new Uint8Array(Math.max(sizeBytes, head.length + 8)).fill(0xa5)
  out.set(head)
  out.set(marker(number), out.length - 4)
  return out
}

/** The same picture with another picture parameter set: a stream that has changed needs a header of its own. */
export function changed(data: Uint8Array): Uint8Array {
  const out = data.slice()
  for (let i = 0; i + 5 < out.length; i++) {
    if (out[i] === 0x68 && out[i + 1] === 0xe8 && out[i + 2] === 0x43) out[i + 4] = 0xb3
  }
  return out
}

/** A raw AAC packet: the codec does not look inside. */
export function packet(number: number, sizeBytes = 20): Uint8Array {
  const out = new Uint8Array(sizeBytes).fill(0x21)
  out.set(marker(number), out.length - 4)
  return out
}

/** The same behind an ADTS header: AAC-LC, 48 kHz, stereo. */
export function adtsPacket(number: number, sizeBytes = 20): Uint8Array {
  const length = sizeBytes + 7
  const head = [0xff, 0xf1, 0x4c, 0x80 | (length >> 11), (length >> 3) & 255, ((length & 7) << 5) | 0x1f, 0xfc]
  const out = new Uint8Array(length)
  out.set(head)
  out.set(packet(number, sizeBytes), 7)
  return out
}

export interface MediaModel {
  readonly durationMs: number
  readonly gopMs?: number
  readonly framesPerSecond?: number
  readonly pictureBytes?: number
  readonly keyPictureBytes?: number
  readonly audio?: boolean
  /** Milliseconds of a packet of sound. */
  readonly packetMs?: number
}

/** Pictures on track 1 and sound on track 2, by decode time, numbered from 0 over both. */
export function media(model: MediaModel): Frame[] {
  const { durationMs, gopMs = 1000, framesPerSecond = 10, audio = true, packetMs = 64 } = model
  const frames: { pts: number; track: number; key: boolean }[] = []
  const perGop = Math.round((gopMs * framesPerSecond) / 1000)
  for (let n = 0; (n * 1000) / framesPerSecond < durationMs; n++) {
    frames.push({ pts: (n * 1000) / framesPerSecond, track: 1, key: n % perGop === 0 })
  }
  for (let n = 0; audio && n * packetMs < durationMs; n++) frames.push({ pts: n * packetMs, track: 2, key: true })
  frames.sort((a, b) => a.pts - b.pts || a.track - b.track)
  const { pictureBytes = 60, keyPictureBytes = pictureBytes } = model
  return frames.map(({ pts, track, key }, number) => ({
    track,
    pts,
    dts: pts,
    data: track === 2 ? packet(number) : picture(number, key, key ? keyPictureBytes : pictureBytes),
  }))
}
