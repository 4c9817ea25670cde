/** Turns frames into fragments: each frame once, from the caller's memory into the buffer. */

import { KvsError } from '../errors.ts'
import { makeCodec } from '../frame/codec/codec.ts'
import type { FragmentSink, SessionHeader } from '../frame/fragment.ts'
import {
  type Codec,
  type Frame,
  kindOf,
  newPayload,
  type Payload,
  type Track,
  type TrackOptions,
} from '../frame/frame.ts'
import type { WallMs } from '../frame/time.ts'
import type { Search } from '../platform.ts'
import type { Stats } from '../stats.ts'
import { clusterStartBytes, simpleBlockBytes, timestampAtByte, writeClusterStart, writeSimpleBlock } from './cluster.ts'
import { putUnsigned } from './ebml.ts'
import { Fragmenter, type Placement } from './fragmenter.ts'

interface TrackState {
  readonly codec: Codec
  readonly payload: Payload
  readonly name: string
  readonly video: boolean
  /** Size of the block of the frame inspected last. */
  blockBytes: number
  /** Whether the open fragment has a frame of this track. */
  present: boolean
}

/** Makes what a session with these tracks begins with. */
export type MakeHeader = (tracks: readonly Track[]) => Uint8Array

/** A packet of silence of AAC and its block head; G.711 needs more. */
const silenceRoomBytes = 64

export class Packager {
  readonly #sink: FragmentSink
  readonly #stats: Stats
  readonly #tracks: readonly TrackState[]
  readonly #fragmenter: Fragmenter
  readonly #silence = newPayload()
  /** What it takes at most to complete a fragment with silence. */
  readonly #slackBytes: number
  /** The track of the frame inspected last. */
  #inspected: TrackState | undefined
  /** The format of every track is known: it stays so. */
  #complete = false

  /** Of the fragments that begin now. */
  #header: SessionHeader | undefined
  /** What it was made of. */
  #declared: readonly Track[] = []
  readonly #makeHeader: MakeHeader

  /**
   * Throws KvsError MEDIA_INVALID or CONFIGURATION where a track's codec private data or numbers cannot be right.
   *
   * @param makeHeader the first bytes of a session with these tracks
   */
  constructor(
    tracks: readonly TrackOptions[],
    search: Search,
    sink: FragmentSink,
    stats: Stats,
    makeHeader: MakeHeader,
  ) {
    this.#makeHeader = makeHeader
    this.#sink = sink
    this.#stats = stats
    this.#tracks = tracks.map((track) => ({
      codec: makeCodec(track.codec, search, track),
      payload: newPayload(),
      name: track.name ?? kindOf(track.codec),
      video: kindOf(track.codec) === 'video',
      blockBytes: 0,
      present: false,
    }))
    this.#slackBytes = this.#tracks.reduce((bytes, { codec }) => bytes + silenceBytes(codec), 0)
    this.#fragmenter = new Fragmenter(this.#tracks.some((track) => track.video))
  }

  /** Whether there is a track of this number. */
  has(track: number): boolean {
    return this.#tracks[track - 1] !== undefined
  }

  /**
   * Looks at a frame's data; false where it holds no picture or sound, only parameter sets or the like.
   *
   * @throws KvsError MEDIA_INVALID
   */
  inspect(frame: Frame): boolean {
    const track = this.#tracks[frame.track - 1]
    if (track === undefined) throw new RangeError(`there is no track ${frame.track}`)
    const { codec, payload } = track
    codec.inspect(frame.data, payload)
    this.#inspected = track
    track.blockBytes = simpleBlockBytes(payload.sizeBytes)
    return payload.media
  }

  /** Where the frame inspected last belongs; changes nothing. */
  place(ptsMs: WallMs, dtsMs: WallMs): Placement {
    this.#complete ||= this.#tracks.every(({ codec }) => codec.format !== null)
    if (!this.#complete) return 'discard'
    const { codec, video, payload, blockBytes } = this.#track()
    // Only H.265 has pictures that follow a key frame and are shown before it.
    const earliestMs = codec.name === 'h265' ? dtsMs : ptsMs
    return this.#fragmenter.place(video, payload.keyFrame, ptsMs, earliestMs, blockBytes)
  }

  /** Time of the latest frame so far, epoch milliseconds; -1 before the first. */
  get latestMs(): WallMs {
    return this.#fragmenter.lastMs
  }

  /** Room to reserve before that frame is written: also for what completes the fragment before, and this one after it. */
  roomBytes(): number {
    return this.#track().blockBytes + clusterStartBytes + 2 * this.#slackBytes
  }

  /** Writes the frame placed last. */
  write(frame: Frame, placement: 'open' | 'append'): void {
    const fragmenter = this.#fragmenter
    const track = this.#track()
    if (placement === 'open') {
      this.seal()
      if (fragmenter.split) this.#stats.fragmentsSplit++
      this.#sink.begin(fragmenter.clusterMs, this.#sessionHeader())
      writeClusterStart(this.#sink, fragmenter.clusterMs)
    }
    const relativeMs = fragmenter.timeMs - fragmenter.clusterMs
    writeSimpleBlock(this.#sink, frame.track, relativeMs, track.payload.keyFrame, frame.data, track.payload)
    fragmenter.placed(placement, track.video, track.blockBytes)
    if (fragmenter.repaired) this.#stats.timesRepaired++
    track.present = true
  }

  /** Moves all that is in the buffer by `byMs`; nothing may have been sent of it. */
  shift(byMs: number): void {
    if (byMs === 0) return
    this.#fragmenter.shift(byMs)
    const timestamp = new Uint8Array(8)
    for (const fragment of this.#sink.fragments) {
      fragment.timecodeMs += byMs
      putUnsigned(timestamp, 0, fragment.timecodeMs, timestamp.length)
      this.#sink.overwrite(fragment.position + timestampAtByte, timestamp)
    }
  }

  /** Completes the open fragment: every declared track has a frame in it, or the service refuses it (error 4011). */
  seal(): void {
    if (this.#sink.open === undefined) return
    for (const [index, track] of this.#tracks.entries()) {
      if (!track.present) this.#addSilence(index + 1, track.codec)
    }
    this.#sink.seal()
    this.abandon()
  }

  /** There is no open fragment any more: what follows waits for a key frame. */
  abandon(): void {
    this.#fragmenter.close()
    for (const track of this.#tracks) track.present = false
  }

  /** The same object as long as the tracks are the same. */
  #sessionHeader(): SessionHeader {
    const tracks: Track[] = []
    for (const [index, { codec, name }] of this.#tracks.entries()) {
      if (codec.format !== null) tracks.push({ number: index + 1, name, format: codec.format })
    }
    const same = tracks.every((track, index) => track.format === this.#declared[index]?.format)
    if (this.#header !== undefined && same) return this.#header
    this.#declared = tracks
    this.#header = { bytes: this.#makeHeader(tracks) }
    return this.#header
  }

  #addSilence(number: number, codec: Codec): void {
    const packet = codec.silence()
    if (packet === null) return
    const payload = this.#silence
    payload.spans[0] = 0
    payload.spans[1] = packet.length
    payload.count = 1
    payload.sizeBytes = packet.length
    writeSimpleBlock(this.#sink, number, this.#fragmenter.lastRelativeMs, true, packet, payload)
    this.#stats.silentFrames++
  }

  #track(): TrackState {
    if (this.#inspected === undefined) throw new KvsError('INTERNAL', 'no frame has been inspected')
    return this.#inspected
  }
}

function silenceBytes(codec: Codec): number {
  return Math.max(silenceRoomBytes, simpleBlockBytes(codec.silence()?.length ?? 0))
}
