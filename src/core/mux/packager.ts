/** Turns frames into fragments: each frame once, from the caller's memory into the buffer. */

import { KvsError } from '../errors.ts'
import type { FragmentSink } from '../frame/fragment.ts'
import { type Codec, type Frame, newPayload, type TrackOptions } from '../frame/frame.ts'
import type { Repairs } from '../frame/repairs.ts'
import type { WallMs } from '../frame/time.ts'
import type { Search } from '../platform.ts'
import type { Stats } from '../stats.ts'
import { clusterStartBytes, simpleBlockBytes, timestampAtByte, writeClusterStart, writeSimpleBlock } from './cluster.ts'
import { putUnsigned } from './ebml.ts'
import { Fragmenter, type Placement } from './fragmenter.ts'
import { Metadata } from './metadata.ts'
import { type MakeHeader, type TrackState, TrackStates } from './trackState.ts'

/** A packet of silence of AAC and its block head; G.711 needs more. */
const silenceRoomBytes = 64

export interface PackagerOptions {
  readonly tracks: readonly TrackOptions[]
  readonly search: Search
  /** `reserve` takes the memory for so many bytes more; false where there is none. */
  readonly sink: FragmentSink & { reserve(bytes: number): boolean }
  readonly stats: Stats
  readonly repairs: Repairs
  /** The first bytes of a session with these tracks. */
  readonly makeHeader: MakeHeader
  /** Something that whoever runs the stream may want to change. */
  readonly onWarning: (message: string) => void
}

export class Packager {
  /** What fragments carry beside media. */
  readonly metadata = new Metadata()
  readonly #options: PackagerOptions
  readonly #tracks: TrackStates
  readonly #fragmenter: Fragmenter
  readonly #silence = newPayload()
  /** What it takes at most to complete a fragment with silence. */
  readonly #slackBytes: number
  /** The track of the frame inspected last. */
  #inspected: TrackState | undefined
  readonly #told = new Set<string>()

  /** Throws KvsError MEDIA_INVALID or CONFIGURATION where a track's codec private data or numbers cannot be right. */
  constructor(options: PackagerOptions) {
    const { tracks, search, makeHeader } = options
    this.#options = options
    this.#tracks = new TrackStates(tracks, search, makeHeader, (message) => this.#tell(message))
    this.#slackBytes = this.#tracks.all.reduce((bytes, { codec }) => bytes + silenceBytes(codec), 0)
    this.#fragmenter = new Fragmenter(this.#tracks.all.some((track) => track.video))
  }

  /** Whether there is a track of this number. */
  has(track: number): boolean {
    return this.#tracks.all[track - 1] !== undefined
  }

  /**
   * Looks at a frame's data; false where it holds no picture or sound, only parameter sets or the like.
   *
   * @throws KvsError MEDIA_INVALID
   */
  inspect(frame: Frame): boolean {
    const track = this.#tracks.all[frame.track - 1]
    if (track === undefined) throw new RangeError(`there is no track ${frame.track}`)
    const { codec, payload } = track
    codec.inspect(frame.data, payload)
    this.#inspected = track
    track.blockBytes = simpleBlockBytes(payload.sizeBytes)
    return payload.media
  }

  /**
   * Where the frame inspected last belongs; changes nothing.
   *
   * @param ptsMs epoch milliseconds, rounded
   * @param dtsMs the same; pictures that follow it are shown no earlier
   */
  place(ptsMs: WallMs, dtsMs: WallMs): Placement {
    const track = this.#track()
    const { codec, video, payload, blockBytes, declared } = track
    const { format } = codec
    if (!this.#tracks.isReady(ptsMs) || format === null) return 'discard'
    const earliestMs = payload.leading ? dtsMs : ptsMs
    const newFormat = format !== declared
    const placement = this.#fragmenter.place(video, payload.keyFrame, ptsMs, earliestMs, blockBytes, newFormat)
    if (placement !== 'append' || declared !== undefined) return placement
    // The next fragment declares it again.
    track.absentSinceMs = -1
    return 'discard'
  }

  /** Room to reserve before that frame is written: also for what completes the fragment before, and this one after it. */
  roomBytes(): number {
    return this.#track().blockBytes + clusterStartBytes + 2 * (this.#slackBytes + this.metadata.bytes.length)
  }

  /** Writes the frame placed last. */
  write(frame: Frame, placement: 'open' | 'append'): void {
    const fragmenter = this.#fragmenter
    const { sink } = this.#options
    const track = this.#track()
    if (placement === 'open') this.#begin(track)
    const relativeMs = fragmenter.timeMs - fragmenter.clusterMs
    writeSimpleBlock(sink, frame.track, relativeMs, track.payload.keyFrame, frame.data, track.payload)
    fragmenter.placed(placement, track.video, track.blockBytes)
    if (fragmenter.movedMs !== 0) this.#options.repairs.count('border', fragmenter.movedMs)
    track.present = true
  }

  /** Moves all that is in the buffer by `byMs`; nothing may have been sent of it. */
  shift(byMs: number): void {
    if (byMs === 0) return
    this.#fragmenter.shift(byMs)
    const timestamp = new Uint8Array(8)
    for (const fragment of this.#options.sink.fragments) {
      fragment.timecodeMs += byMs
      putUnsigned(timestamp, 0, fragment.timecodeMs, timestamp.length)
      this.#options.sink.overwrite(fragment.position + timestampAtByte, timestamp)
    }
  }

  /** Completes the open fragment; what follows waits for a key frame. */
  seal(): void {
    this.#complete()
    this.abandon()
  }

  /** The same, when no other comes. */
  end(): void {
    this.seal()
    if (this.metadata.waiting > 0) this.#tell('metadata was put behind the last fragment: it is not sent')
  }

  /** There is no open fragment any more: what follows waits for a key frame. */
  abandon(): void {
    this.#fragmenter.close()
    for (const track of this.#tracks.all) track.present = false
  }

  #begin(track: TrackState): void {
    const { clusterMs, split, alone } = this.#fragmenter
    const { sink, stats } = this.#options
    this.#complete()
    if (split) {
      stats.fragmentsSplit++
      this.#tell(
        'key frames are too far apart for the service: a fragment is split, and the rest cannot be played by itself',
      )
    }
    sink.begin(clusterMs, this.#tracks.declare(track, clusterMs, alone))
    writeClusterStart(sink, clusterMs)
  }

  /** Every declared track has a frame in a fragment, or the service refuses it (error 4011). */
  #complete(): void {
    const { sink } = this.#options
    const { open } = sink
    if (open === undefined) return
    for (const [index, { codec, declared, present }] of this.#tracks.all.entries()) {
      if (declared !== undefined && !present) this.#addSilence(index + 1, codec)
    }
    this.#addMetadata()
    sink.seal()
    this.#tracks.close(open.timecodeMs)
  }

  #addMetadata(): void {
    const { metadata } = this
    const { bytes } = metadata
    const { sink } = this.#options
    if (bytes.length === 0) return
    if (sink.reserve(bytes.length)) {
      sink.write(bytes, 0, bytes.length)
      metadata.written()
    } else this.#tell('the buffer is full: metadata goes with a later fragment')
  }

  #addSilence(number: number, codec: Codec): void {
    const { sink, stats } = this.#options
    const packet = codec.silence()
    if (packet === null) return
    const payload = this.#silence
    payload.spans[0] = 0
    payload.spans[1] = packet.length
    payload.count = 1
    payload.sizeBytes = packet.length
    writeSimpleBlock(sink, number, this.#fragmenter.lastRelativeMs, true, packet, payload)
    stats.silentFrames++
  }

  /** Once: a stream runs for months. */
  #tell(message: string): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    this.#options.onWarning(message)
  }

  #track(): TrackState {
    if (this.#inspected === undefined) throw new KvsError('INTERNAL', 'no frame has been inspected')
    return this.#inspected
  }
}

function silenceBytes(codec: Codec): number {
  return Math.max(silenceRoomBytes, simpleBlockBytes(codec.silence()?.length ?? 0))
}
