/** The original's input: directories of numbered frame files, one per track, played in loops at their own pace. */

import { KvsError } from '../errors.ts'
import { makeCodec } from '../frame/codec/codec.ts'
import { type Codec, type CodecName, newPayload, type TrackFormat } from '../frame/frame.ts'
import type { Files, Search } from '../platform.ts'
import { type NumberedFiles, numberedFiles } from './numbering.ts'

/** Folder, file name prefix and suffix per codec: the original's, and the C SDK's for the others. */
const layouts: Record<CodecName, readonly [folder: string, prefix: string, suffix: string]> = {
  h264: ['h264SampleFrames', 'frame-', '.h264'],
  h265: ['h265SampleFrames', 'frame-', '.h265'],
  aac: ['aacSampleFrames', 'sample-', '.aac'],
  alaw: ['alawSampleFrames', 'sample-', '.alaw'],
  mulaw: ['mulawSampleFrames', 'sample-', '.mulaw'],
}

export interface DirectoryOptions {
  readonly directory: string
  /** 'none': leave pictures out; undefined: H.264, else H.265, whichever is there. */
  readonly videoCodec?: 'h264' | 'h265' | 'none' | undefined
  /** 'none': leave sound out; undefined: AAC, else A-law, else mu-law, whichever is there. */
  readonly audioCodec?: 'aac' | 'alaw' | 'mulaw' | 'none' | undefined
  /** Default: what the bitstream says, else 25. */
  readonly framesPerSecond?: number | undefined
  /** Default: what the bitstream says, else 48000 for AAC and 8000 for G.711. */
  readonly sampleRateHz?: number | undefined
  /** Default: what the bitstream says, else 2 for AAC and 1 for G.711. */
  readonly channels?: number | undefined
}

/** One track of a directory, ready to be played. */
export interface DirectoryTrack {
  readonly files: NumberedFiles
  readonly codec: CodecName
  readonly format: TrackFormat
  /** Pictures a second; 0 for sound. */
  readonly framesPerSecond: number
}

/**
 * Looks at a directory and at the first frame of each track.
 *
 * @returns one or two tracks, pictures first
 * @throws KvsError INPUT_MISSING, INPUT_UNREADABLE, INPUT_GAP or MEDIA_INVALID
 */
export function openDirectory(files: Files, search: Search, options: DirectoryOptions): readonly DirectoryTrack[] {
  const folders = new Set(files.list(options.directory).map((entry) => entry.name))
  const video = choose(['h264', 'h265'], options.videoCodec, folders, options.directory)
  const audio = choose(['aac', 'alaw', 'mulaw'], options.audioCodec, folders, options.directory)
  const tracks: DirectoryTrack[] = []
  for (const codec of [video, audio]) if (codec !== null) tracks.push(openTrack(files, search, codec, options))
  if (tracks.length === 0) {
    const names = Object.values(layouts).map(([folder]) => folder)
    throw new KvsError('INPUT_MISSING', `${options.directory} has no frames`, {
      cause: `none of the folders ${names.join(', ')} is in it`,
    })
  }
  return tracks
}

function choose<C extends CodecName>(
  codecs: readonly C[],
  asked: C | 'none' | undefined,
  folders: ReadonlySet<string>,
  directory: string,
): C | null {
  if (asked === 'none') return null
  const found = codecs.filter((codec) => folders.has(layouts[codec][0]))
  if (asked === undefined) return found[0] ?? null
  if (found.includes(asked)) return asked
  throw new KvsError('INPUT_MISSING', `${directory} has no folder ${layouts[asked][0]}`)
}

function openTrack(files: Files, search: Search, codec: CodecName, options: DirectoryOptions): DirectoryTrack {
  const [folder, prefix, suffix] = layouts[codec]
  const path = join(options.directory, folder)
  const numbered = numberedFiles(path, prefix, suffix, files.list(path))
  if (numbered === null) {
    throw new KvsError('INPUT_MISSING', `${path} has no files ${prefix}001${suffix}, ${prefix}002${suffix} …`)
  }
  const format = probe(files, search, codec, numbered, options)
  const framesPerSecond = format.kind === 'video' ? (options.framesPerSecond ?? format.framesPerSecond ?? 25) : 0
  return { files: numbered, codec, format, framesPerSecond }
}

/** Reads frames until one tells the format: the first that holds parameter sets, for sound the first. */
function probe(
  files: Files,
  search: Search,
  codec: CodecName,
  numbered: NumberedFiles,
  options: DirectoryOptions,
): TrackFormat {
  const reader = new FrameReader(files)
  const parser = makeCodec(codec, search, audioDefaults(codec, reader.read(numbered.path(0)), options))
  const payload = newPayload()
  for (let index = 0; index < numbered.count; index++) {
    const path = numbered.path(index)
    inspect(parser, reader.read(path), payload, path)
    if (parser.format !== null) return parser.format
  }
  throw new KvsError(
    'MEDIA_INVALID',
    `${numbered.path(0)} and the ${numbered.count - 1} files after it: no parameter sets`,
    {
      cause: 'the recording begins after the key frame that held them',
    },
  )
}

/** The rate and channels to assume where the bitstream does not tell: raw AAC, and G.711. */
export function audioDefaults(codec: CodecName, first: Uint8Array, options: DirectoryOptions) {
  const { sampleRateHz, channels } = options
  const told = { ...(sampleRateHz && { sampleRateHz }), ...(channels && { channels }) }
  const adts = first.length > 1 && first[0] === 0xff && ((first[1] ?? 0) & 0xf6) === 0xf0
  if (codec !== 'aac' || adts) return told
  return { sampleRateHz: sampleRateHz ?? 48_000, channels: channels ?? 2 }
}

function inspect(parser: Codec, data: Uint8Array, payload: ReturnType<typeof newPayload>, path: string): void {
  try {
    parser.inspect(data, payload)
  } catch (error) {
    throw withPath(error, path)
  }
}

/** The error with the file's path before its message. */
export function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof KvsError)) return error
  return new KvsError(error.code, `${path}: ${error.message}`, { cause: error.likelyCause, cure: error.cure })
}

/** Reads frames into one piece of memory that grows to the largest. */
export class FrameReader {
  readonly #files: Files
  #scratch = new Uint8Array(4096)

  constructor(files: Files) {
    this.#files = files
  }

  /** The content of a file; valid until the next call. */
  read(path: string): Uint8Array {
    let size = this.#files.read(path, this.#scratch)
    while (size > this.#scratch.length) {
      this.#scratch = new Uint8Array(Math.ceil(size / 4096) * 4096)
      size = this.#files.read(path, this.#scratch)
    }
    return this.#scratch.subarray(0, size)
  }
}

function join(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`
}
