import type { CodecName } from '../../core/frame/frame.ts'
import type { DirectoryTrack } from '../../core/source/directory.ts'

const names: Record<CodecName, string> = {
  h264: 'H.264',
  h265: 'H.265',
  aac: 'AAC',
  alaw: 'G.711 A-law',
  mulaw: 'G.711 mu-law',
}

/** A track in a few words, e.g. "H.264 640x480 25 fps". */
export function mediaText({ format, framesPerSecond }: DirectoryTrack): string {
  const name = names[format.codec]
  if (format.kind === 'video') {
    const size = format.width === undefined ? '' : ` ${format.width}x${format.height}`
    return `${name}${size} ${round(framesPerSecond)} fps`
  }
  const channels = format.channels === 1 ? 'mono' : format.channels === 2 ? 'stereo' : `${format.channels} channels`
  return `${name} ${(format.sampleRateHz ?? 0) / 1000} kHz ${channels}`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
