/** The recording that the benchmark plays: read once, then out of memory, round and round. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Frame, TrackOptions } from '../src/core/frame/frame.ts'
import type { DirectoryTrack } from '../src/core/source/directory.ts'
import { loadSource } from './product.ts'

/** KVS_SAMPLE_DIR, or the samples of this repository. */
export const mediaDirectory =
  process.env['KVS_SAMPLE_DIR'] || fileURLToPath(new URL('../samples/', import.meta.url)).slice(0, -1)

/** What is printed of it: AWS's frames are not the repository's, and where they lie is nobody's business. */
export const mediaName = process.env['KVS_SAMPLE_DIR'] ? 'the frames in KVS_SAMPLE_DIR' : 'samples/'

interface RecordedTrack {
  readonly options: TrackOptions
  readonly frames: readonly Buffer[]
  readonly frameMs: number
}

export interface Recording {
  readonly tracks: readonly RecordedTrack[]
  /** Bytes of pictures and sound in a second of the recording. */
  readonly bytesPerSecond: number
}

export async function readRecording(): Promise<Recording> {
  const { openDirectory, files, search } = await loadSource()
  const tracks = openDirectory(files, search, { directory: mediaDirectory }).map(readTrack)
  const rates = tracks.map(({ frames, frameMs }) => (sizeOf(frames) / frames.length / frameMs) * 1000)
  return { tracks, bytesPerSecond: rates.reduce((sum, rate) => sum + rate, 0) }
}

function readTrack({ files, codec, format, framesPerSecond }: DirectoryTrack): RecordedTrack {
  const { sampleRateHz, channels } = format
  const frames = Array.from({ length: files.count }, (_, index) => readFileSync(files.path(index)))
  const options = { codec, ...(sampleRateHz && { sampleRateHz }), ...(channels && { channels }) }
  return { options, frames, frameMs: framesPerSecond > 0 ? 1000 / framesPerSecond : soundMs(codec, frames, format) }
}

function soundMs(codec: string, frames: readonly Buffer[], format: DirectoryTrack['format']): number {
  const rateHz = format.sampleRateHz ?? 48_000
  return (1000 * (codec === 'aac' ? 1024 : (frames[0]?.length ?? 0) / (format.channels ?? 1))) / rateHz
}

function sizeOf(frames: readonly Buffer[]): number {
  return frames.reduce((bytes, frame) => bytes + frame.length, 0)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The frames of a recording in the order of their times, without end. */
export class FrameLoop {
  /** The frame to put next; one object for all. */
  readonly frame: Mutable<Frame> = { track: 1, pts: 0, dts: 0, data: new Uint8Array(0) }
  readonly #recording: Recording
  readonly #played: number[]
  /** When each track's next frame is due. */
  readonly #dueMs: number[]

  constructor(recording: Recording) {
    this.#recording = recording
    this.#played = recording.tracks.map(() => 0)
    this.#dueMs = recording.tracks.map(() => 0)
    this.advance()
  }

  advance(): void {
    const { tracks } = this.#recording
    const due = this.#dueMs
    let next = 0
    for (let index = 1; index < due.length; index++) if ((due[index] ?? 0) < (due[next] ?? 0)) next = index
    const track = tracks[next]
    if (track === undefined) throw new Error('a recording without tracks')
    const played = this.#played[next] ?? 0
    const { frame } = this
    frame.track = next + 1
    frame.pts = due[next] ?? 0
    frame.dts = frame.pts
    frame.data = track.frames[played % track.frames.length] ?? frame.data
    this.#played[next] = played + 1
    due[next] = (played + 1) * track.frameMs
  }
}

/**
 * Writes the recording below `directory` as the `kvs` command reads it, with pictures cut or lengthened evenly so that
 * at `framesPerSecond` they make `bitsPerSecond`. Sound stays as it is. Resolves with the bytes in a second.
 */
export async function writeScaled(directory: string, framesPerSecond: number, bitsPerSecond: number): Promise<number> {
  const { openDirectory, files, search } = await loadSource()
  let bytesPerSecond = 0
  for (const track of openDirectory(files, search, { directory: mediaDirectory })) {
    const { frames, frameMs } = readTrack(track)
    const video = track.format.kind === 'video'
    const factor = video ? bitsPerSecond / 8 / (framesPerSecond * (sizeOf(frames) / frames.length)) : 1
    let bytes = 0
    for (const [index, frame] of frames.entries()) {
      const whole = scaled(frame, factor)
      bytes += whole.length
      const path = join(directory, track.files.path(index).slice(mediaDirectory.length))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, whole)
    }
    bytesPerSecond += (bytes / frames.length) * (video ? framesPerSecond : 1000 / frameMs)
  }
  return bytesPerSecond
}

/** Enough frames for `megabytes`, but no more than small ones can be put in a few seconds. */
export function frameCount({ tracks, bytesPerSecond }: Recording, megabytes: number): number {
  const framesPerSecond = tracks.reduce((sum, { frameMs }) => sum + 1000 / frameMs, 0)
  return Math.min(150_000, Math.ceil(((megabytes * 1e6) / bytesPerSecond) * framesPerSecond))
}

/** The last NAL unit of a frame is its picture: what is cut off or added there leaves the rest as it was. */
function scaled(frame: Buffer, factor: number): Buffer {
  const bytes = Math.max(64, Math.round(frame.length * factor))
  return bytes <= frame.length
    ? frame.subarray(0, bytes)
    : Buffer.concat([frame, Buffer.alloc(bytes - frame.length, 0xa5)])
}
