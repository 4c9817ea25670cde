/** One stream's fragments: found again after a restart, listed, read, followed as they come, and expired. */

import type { FileLayer } from './files.ts'
import { compareNumbers, sequenceOf, sequencesPerBlock } from './fragmentNumber.ts'
import { FragmentReader } from './fragmentReader.ts'
import { recoverSegment, type Segment, segmentPaths, segmentSequences } from './segment.ts'
import { type SessionOwner, SessionStore, type StoredFragment } from './sessionStore.ts'

/** Told of every fragment that has become durable, and of the end. */
export interface Tail {
  onFragment(fragment: StoredFragment): void
  /** The stream is deleted or the store closed; nothing follows. */
  onEnd(): void
}

/** What may stay. */
export interface Retention {
  /** Fragments received longer ago than this go. */
  readonly maxAgeMs: number
  /** The oldest go until the rest is no larger. */
  readonly maxBytes?: number
}

export class StreamStore {
  readonly #files: FileLayer
  readonly #directory: string
  #fragments: StoredFragment[] = []
  /** Segments that hold fragments, and those being written. */
  readonly #segments = new Map<number, Segment>()
  readonly #writing = new Set<number>()
  /** Segments of which only the name is left, which tells the numbers that have been used. */
  readonly #names = new Set<number>()
  #highestSequence = -1
  readonly #sessions = new Set<SessionStore>()
  readonly #tails = new Set<Tail>()
  #closed: Error | null = null
  readonly #owner: SessionOwner

  /** Removals run one after the other; never rejects. */
  #housekeeping: Promise<unknown> = Promise.resolve()

  /** A stream without fragments, whose directory need not exist. */
  constructor(files: FileLayer, directory: string) {
    this.#files = files
    this.#directory = directory
    const stream = this
    this.#owner = {
      files,
      directory,
      get closed() {
        return stream.#closed
      },
      takeBlock: () => this.#takeBlock(),
      opened: (segment) => {
        this.#segments.set(segment.sequence, segment)
        this.#writing.add(segment.sequence)
      },
      committed: (fragment) => this.#add(fragment),
      released: async (segment) => {
        this.#writing.delete(segment.sequence)
        // What cannot be removed now is removed at the next expiry or start.
        await this.#removeEmpty().catch(() => {})
      },
      ended: (session) => this.#sessions.delete(session),
    }
  }

  /** Opens the stream in `directory`, and cuts what a crash left half-written; `warn` is told of damage. */
  static async open(
    files: FileLayer,
    directory: string,
    warn: (message: string) => void = () => undefined,
  ): Promise<StreamStore> {
    const stream = new StreamStore(files, directory)
    await stream.#recover(warn)
    return stream
  }

  /** Every fragment that is durable and not expired, by ascending number. Changes as fragments come and go. */
  fragments(): readonly StoredFragment[] {
    return this.#fragments
  }

  /** The fragment of the highest number. */
  get latest(): StoredFragment | null {
    return this.#fragments[this.#fragments.length - 1] ?? null
  }

  /** True once the stream is deleted or the store closed. */
  get closed(): boolean {
    return this.#closed !== null
  }

  /** The fragment of this number (without leading zeros), or null. */
  find(number: string): StoredFragment | null {
    const found = this.#fragments[this.#indexAfter(number) - 1]
    return found?.number === number ? found : null
  }

  /** The first fragment of a number above `number`, or null. */
  firstAfter(number: string): StoredFragment | null {
    return this.#fragments[this.#indexAfter(number)] ?? null
  }

  /** Starts a session, whose fragments are numbered from the next thousand on. */
  beginSession(): SessionStore {
    const session = new SessionStore(this.#owner)
    this.#sessions.add(session)
    return session
  }

  /** Opens a fragment for reading. Throws FragmentGone where it has expired or the stream is deleted. */
  async openFragment(fragment: StoredFragment): Promise<FragmentReader> {
    return await FragmentReader.open(this.#files, fragment)
  }

  /** Tells `tail` of fragments from now on; the function returned ends that. A closed stream ends it at once. */
  follow(tail: Tail): () => void {
    if (this.#closed !== null) tail.onEnd()
    else this.#tails.add(tail)
    return () => this.#tails.delete(tail)
  }

  /**
   * Forgets what may no longer be served, by server timestamp, and removes the segments in which nothing is left. To be
   * called at start too: that a fragment had expired is not written down.
   */
  async expire(nowMs: number, retention: Retention): Promise<void> {
    const { maxAgeMs, maxBytes = Number.POSITIVE_INFINITY } = retention
    const young = this.#fragments.filter(({ serverMs }) => serverMs > nowMs - maxAgeMs)
    let bytes = 0
    let first = young.length
    while (first > 0) {
      bytes += young[first - 1]?.sizeBytes ?? 0
      if (bytes > maxBytes) break
      first--
    }
    if (first === 0 && young.length === this.#fragments.length && this.#names.size < 2) return
    this.#fragments = young.slice(first)
    await this.#removeEmpty()
  }

  /** Ends the tails and the sessions, whose commits under way are waited for. */
  async close(reason = new Error('the store is closed')): Promise<void> {
    this.#closed ??= reason
    for (const tail of [...this.#tails]) tail.onEnd()
    this.#tails.clear()
    await Promise.all([...this.#sessions].map((session) => session.end()))
    await this.#housekeeping
  }

  #indexAfter(number: string): number {
    let low = 0
    let high = this.#fragments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareNumbers(this.#fragments[middle]?.number ?? '', number) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #takeBlock(): number {
    const block = (Math.floor(this.#highestSequence / sequencesPerBlock) + 1) * sequencesPerBlock
    this.#highestSequence = block
    return block
  }

  #add(fragment: StoredFragment): void {
    this.#fragments.splice(this.#indexAfter(fragment.number), 0, fragment)
    for (const tail of [...this.#tails]) tail.onFragment(fragment)
  }

  async #recover(warn: (message: string) => void): Promise<void> {
    const names = await this.#files.list(this.#directory)
    for (const sequence of segmentSequences(names)) {
      this.#highestSequence = Math.max(this.#highestSequence, sequence)
      const recovered = await recoverSegment(this.#files, this.#directory, sequence, warn)
      const nothing = { sequence, ...segmentPaths(this.#directory, sequence), headerBytes: 0, tracks: [] }
      this.#segments.set(sequence, recovered?.segment ?? nothing)
      for (const record of recovered?.fragments ?? []) {
        this.#highestSequence = Math.max(this.#highestSequence, sequenceOf(record.number))
        if (recovered !== null) this.#fragments.push({ ...record, segment: recovered.segment })
      }
    }
    this.#fragments.sort((left, right) => compareNumbers(left.number, right.number))
    await this.#removeEmpty()
  }

  /**
   * Removes the segments without fragments. Of the newest one its name stays, as an empty index, until there is a newer
   * one: numbers must rise even when everything that bore one has gone.
   */
  #removeEmpty(): Promise<void> {
    const done = this.#housekeeping.then(() => (this.#closed === null ? this.#removeEmptyNow() : undefined))
    this.#housekeeping = done.catch(() => {})
    return done
  }

  async #removeEmptyNow(): Promise<void> {
    const used = new Set(this.#fragments.map(({ segment }) => segment.sequence))
    const empty = [...this.#segments.values()].filter((s) => !used.has(s.sequence) && !this.#writing.has(s.sequence))
    for (const { sequence, dataPath, indexPath } of empty) {
      this.#segments.delete(sequence)
      this.#names.add(sequence)
      await this.#files.remove(dataPath)
      const marker = await this.#files.create(indexPath)
      await marker.sync()
      await marker.close()
    }
    const newest = Math.max(...used, ...this.#names)
    const old = [...this.#names].filter((sequence) => sequence < newest)
    for (const sequence of old) {
      await this.#files.remove(segmentPaths(this.#directory, sequence).indexPath)
      this.#names.delete(sequence)
    }
  }
}
