/**
 * A segment: one file that starts with a session header and goes on with that session's fragments as they arrived, and
 * its index. A session writes to one segment at a time, and a segment belongs to one session, so that sessions that
 * overlap never mix their bytes.
 */

import { join } from 'node:path'
import type { MediaTrack } from '../media.ts'
import type { AppendFile, FileLayer } from './files.ts'
import { type FragmentRecord, readIndex, recordLine } from './records.ts'

/** More than this waiting for the disk, and the writer is asked to wait. */
const highWaterBytes = 1024 * 1024
/** The same for pieces, each of which costs memory of its own however small it is. */
const highWaterPieces = 4096

/** What is known of a segment whether or not it is still being written. */
export interface Segment {
  /** Sequence of its first fragment: also its file name. */
  readonly sequence: number
  readonly dataPath: string
  readonly indexPath: string
  readonly headerBytes: number
  readonly tracks: readonly MediaTrack[]
}

const dataSuffix = '.mkv'
const indexSuffix = '.index'

export function segmentPaths(directory: string, sequence: number): { dataPath: string; indexPath: string } {
  const name = String(sequence).padStart(16, '0')
  return { dataPath: join(directory, name + dataSuffix), indexPath: join(directory, name + indexSuffix) }
}

/** The sequences of the segments, or what is left of them, among the names of a directory; ascending. */
export function segmentSequences(names: readonly string[]): number[] {
  const found = new Set<number>()
  for (const name of names) {
    const match = /^([0-9]{16})\.(mkv|index)$/.exec(name)
    if (match !== null) found.add(Number(match[1]))
  }
  return [...found].sort((left, right) => left - right)
}

/** What a restart finds of a segment. */
export interface RecoveredSegment {
  readonly segment: Segment
  readonly fragments: readonly FragmentRecord[]
}

/**
 * Finds a segment's committed fragments after a restart and cuts what was never committed. Null where nothing was: both
 * files are of no use then. What is damaged, which no crash does, is told to `warn` and never removed: a segment of
 * which nothing can be read is kept aside under the names `*.damaged`, and null as well.
 */
export async function recoverSegment(
  files: FileLayer,
  directory: string,
  sequence: number,
  warn: (message: string) => void,
): Promise<RecoveredSegment | null> {
  const { dataPath, indexPath } = segmentPaths(directory, sequence)
  const [indexBytes, dataBytes] = await Promise.all([readOrNothing(files, indexPath), sizeOrZero(files, dataPath)])
  const { head, fragments, damagedLines, wholeBytes } = readIndex(indexBytes)
  const isThere = ({ offset, sizeBytes }: FragmentRecord) => offset + sizeBytes <= dataBytes
  const whole = head === null || dataBytes < head.headerBytes ? [] : fragments.filter(isThere)
  const lost = fragments.length - whole.length
  if (head === null || whole.length === 0) {
    if (fragments.length === 0 && damagedLines === 0) return null
    for (const path of [dataPath, indexPath])
      await files.rename(path, `${path}.damaged`).catch(ignoreMissing(undefined))
    await files.syncDirectory(directory)
    warn(`${indexPath} or what it describes is damaged: both are kept as *.damaged, and not served`)
    return null
  }
  if (damagedLines > 0) warn(`${indexPath} has ${damagedLines} damaged lines: their fragments are not served`)
  if (lost > 0) warn(`${dataPath} is cut short: ${lost} fragments are lost`)
  // What a damaged line speaks of looks like what was never committed.
  if (damagedLines === 0 && lost === 0) {
    if (wholeBytes < indexBytes.length) await files.truncate(indexPath, wholeBytes)
    const end = committedEnd(whole)
    if (end < dataBytes) await files.truncate(dataPath, end)
  }
  return {
    segment: { sequence, dataPath, indexPath, headerBytes: head.headerBytes, tracks: head.tracks },
    fragments: whole,
  }
}

function committedEnd(fragments: readonly FragmentRecord[]): number {
  return fragments.reduce((end, { offset, sizeBytes }) => Math.max(end, offset + sizeBytes), 0)
}

async function readOrNothing(files: FileLayer, path: string): Promise<Uint8Array> {
  return await files.read(path).catch(ignoreMissing(new Uint8Array(0)))
}

async function sizeOrZero(files: FileLayer, path: string): Promise<number> {
  return await files.sizeBytes(path).catch(ignoreMissing(0))
}

function ignoreMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return instead
    throw error
  }
}

/** True where an error says that a file or directory does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/**
 * Writes one segment. Calls return at once and are done in order; after the first failure of the disk nothing more is
 * written, and every commit from then on rejects with it.
 */
export class SegmentWriter {
  readonly segment: Segment
  readonly #files: FileLayer
  readonly #directory: string
  #data: AppendFile | null = null
  #index: AppendFile | null = null
  /** Never rejects; ends when everything asked for so far is done. */
  #work: Promise<void>
  #failure: unknown = null
  #pieces: Uint8Array[] = []
  #queuedBytes = 0
  #sizeBytes = 0
  #committedBytes = 0

  constructor(
    files: FileLayer,
    directory: string,
    sequence: number,
    header: Uint8Array,
    tracks: readonly MediaTrack[],
  ) {
    this.#files = files
    this.#directory = directory
    this.segment = { sequence, ...segmentPaths(directory, sequence), headerBytes: header.length, tracks }
    this.#work = Promise.resolve()
    void this.#next(() => this.#open()).catch(keptAsFailure)
    void this.write(header)
  }

  /** Size of the segment when everything given so far is written. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** True once a fragment is durable. */
  get committed(): boolean {
    return this.#committedBytes > 0
  }

  /**
   * Appends bytes, which must stay unchanged until they are written. Null: go on; a promise: the disk is behind, wait for
   * it. It rejects when the disk has failed.
   */
  write(bytes: Uint8Array): Promise<void> | null {
    this.#sizeBytes += bytes.length
    if (this.#failure !== null) return Promise.reject(this.#failure)
    this.#pieces.push(bytes)
    this.#queuedBytes += bytes.length
    // One piece waiting means that nothing of these is under way yet; later ones go along with it.
    const written = this.#pieces.length === 1 ? this.#next(() => this.#flush()) : null
    if (this.#queuedBytes <= highWaterBytes && this.#pieces.length <= highWaterPieces) {
      written?.catch(keptAsFailure)
      return null
    }
    return written ?? this.#next(() => this.#flush())
  }

  /** Makes a fragment durable: its bytes first, then its record. All of its bytes have been given to `write`. */
  commit(record: FragmentRecord): Promise<void> {
    return this.#next(async () => {
      await this.#flush()
      await this.#data?.sync()
      await this.#index?.write([recordLine(record)])
      await this.#index?.sync()
      this.#committedBytes = Math.max(this.#committedBytes, record.offset + record.sizeBytes)
    })
  }

  /** Cuts what was not committed and closes the files. Never rejects: a restart cuts what could not be cut now. */
  async close(): Promise<void> {
    await this.#work
    const data = this.#data
    const index = this.#index
    this.#data = null
    this.#index = null
    if (data !== null && this.#sizeBytes > this.#committedBytes) await data.truncate(this.#committedBytes).catch(ignore)
    await data?.close().catch(ignore)
    await index?.close().catch(ignore)
  }

  #next(job: () => Promise<void>): Promise<void> {
    const done = this.#work.then(async () => {
      if (this.#failure !== null) throw this.#failure
      await job()
    })
    this.#work = done.catch((error: unknown) => {
      this.#failure ??= error
      this.#pieces = []
      this.#queuedBytes = 0
    })
    return done
  }

  async #open(): Promise<void> {
    const { dataPath, indexPath, headerBytes, tracks } = this.segment
    await this.#files.makeDirectory(this.#directory)
    this.#data = await this.#files.create(dataPath)
    this.#index = await this.#files.create(indexPath)
    await this.#index.write([recordLine({ version: 1, headerBytes, tracks })])
    await this.#files.syncDirectory(this.#directory)
  }

  async #flush(): Promise<void> {
    const pieces = this.#pieces
    if (pieces.length === 0) return
    const bytes = this.#queuedBytes
    this.#pieces = []
    await this.#data?.write(pieces)
    this.#queuedBytes -= bytes
  }
}

/** The writer remembers a failure and tells it at the next commit; there is nobody to tell it to before. */
function keptAsFailure(): void {}

/** What is being closed is of no more use: a failure changes nothing. */
function ignore(): void {}
