/** One append-only file of the spool, and which of its fragments still wait. */

import { KvsError } from '../../errors.ts'
import type { Storage, StoredFile } from '../../platform.ts'
import { decodeHead, doneKind, findMagic, fragmentKind, headBytes, type RecordHead } from './record.ts'

/** Fragments, and what they hold. */
export interface Amount {
  fragments: number
  /** Frames that the caller put. */
  frames: number
  /** Bytes of those frames. */
  frameBytes: number
  /** Bytes of the fragments as they go on the wire. */
  bytes: number
}

export function noAmount(): Amount {
  return { fragments: 0, frames: 0, frameBytes: 0, bytes: 0 }
}

/** Adds `times` (also -1) an amount to another. */
export function addAmount(to: Amount, { fragments, frames, frameBytes, bytes }: Amount, times = 1): void {
  to.fragments += times * fragments
  to.frames += times * frames
  to.frameBytes += times * frameBytes
  to.bytes += times * bytes
}

export function amountOf({ frames, frameBytes, lengthBytes }: RecordHead): Amount {
  return { fragments: 1, frames, frameBytes, bytes: lengthBytes }
}

/** A record in its file. */
export interface Found extends RecordHead {
  readonly at: number
}

export function recordEnd({ at, lengthBytes }: Found): number {
  return at + headBytes + lengthBytes
}

export class Segment {
  readonly number: number
  readonly path: string
  /** Where the last good record ends. */
  sizeBytes = 0
  waiting = noAmount()
  /** Fragments that were appended to it. */
  total = 0
  /** No fragment before this offset waits. */
  firstAt = 0
  readonly #storage: Storage
  /** What was read last; shared by all files of a spool. */
  readonly #chunk: Uint8Array
  #file: StoredFile | null = null
  /** Something behind `sizeBytes` could not be cut off yet. */
  #tail = false
  /** All numbers below are done, and these above. */
  #doneBelow = 0
  readonly #doneAbove = new Set<number>()

  constructor(storage: Storage, chunk: Uint8Array, path: string, number: number) {
    this.#storage = storage
    this.#chunk = chunk
    this.path = path
    this.number = number
  }

  /** Appends, durably. Where that fails nothing of it stays. */
  append(parts: readonly Uint8Array[]): void {
    const file = this.#open()
    this.mend()
    this.#tail = true
    let bytes = 0
    try {
      for (const part of parts) {
        file.append(part)
        bytes += part.length
      }
      file.sync()
    } catch (error) {
      // Where that fails as well, it is tried again before anything else is appended.
      quietly(() => this.cutTo(this.sizeBytes))
      throw error
    }
    this.#tail = false
    this.sizeBytes += bytes
  }

  /** Cuts off what an append has left that failed. */
  mend(): void {
    if (this.#tail) this.cutTo(this.sizeBytes)
  }

  /** Cuts off, durably, what lies behind. */
  cutTo(sizeBytes: number): void {
    const file = this.#open()
    file.truncate(sizeBytes)
    file.sync()
    this.sizeBytes = sizeBytes
    this.#tail = false
  }

  /** The next record that begins at or after an offset. */
  find(from: number): Found | null {
    for (let at = from; at < this.sizeBytes; at = this.#nextMagic(at + 1)) {
      const record = this.recordAt(at)
      if (record !== null) return record
    }
    return null
  }

  /** The record that begins right there. */
  recordAt(at: number): Found | null {
    const head = at + headBytes > this.sizeBytes ? null : decodeHead(this.read(at, headBytes), this.#storage.crc32)
    return head === null || at + headBytes + head.lengthBytes > this.sizeBytes ? null : { ...head, at }
  }

  #nextMagic(from: number): number {
    for (let at = from; at + headBytes <= this.sizeBytes; ) {
      const bytes = this.read(at, this.#chunk.length)
      const index = findMagic(bytes, 0)
      if (index < bytes.length) return at + index
      // One may lie across the end of what was read.
      at += bytes.length === 0 ? this.#chunk.length : Math.max(1, bytes.length - 3)
    }
    return this.sizeBytes
  }

  /** True where the content is what was appended; it is copied to `into`. */
  isIntact(record: Found, into?: Uint8Array): boolean {
    let crc = 0
    const from = record.at + headBytes
    const end = recordEnd(record)
    for (let at = from; at < end; ) {
      const bytes = this.read(at, end - at)
      if (bytes.length === 0) return false
      crc = this.#storage.crc32(bytes, crc)
      into?.set(bytes, at - from)
      at += bytes.length
    }
    return crc === record.contentCrc
  }

  /** At most `maxBytes` from an offset on, borrowed until the next call; none where they cannot be read. */
  read(offset: number, maxBytes: number): Uint8Array {
    const file = this.#open()
    let bytes = 0
    const into = this.#chunk.subarray(0, Math.min(maxBytes, this.#chunk.length))
    // A spot of the storage that cannot be read is damage like any other.
    quietly(() => {
      bytes = file.readAt(offset, into)
    })
    return into.subarray(0, bytes)
  }

  isDone(number: number): boolean {
    return number < this.#doneBelow || this.#doneAbove.has(number)
  }

  /** Books a fragment as done. */
  finish(number: number): void {
    if (this.isDone(number)) return
    this.#doneAbove.add(number)
    while (this.#doneAbove.delete(this.#doneBelow)) this.#doneBelow++
  }

  /**
   * Reads all heads up to `limitBytes` and counts anew what waits. Returns the numbers of fragments that should be there
   * and are not, and the last record.
   */
  count(limitBytes: number): { missing: readonly number[]; last: Found | null } {
    this.sizeBytes = limitBytes
    let last: Found | null = null
    for (let record = this.find(0); record !== null; record = this.find(recordEnd(record))) {
      if (record.kind === doneKind) this.finish(record.number)
      last = record
    }
    this.waiting = noAmount()
    const missing: number[] = []
    this.total = 0
    for (let record = this.find(0); record !== null; record = this.find(recordEnd(record))) {
      const isFragment = record.kind === fragmentKind
      const before = isFragment ? record.number : record.total
      for (; this.total < before; this.total++) if (!this.isDone(this.total)) missing.push(this.total)
      if (!isFragment) continue
      this.total = record.number + 1
      if (!this.isDone(record.number)) addAmount(this.waiting, amountOf(record))
    }
    return { missing, last }
  }

  /** Closes the file; it is opened again when needed. */
  letGo(): void {
    const file = this.#file
    this.#file = null
    // Whatever had to be was synced before.
    if (file !== null) quietly(() => file.close())
  }

  #open(): StoredFile {
    this.#file ??= this.#storage.openStored(this.path, this.sizeBytes === 0)
    return this.#file
  }

  /** Of the file, with what lies behind the last good record. */
  fileBytes(): number {
    return this.#open().sizeBytes()
  }
}

/** Does what may fail without harm. */
export function quietly(task: () => void): void {
  try {
    task()
  } catch (error) {
    if (!(error instanceof KvsError)) throw error
  }
}
