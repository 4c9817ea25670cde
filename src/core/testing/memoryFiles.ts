/** Files in memory. */

import { KvsError } from '../errors.ts'
import type { FileEntry, Files, FileWriter, Input, InputHandlers } from '../platform.ts'
import { soon } from './fakeClock.ts'

export class MemoryFiles implements Files {
  readonly contents = new Map<string, Uint8Array>()
  /** Files that cannot be read. */
  readonly unreadable = new Set<string>()
  /** Paths that cannot be written below. */
  readonly unwritable = new Set<string>()
  reads = 0

  list(path: string): readonly FileEntry[] {
    const below = path.endsWith('/') ? path : `${path}/`
    const names = new Map<string, boolean>()
    for (const each of this.contents.keys()) {
      if (!each.startsWith(below)) continue
      const [name = '', ...rest] = each.slice(below.length).split('/')
      names.set(name, rest.length > 0)
    }
    if (names.size === 0) throw new KvsError('INPUT_MISSING', `${path} does not exist`)
    // Not in order, as a real directory.
    return [...names].reverse().map(([name, folder]) => ({ name, type: folder ? 'directory' : 'file' }))
  }

  checkWritable(directory: string): void {
    if (this.unwritable.has(directory)) throw new KvsError('OUTPUT_UNWRITABLE', `${directory} cannot be written`)
  }

  open(path: string, handlers: InputHandlers): Input {
    return new MemoryInput(this.#content(path), handlers)
  }

  read(path: string, into: Uint8Array): number {
    this.reads++
    const content = this.#content(path)
    if (content.length <= into.length) into.set(content)
    return content.length
  }

  #content(path: string): Uint8Array {
    const content = this.contents.get(path)
    if (content === undefined) throw new KvsError('INPUT_MISSING', `${path} does not exist`)
    if (this.unreadable.has(path)) throw new KvsError('INPUT_UNREADABLE', `${path} cannot be read`)
    return content
  }

  create(path: string): FileWriter {
    for (const each of this.unwritable) {
      if (path.startsWith(each)) throw new KvsError('OUTPUT_UNWRITABLE', `${path} cannot be written`)
    }
    this.contents.set(path, new Uint8Array(0))
    return {
      write: (bytes) => {
        const before = this.contents.get(path) ?? new Uint8Array(0)
        const after = new Uint8Array(before.length + bytes.length)
        after.set(before)
        after.set(bytes, before.length)
        this.contents.set(path, after)
      },
      close: () => undefined,
    }
  }
}

const pieceBytes = 1000

/** A piece a turn. */
class MemoryInput implements Input {
  readonly #handlers: InputHandlers
  #rest: Uint8Array
  #paused = false
  #over = false

  constructor(content: Uint8Array, handlers: InputHandlers) {
    this.#handlers = handlers
    this.#rest = content
    soon(() => this.#step())
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (this.#paused) soon(() => this.#step())
    this.#paused = false
  }

  close(): void {
    this.#over = true
  }

  #step(): void {
    if (this.#paused || this.#over) return
    const piece = this.#rest.subarray(0, pieceBytes)
    this.#rest = this.#rest.subarray(piece.length)
    this.#over = piece.length === 0
    if (this.#over) {
      this.#handlers.onEnd(null)
    } else {
      soon(() => this.#step())
      this.#handlers.onData(piece)
    }
  }
}
