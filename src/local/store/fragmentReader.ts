/** Reads one stored fragment, piece by piece, so that a slow reader of a large fragment costs little memory. */

import type { FileLayer, ReadFile } from './files.ts'
import { isMissing } from './segment.ts'
import type { StoredFragment } from './sessionStore.ts'

const pieceBytes = 256 * 1024

/** The fragment has expired or its stream is deleted. */
export class FragmentGone extends Error {
  override readonly name = 'FragmentGone'

  constructor(number: string) {
    super(`fragment ${number} is no longer stored`)
  }
}

export class FragmentReader {
  /** The session header, byte for byte. */
  readonly header: Uint8Array
  readonly #file: ReadFile
  readonly #fragment: StoredFragment

  private constructor(file: ReadFile, fragment: StoredFragment, header: Uint8Array) {
    this.#file = file
    this.#fragment = fragment
    this.header = header
  }

  /** Throws FragmentGone, or the system's error. The caller closes it. */
  static async open(files: FileLayer, fragment: StoredFragment): Promise<FragmentReader> {
    const { dataPath, headerBytes } = fragment.segment
    const file = await files.open(dataPath).catch((error: unknown) => {
      throw isMissing(error) ? new FragmentGone(fragment.number) : error
    })
    try {
      return new FragmentReader(file, fragment, await readWhole(file, 0, headerBytes))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** The fragment's bytes as they came: the Cluster and what followed it. Each piece belongs to the caller. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const { offset, sizeBytes } = this.#fragment
    for (let done = 0; done < sizeBytes; done += pieceBytes) {
      yield await readWhole(this.#file, offset + done, Math.min(pieceBytes, sizeBytes - done))
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

async function readWhole(file: ReadFile, offset: number, bytes: number): Promise<Uint8Array> {
  const into = new Uint8Array(bytes)
  if ((await file.read(offset, into)) < bytes) throw new Error('a stored segment is shorter than its index says')
  return into
}
