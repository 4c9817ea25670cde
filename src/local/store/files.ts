/** The disk as the store needs it: few operations, each with a stated promise on what survives a power cut. */

import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A file being appended to. Calls must not overlap. */
export interface AppendFile {
  /** Appends the pieces in order. They must stay unchanged until the promise settles; nothing is durable yet. */
  write(pieces: readonly Uint8Array[]): Promise<void>
  /** Makes everything written durable (the file's content and size, not its name: see `syncDirectory`). */
  sync(): Promise<void>
  /** Cuts the file to `sizeBytes`. */
  truncate(sizeBytes: number): Promise<void>
  close(): Promise<void>
}

/** A file being read; it stays readable when it is removed meanwhile. */
export interface ReadFile {
  /** Reads into `into` from `offset` and returns how many bytes came: less than asked for only at the end. */
  read(offset: number, into: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** Every failure is an Error with the system's `code`, e.g. `ENOSPC`. */
export interface FileLayer {
  /** Makes a directory with its parents, durably. It may exist. */
  makeDirectory(path: string): Promise<void>
  /** Makes a new file, or empties it. */
  create(path: string): Promise<AppendFile>
  open(path: string): Promise<ReadFile>
  /** The whole content; for small files. */
  read(path: string): Promise<Uint8Array>
  sizeBytes(path: string): Promise<number>
  /** The names in a directory, in any order. */
  list(path: string): Promise<readonly string[]>
  truncate(path: string, sizeBytes: number): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Removes a file, or a directory with all it holds; it may be missing. */
  remove(path: string): Promise<void>
  /** Makes the names in a directory durable: files made, renamed and removed. */
  syncDirectory(path: string): Promise<void>
}

class NodeAppendFile implements AppendFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(pieces: readonly Uint8Array[]): Promise<void> {
    let rest = pieces.filter((piece) => piece.length > 0)
    while (rest.length > 0) {
      const batch = rest.slice(0, 1024) // IOV_MAX
      const { bytesWritten } = await this.#handle.writev(batch)
      // A full disk first shows as a short write; going on makes the system say why.
      rest = without(rest, bytesWritten)
    }
  }

  async sync(): Promise<void> {
    await this.#handle.datasync()
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#handle.truncate(sizeBytes)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

function without(pieces: readonly Uint8Array[], firstBytes: number): Uint8Array[] {
  let gone = firstBytes
  const rest: Uint8Array[] = []
  for (const piece of pieces) {
    if (gone >= piece.length) gone -= piece.length
    else {
      rest.push(piece.subarray(gone))
      gone = 0
    }
  }
  return rest
}

class NodeReadFile implements ReadFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    let have = 0
    while (have < into.length) {
      const { bytesRead } = await this.#handle.read(into, have, into.length - have, offset + have)
      if (bytesRead === 0) break
      have += bytesRead
    }
    return have
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows has no such operation; its file systems order these changes themselves.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file system of this machine. */
export const nodeFiles: FileLayer = {
  async makeDirectory(path) {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = path; ; made = dirname(made)) {
      await syncDirectory(dirname(made))
      if (made === first || dirname(made) === made) return
    }
  },
  async create(path) {
    return new NodeAppendFile(await open(path, 'w', 0o600))
  },
  async open(path) {
    return new NodeReadFile(await open(path, 'r'))
  },
  async read(path) {
    return await readFile(path)
  },
  async sizeBytes(path) {
    return (await stat(path)).size
  },
  async list(path) {
    return await readdir(path)
  },
  truncate,
  rename,
  async remove(path) {
    await rm(path, { recursive: true, force: true })
  },
  syncDirectory,
}
