/**
 * A disk in memory that forgets, when the power goes, whatever an operating system may forget: of content that was not
 * synced any sector may be there or zeros in its place, and names made or removed may be as before where their folder was
 * not synced. It can lose power at any operation and any byte, run full, or fail.
 */

import { KvsError } from '../errors.ts'
import { outputError, takenError } from '../host/fileError.ts'
import type { FileEntry, Storage, StoredFile } from '../platform.ts'
import { crc32 } from './crc32.ts'

/** Uniform in [0, 1). */
export type Chance = () => number

/** No error that a program could handle: it is gone. */
export class PowerLost extends Error {}

const sectorBytes = 64
/** It takes long, and the power may go meanwhile. */
const syncCost = 200

class Inode {
  content = new Uint8Array(0)
  durable = new Uint8Array(0)
}

export class ForgetfulFiles implements Storage {
  /** By path. */
  readonly files = new Map<string, Inode>()
  #durable = new Map<string, Inode>()
  readonly #directories = new Set<string>()
  #changes: { readonly path: string; readonly inode: Inode | null }[] = []
  readonly #locked = new Set<string>()
  /** What may still be done before the power goes: a byte costs one, and so does any other change. */
  budget = Number.POSITIVE_INFINITY
  /** What fits on the disk. */
  freeBytes = Number.POSITIVE_INFINITY
  /** The change, counted from 1, from which on `failures` of them fail. */
  failAfter = Number.POSITIVE_INFINITY
  failures = 1
  reads = 0
  readonly crc32 = crc32

  /** What is found when the power is back. */
  powerLoss(chance: Chance): ForgetfulFiles {
    this.budget = -1
    const kept = this.#changes.slice(0, Math.floor(chance() * (this.#changes.length + 1)))
    return this.#survivor(applied(this.#durable, kept), (inode) => afterPowerLoss(inode, chance))
  }

  /** What is found when the process was killed: all that was written. */
  kill(): ForgetfulFiles {
    this.budget = -1
    return this.#survivor(this.files, ({ content }) => content.slice())
  }

  #survivor(names: Map<string, Inode>, contentOf: (inode: Inode) => Uint8Array<ArrayBuffer>): ForgetfulFiles {
    const after = new ForgetfulFiles()
    for (const path of this.#directories) after.#directories.add(path)
    for (const [path, inode] of names) {
      const content = contentOf(inode)
      after.files.set(path, Object.assign(new Inode(), { content, durable: content }))
    }
    after.#durable = new Map(after.files)
    return after
  }

  list(path: string): readonly FileEntry[] {
    if (!this.#directories.has(path)) throw new KvsError('INPUT_MISSING', `${path} does not exist`)
    const names = [...this.files.keys()].filter((each) => parentOf(each) === path)
    return names.reverse().map((each) => ({ name: each.slice(path.length + 1), type: 'file' }))
  }

  makeDirectory(path: string): void {
    this.#spend(1, path)
    this.#directories.add(path)
  }

  syncDirectory(path: string): void {
    this.#spend(1, path)
    const isOf = (change: { readonly path: string }) => parentOf(change.path) === path
    this.#durable = applied(this.#durable, this.#changes.filter(isOf))
    this.#changes = this.#changes.filter((change) => !isOf(change))
  }

  lock(directory: string): () => void {
    if (this.#locked.has(directory)) throw takenError(directory)
    this.#locked.add(directory)
    return () => this.#locked.delete(directory)
  }

  remove(path: string): void {
    this.#spend(1, path)
    const inode = this.files.get(path)
    if (inode === undefined) throw outputError(path, 'ENOENT')
    this.freeBytes += inode.content.length
    this.files.delete(path)
    this.#changes.push({ path, inode: null })
  }

  openStored(path: string, make: boolean): StoredFile {
    let inode = this.files.get(path)
    if (inode === undefined) {
      if (!make) throw outputError(path, 'ENOENT')
      this.#spend(1, path)
      inode = new Inode()
      this.files.set(path, inode)
      this.#changes.push({ path, inode })
    }
    return this.#open(path, inode)
  }

  #open(path: string, inode: Inode): StoredFile {
    return {
      sizeBytes: () => inode.content.length,
      append: (bytes) => this.#append(path, inode, bytes),
      readAt: (offset, into) => {
        this.reads++
        const bytes = inode.content.subarray(offset, offset + into.length)
        into.set(bytes)
        return bytes.length
      },
      truncate: (sizeBytes) => {
        this.#spend(1, path)
        this.freeBytes += inode.content.length - sizeBytes
        inode.content = inode.content.slice(0, sizeBytes)
      },
      sync: () => {
        this.#spend(syncCost, path)
        inode.durable = inode.content
      },
      close: () => undefined,
    }
  }

  #append(path: string, inode: Inode, bytes: Uint8Array): void {
    const fails = this.failAfter <= 1
    const most = fails ? bytes.length >> 1 : bytes.length
    const room = Math.max(0, Math.min(most, this.budget, this.freeBytes))
    inode.content = joined(inode.content, bytes.subarray(0, room))
    this.freeBytes -= room
    this.#spend(bytes.length, path)
    if (room < bytes.length) throw outputError(path, 'ENOSPC')
  }

  #spend(cost: number, path: string): void {
    this.budget -= cost
    if (this.budget < 0) throw new PowerLost()
    if (--this.failAfter > 0) return
    if (this.failAfter <= 1 - this.failures) this.failAfter = Number.POSITIVE_INFINITY
    throw outputError(path, 'EIO')
  }
}

function applied(
  names: Map<string, Inode>,
  changes: readonly { path: string; inode: Inode | null }[],
): Map<string, Inode> {
  const after = new Map(names)
  for (const { path, inode } of changes) {
    if (inode === null) after.delete(path)
    else after.set(path, inode)
  }
  return after
}

function afterPowerLoss({ content, durable }: Inode, chance: Chance): Uint8Array<ArrayBuffer> {
  let common = 0
  while (common < durable.length && content[common] === durable[common]) common++
  // What was cut off may still be there.
  if (common < durable.length && chance() < 0.5) return durable
  // The size comes before the content, often.
  const size = chance() < 0.5 ? content.length : common + Math.floor(chance() * (content.length - common + 1))
  const after = content.slice(0, size)
  const often = chance()
  for (let at = common; at < size; at += sectorBytes) if (chance() < often) after.fill(0, at, at + sectorBytes)
  return after
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(one.length + other.length)
  out.set(one)
  out.set(other, one.length)
  return out
}

function parentOf(path: string): string {
  return path.split('/').slice(0, -1).join('/')
}
