/**
 * A disk in memory that forgets, when it crashes, whatever the operating system would be free to forget: content that
 * was not synced (any part of it may be there, or zeros in its place), and names made, renamed or removed whose
 * directory was not synced. It can be told to crash after any number of bytes written, or to fail.
 */

import { basename, dirname } from 'node:path'
import type { AppendFile, FileLayer, ReadFile } from '../files.ts'

class Inode {
  content: Buffer = Buffer.alloc(0)
  durable: Buffer = Buffer.alloc(0)
}

class Directory {
  readonly entries = new Map<string, Inode>()
  /** What has been done since the last sync, in order; done again on the durable names. */
  changes: ((durable: Map<string, Inode>) => void)[] = []
  readonly durable = new Map<string, Inode>()
}

/** Uniform in [0, 1). */
export type Chance = () => number

export class Crashed extends Error {}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}

export class ForgetfulFiles implements FileLayer {
  readonly #directories = new Map<string, Directory>()
  /** Cost that may still be spent before everything stops; a byte or any other operation costs one. */
  budget = Number.POSITIVE_INFINITY
  /** Thrown by writes and syncs while set. */
  failWith: string | null = null
  /** Awaited by every sync, so that a test can hold it. */
  beforeSync: () => Promise<void> = () => Promise.resolve()
  crashed = false

  /** Power is back: what the disk still knows, on a new layer. */
  crash(chance: Chance): ForgetfulFiles {
    this.crashed = true
    const after = new ForgetfulFiles()
    for (const [path, directory] of this.#directories) {
      const kept = directory.changes.slice(0, Math.floor(chance() * (directory.changes.length + 1)))
      for (const change of kept) change(directory.durable)
      const survivor = new Directory()
      for (const [name, inode] of directory.durable) {
        const content = afterCrash(inode, chance)
        const restored = Object.assign(new Inode(), { content, durable: content })
        survivor.entries.set(name, restored)
        survivor.durable.set(name, restored)
      }
      after.#directories.set(path, survivor)
    }
    return after
  }

  async makeDirectory(path: string): Promise<void> {
    this.#spend(1)
    // Parents and their names are durable by contract, so there is nothing to forget.
    for (let at = path; !this.#directories.has(at) && dirname(at) !== at; at = dirname(at)) {
      this.#directories.set(at, new Directory())
    }
  }

  async create(path: string): Promise<AppendFile> {
    this.#spend(1)
    const directory = this.#directory(dirname(path))
    let inode = directory.entries.get(basename(path))
    if (inode === undefined) {
      inode = new Inode()
      const made = inode
      this.#change(directory, (names) => names.set(basename(path), made))
    }
    inode.content = Buffer.alloc(0)
    return this.#appendFile(inode)
  }

  #appendFile(inode: Inode): AppendFile {
    return {
      write: async (pieces) => {
        for (const piece of pieces) {
          const room = this.failWith === null ? Math.min(piece.length, this.budget) : Math.floor(piece.length / 2)
          inode.content = Buffer.concat([inode.content, piece.subarray(0, room)])
          this.#spend(piece.length)
          if (this.failWith !== null) throw systemError(this.failWith, 'write')
        }
      },
      sync: async () => {
        const content = inode.content
        await this.beforeSync()
        this.#spend(1)
        if (this.failWith !== null) throw systemError(this.failWith, 'sync')
        inode.durable = content
      },
      truncate: async (sizeBytes) => {
        this.#spend(1)
        inode.content = inode.content.subarray(0, sizeBytes)
      },
      close: async () => this.#spend(1),
    }
  }

  async open(path: string): Promise<ReadFile> {
    const inode = this.#inode(path)
    return {
      read: async (offset, into) => inode.content.copy(into, 0, offset, offset + into.length),
      close: async () => {},
    }
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#inode(path).content
  }

  async sizeBytes(path: string): Promise<number> {
    return this.#inode(path).content.length
  }

  async list(path: string): Promise<readonly string[]> {
    const names = [...this.#directory(path).entries.keys()]
    for (const other of this.#directories.keys()) if (dirname(other) === path) names.push(basename(other))
    return names
  }

  async truncate(path: string, sizeBytes: number): Promise<void> {
    this.#spend(1)
    const inode = this.#inode(path)
    inode.content = inode.content.subarray(0, sizeBytes)
  }

  /** Of a directory durable at once: the store syncs right after. */
  async rename(from: string, to: string): Promise<void> {
    this.#spend(1)
    if (!this.#directories.has(from)) {
      const inode = this.#inode(from)
      this.#change(this.#directory(dirname(from)), (names) => {
        names.delete(basename(from))
        names.set(basename(to), inode)
      })
      return
    }
    this.#directories.set(to, this.#directory(from))
    this.#directories.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.#spend(1)
    if (this.#directories.delete(path)) return
    const directory = this.#directory(dirname(path))
    if (directory.entries.has(basename(path))) this.#change(directory, (names) => names.delete(basename(path)))
  }

  async syncDirectory(path: string): Promise<void> {
    await this.beforeSync()
    this.#spend(1)
    const directory = this.#directory(path)
    for (const change of directory.changes) change(directory.durable)
    directory.changes = []
  }

  /** Bytes of all files, as they are now. */
  get totalBytes(): number {
    let bytes = 0
    for (const { entries } of this.#directories.values())
      for (const { content } of entries.values()) bytes += content.length
    return bytes
  }

  #change(directory: Directory, change: (names: Map<string, Inode>) => void): void {
    change(directory.entries)
    directory.changes.push(change)
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(path)
    if (directory === undefined) throw systemError('ENOENT', path)
    return directory
  }

  #inode(path: string): Inode {
    const inode = this.#directory(dirname(path)).entries.get(basename(path))
    if (inode === undefined) throw systemError('ENOENT', path)
    return inode
  }

  #spend(cost: number): void {
    this.budget -= cost
    if (this.budget < 0) this.crashed = true
    if (this.crashed) throw new Crashed('the power is gone')
  }
}

/** Some of what was not synced may have come through, and some of it as zeros: size before content. */
function afterCrash({ content, durable }: Inode, chance: Chance): Buffer {
  const common = content.subarray(0, durable.length).equals(durable)
  if (!common) return chance() < 0.5 ? content : durable
  const size = durable.length + Math.floor(chance() * (content.length - durable.length + 1))
  const written = durable.length + Math.floor(chance() * (size - durable.length + 1))
  return Buffer.concat([content.subarray(0, written), Buffer.alloc(size - written)])
}
