/** What one PutMedia session writes: its header, and one fragment after the other. */

import type { MediaTrack } from '../media.ts'
import type { FileLayer } from './files.ts'
import { fragmentNumber, sequencesPerBlock } from './fragmentNumber.ts'
import type { FragmentRecord } from './records.ts'
import { type Segment, SegmentWriter } from './segment.ts'

/** A new segment starts with the first fragment after this size, so that old media can go file by file. */
const segmentBytes = 64 * 1024 * 1024

/** A fragment that can be served: its bytes and its record are durable. */
export interface StoredFragment extends FragmentRecord {
  /** Where it is; the session header and the tracks are the segment's. */
  readonly segment: Segment
}

/** What is known of a fragment when it is complete. */
export interface FragmentFacts {
  /** Cluster timecode as sent, in units of the timecode scale. */
  readonly timecode: number
  readonly producerMs: number
  readonly lengthMs: number
}

/** A fragment that is still arriving. */
export interface OpenFragment {
  /** 47 digits, above all earlier ones of the session. */
  readonly number: string
  readonly sizeBytes: number
  /**
   * Appends bytes, which must stay unchanged until they are written. Null: go on; a promise: the disk is behind, wait
   * for it. It rejects when the disk has failed.
   */
  write(bytes: Uint8Array): Promise<void> | null
  /** Resolves when the fragment survives a power cut; rejects with the system's error when the disk failed. */
  commit(facts: FragmentFacts): Promise<StoredFragment>
  /** Forgets it: its bytes are reclaimed when the session ends. */
  abort(): void
}

/** What a session needs of its stream. */
export interface SessionOwner {
  readonly files: FileLayer
  readonly directory: string
  /** Null, or why nothing may be written any more. */
  readonly closed: Error | null
  /** The next thousand sequences, as their first one less one. */
  takeBlock(): number
  /** A segment is being written from now on. */
  opened(segment: Segment): void
  committed(fragment: StoredFragment): void
  /** Nothing more will be written to a segment; its files are closed. */
  released(segment: Segment): Promise<void>
  ended(session: SessionStore): void
}

export class SessionStore {
  readonly #owner: SessionOwner
  #header: Uint8Array | null = null
  #tracks: readonly MediaTrack[] = []
  #writer: SegmentWriter | null = null
  #block: number
  #sequence: number
  #open: OpenFragment | null = null
  readonly #releases: Promise<void>[] = []
  #ending: Promise<void> | null = null

  constructor(owner: SessionOwner) {
    this.#owner = owner
    this.#block = owner.takeBlock()
    this.#sequence = this.#block
  }

  /** What stands before the session's first Cluster, once, before the first fragment. Must stay unchanged. */
  header(bytes: Uint8Array, tracks: readonly MediaTrack[]): void {
    if (this.#header !== null) throw new Error('a session has one header')
    this.#header = bytes
    this.#tracks = tracks
  }

  /** Starts the next fragment; the one before has been committed or aborted. `serverMs`: when it began to arrive. */
  beginFragment(serverMs: number): OpenFragment {
    if (this.#open !== null) throw new Error('a session has one open fragment at a time')
    const sequence = this.#nextSequence()
    const writer = this.#segmentFor(sequence)
    const offset = writer?.sizeBytes ?? 0
    const number = fragmentNumber(sequence, serverMs)
    let sizeBytes = 0
    const fragment: OpenFragment = {
      number,
      get sizeBytes() {
        return sizeBytes
      },
      write: (bytes) => {
        if (this.#open !== fragment || writer === null) return this.#refuse()
        sizeBytes += bytes.length
        return writer.write(bytes)
      },
      commit: async (facts) => {
        if (this.#open === fragment) this.#open = null
        if (writer === null) return await this.#refuse()
        const record = { number, offset, sizeBytes, ...facts, serverMs }
        await writer.commit(record)
        const stored = { ...record, segment: writer.segment }
        this.#owner.committed(stored)
        return stored
      },
      abort: () => {
        if (this.#open === fragment) this.#open = null
      },
    }
    this.#open = fragment
    return fragment
  }

  /** Waits for the commits under way, reclaims what was not committed and closes the files. Never rejects. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    this.#open = null
    this.#release()
    await Promise.all(this.#releases)
    this.#owner.ended(this)
  }

  #refuse(): Promise<never> {
    return Promise.reject(this.#owner.closed ?? new Error('the session is over'))
  }

  #nextSequence(): number {
    if (this.#sequence === this.#block + sequencesPerBlock - 1) {
      // Another session may own the numbers that follow.
      this.#block = this.#owner.takeBlock()
      this.#sequence = this.#block
    }
    this.#sequence++
    return this.#sequence
  }

  #segmentFor(sequence: number): SegmentWriter | null {
    if (this.#header === null) throw new Error('a session starts with its header')
    if (this.#owner.closed !== null || this.#ending !== null) return null
    if (this.#writer !== null && this.#writer.sizeBytes >= segmentBytes) this.#release()
    if (this.#writer === null) {
      const { files, directory } = this.#owner
      this.#writer = new SegmentWriter(files, directory, sequence, this.#header, this.#tracks)
      this.#owner.opened(this.#writer.segment)
    }
    return this.#writer
  }

  #release(): void {
    const writer = this.#writer
    this.#writer = null
    if (writer === null) return
    this.#releases.push(writer.close().then(() => this.#owner.released(writer.segment)))
  }
}
