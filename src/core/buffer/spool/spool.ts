/**
 * Fragments kept in files, so that they outlive the process and a loss of power: appended whole and in order, read again
 * oldest first, and forgotten one by one. Memory holds nothing of a fragment, only a few numbers of each file.
 */

import { KvsError } from '../../errors.ts'
import { isSameHeader } from '../../frame/fragment.ts'
import type { Storage } from '../../platform.ts'
import { doneKind, encodeHead, fragmentKind, headBytes, headerKind } from './record.ts'
import { type Amount, addAmount, amountOf, type Found, noAmount, quietly, recordEnd, Segment } from './segment.ts'
import { type FragmentToSpool, SegmentWriter, sumOf } from './segmentWriter.ts'

export interface SpoolOptions {
  readonly storage: Storage
  /** Made where it is not there, in a folder that is; what else lies in it is left alone. */
  readonly directory: string
  /** Of all files together. */
  readonly capacityBytes: number
}

/** A fragment that is kept, and was found whole. */
export interface SpooledFragment extends FragmentToSpool {
  /** Of its cluster. */
  readonly lengthBytes: number
  /** Where it lies: for the spool alone. */
  readonly segment: Segment
  readonly record: Found
}

const largestSegmentBytes = 16 * 1024 * 1024
/** Read at once. */
const chunkBytes = 16 * 1024

export class Spool {
  /** What could not be read since it was opened, and is given up. Frames that nothing is known of count as none. */
  readonly damaged: Readonly<Amount>
  readonly #damaged = noAmount()
  readonly #storage: Storage
  readonly #directory: string
  readonly #capacityBytes: number
  readonly #segmentBytes: number
  readonly #chunk = new Uint8Array(chunkBytes)
  readonly #unlock: () => void
  /** Oldest first. */
  readonly #segments: Segment[] = []
  #nextNumber = 1
  /** Of the newest segment, if fragments can still be appended to it. */
  #writer: SegmentWriter | null = null
  /** Beside the writer's the only one whose file is open. */
  #reading: Segment | null = null
  /** The header read last. */
  #header: { readonly segment: Segment; readonly at: number; readonly bytes: Uint8Array } | null = null

  /**
   * Opens it, for this process alone, and finds what was kept. Throws OUTPUT_UNWRITABLE, also where another process has
   * it, INPUT_MISSING, INPUT_UNREADABLE, and CONFIGURATION where its format is of another version.
   */
  constructor({ storage, directory, capacityBytes }: SpoolOptions) {
    this.damaged = this.#damaged
    this.#storage = storage
    this.#directory = directory
    this.#capacityBytes = capacityBytes
    this.#segmentBytes = Math.min(largestSegmentBytes, Math.floor(capacityBytes / 8))
    storage.makeDirectory(directory)
    storage.syncDirectory(`${directory}/..`)
    this.#unlock = storage.lock(directory)
    try {
      this.#recover()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** What is kept and not done. */
  get waiting(): Amount {
    const all = noAmount()
    for (const { waiting } of this.#segments) addAmount(all, waiting)
    return all
  }

  /** What the files take, with the marks to come. */
  get usedBytes(): number {
    return this.#segments.reduce((sum, { sizeBytes, waiting }) => sum + sizeBytes + waiting.fragments * headBytes, 0)
  }

  /** True where a fragment of `bytes`, cluster and header, fits; `empty`: if nothing else were kept. */
  hasRoom(bytes: number, empty = false): boolean {
    return (empty ? 0 : this.usedBytes) + bytes + 3 * headBytes <= this.#capacityBytes
  }

  /**
   * Keeps a fragment whose cluster is the parts in order: durable when this returns. Throws OUTPUT_UNWRITABLE, e.g. where
   * the disk is full, and then nothing of it stays. The caller has asked whether there is room.
   */
  append(fragment: FragmentToSpool, parts: readonly Uint8Array[]): void {
    const writer = this.#writerFor(fragment.header.length + sumOf(parts))
    const { segment } = writer
    const isNew = segment.sizeBytes === 0
    try {
      writer.append(fragment, parts)
      if (isNew) this.#storage.syncDirectory(this.#directory)
    } catch (error) {
      if (isNew) {
        quietly(() => segment.cutTo(0))
        quietly(() => this.#remove(segment))
      }
      throw error
    }
    this.#writer = writer
    if (isNew) this.#segments.push(segment)
  }

  /**
   * The fragment behind `previous`, null for the oldest, of those not done; null where there is none. One that is
   * damaged is given up.
   */
  next(previous: SpooledFragment | null): SpooledFragment | null {
    for (const segment of [...this.#segments]) {
      if (previous !== null && segment.number < previous.segment.number) continue
      const from = segment === previous?.segment ? recordEnd(previous.record) : segment.firstAt
      const found = this.#nextIn(segment, from)
      if (found !== null) return found
    }
    return null
  }

  /**
   * Bytes of a fragment's cluster from `offset` on, one or more and at most `maxBytes`, borrowed until the spool is read
   * again. Throws INPUT_UNREADABLE.
   */
  read({ segment, record }: SpooledFragment, offset: number, maxBytes: number): Uint8Array {
    this.#use(segment)
    const bytes = segment.read(record.at + headBytes + offset, Math.min(maxBytes, record.lengthBytes - offset))
    if (bytes.length === 0) throw new KvsError('INPUT_UNREADABLE', `${segment.path} cannot be read`)
    return bytes
  }

  /**
   * Forgets a fragment, persisted or given up: durable when this returns. Throws OUTPUT_UNWRITABLE, and then it is
   * forgotten in this process only.
   */
  done({ segment, record }: SpooledFragment): void {
    if (!this.#segments.includes(segment) || segment.isDone(record.number)) return
    addAmount(segment.waiting, amountOf(record), -1)
    this.#settle(segment, [record.number])
  }

  /**
   * Gives up the file with the oldest fragments that wait behind `taken`, the last fragment that somebody is at, if any;
   * returns what is lost by that. Null where there is none. A loss of power may bring it back. Throws OUTPUT_UNWRITABLE.
   */
  dropOldest(taken: SpooledFragment | null): Amount | null {
    const oldest = this.#segments.find(({ number }) => taken === null || number > taken.segment.number)
    if (oldest === undefined) return null
    this.#remove(oldest)
    return oldest.waiting
  }

  /** Gives the folder back; what waits stays for the next to open it. */
  close(): void {
    for (const segment of this.#segments) segment.letGo()
    quietly(this.#unlock)
  }

  #writerFor(bytes: number): SegmentWriter {
    const now = this.#writer
    if (now !== null && now.segment.sizeBytes + bytes <= this.#segmentBytes) return now
    // Only the newest file may end with what was not said to be kept.
    now?.segment.mend()
    now?.segment.letGo()
    return new SegmentWriter(this.#segment(this.#nextNumber++), this.#storage)
  }

  #segment(number: number): Segment {
    return new Segment(this.#storage, this.#chunk, `${this.#directory}/${nameOf(number)}`, number)
  }

  #nextIn(segment: Segment, from: number): SpooledFragment | null {
    this.#use(segment)
    for (let at = from; segment.waiting.fragments > 0; ) {
      const record = segment.find(at)
      if ((record?.at ?? segment.sizeBytes) > at) this.#recount(segment)
      if (record === null) return null
      if (record.kind === fragmentKind && !segment.isDone(record.number)) {
        const fragment = this.#load(segment, record)
        if (fragment !== null) return fragment
        this.#giveUp(segment, record)
      }
      const end = recordEnd(record)
      if (at === segment.firstAt) segment.firstAt = end
      at = end
    }
    return null
  }

  #load(segment: Segment, record: Found): SpooledFragment | null {
    const header = this.#headerOf(segment, record.headerAt)
    return header !== null && segment.isIntact(record) ? { ...record, header, segment, record } : null
  }

  /** Equal headers are one object. */
  #headerOf(segment: Segment, at: number): Uint8Array | null {
    const last = this.#header
    if (last?.segment === segment && last.at === at) return last.bytes
    const record = segment.recordAt(at)
    if (record?.kind !== headerKind) return null
    const bytes = new Uint8Array(record.lengthBytes)
    if (!segment.isIntact(record, bytes)) return null
    this.#header = { segment, at, bytes: last !== null && isSameHeader(last.bytes, bytes) ? last.bytes : bytes }
    return this.#header.bytes
  }

  #giveUp(segment: Segment, record: Found): void {
    addAmount(this.#damaged, amountOf(record))
    addAmount(segment.waiting, amountOf(record), -1)
    quietly(() => this.#settle(segment, [record.number]))
  }

  /** Something in the file cannot be read any more: what that was is what is missing now. */
  #recount(segment: Segment): void {
    addAmount(this.#damaged, segment.waiting)
    const { missing } = segment.count(segment.sizeBytes)
    addAmount(this.#damaged, segment.waiting, -1)
    quietly(() => this.#settle(segment, missing))
  }

  /** Marks fragments as done, or removes the file where no other waits. */
  #settle(segment: Segment, numbers: readonly number[]): void {
    this.#use(segment)
    for (const number of numbers) segment.finish(number)
    if (segment.waiting.fragments === 0) {
      this.#remove(segment)
      this.#storage.syncDirectory(this.#directory)
    } else if (numbers.length > 0)
      segment.append(
        numbers.map((number) => encodeHead({ kind: doneKind, number, total: segment.total }, this.#storage.crc32)),
      )
  }

  #use(segment: Segment): void {
    if (this.#reading !== segment && this.#reading !== this.#writer?.segment) this.#reading?.letGo()
    this.#reading = segment
  }

  #remove(segment: Segment): void {
    segment.letGo()
    this.#storage.remove(segment.path)
    if (this.#writer?.segment === segment) this.#writer = null
    const index = this.#segments.indexOf(segment)
    if (index >= 0) this.#segments.splice(index, 1)
  }

  #recover(): void {
    const names = this.#storage.list(this.#directory).filter(({ type }) => type === 'file')
    const numbers = names.map(({ name }) => numberOf(name)).filter((number) => number !== null)
    numbers.sort((one, other) => one - other)
    for (const number of numbers) {
      this.#recoverSegment(this.#segment(number), number === numbers.at(-1))
      this.#nextNumber = number + 1
    }
  }

  #recoverSegment(segment: Segment, isNewest: boolean): void {
    const fileBytes = segment.fileBytes()
    this.#segments.push(segment)
    const { missing, last } = segment.count(fileBytes)
    segment.sizeBytes = last === null ? 0 : recordEnd(last)
    // Only the last append may have been cut short, and a fragment that it was to keep was never said to be kept.
    if (isNewest && last?.kind === fragmentKind && this.#load(segment, last) === null) {
      addAmount(segment.waiting, amountOf(last), -1)
      segment.sizeBytes = last.at
    }
    const tailBytes = fileBytes - segment.sizeBytes
    // Behind an older file's last fragment only marks were appended.
    this.#damaged.fragments += missing.length + (!isNewest && tailBytes > headBytes ? 1 : 0)
    if (tailBytes > 0 && segment.waiting.fragments > 0) segment.cutTo(segment.sizeBytes)
    quietly(() => this.#settle(segment, missing))
    segment.letGo()
  }
}

const suffix = '.spool'

function nameOf(number: number): string {
  return String(number).padStart(8, '0') + suffix
}

/** Null for a name that is none of the spool's. */
function numberOf(name: string): number | null {
  const number = Number(name.slice(0, -suffix.length))
  return nameOf(number) === name ? number : null
}
