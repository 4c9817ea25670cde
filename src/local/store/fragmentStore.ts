/**
 * Where the local endpoint keeps media: a folder per stream, in it a file per segment with an index beside it. What has
 * been acknowledged as PERSISTED survives a power cut; what was not whole is never served.
 */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type FileLayer, nodeFiles } from './files.ts'
import { StreamStore } from './streamStore.ts'

/** Contains a character that no folder of a stream has. */
const deletedSuffix = '.deleted'

export class FragmentStore {
  readonly #files: FileLayer
  readonly #directory: string
  /** By folder name. */
  readonly #streams: Map<string, StreamStore>

  private constructor(files: FileLayer, directory: string, streams: Map<string, StreamStore>) {
    this.#files = files
    this.#directory = directory
    this.#streams = streams
  }

  /**
   * Opens the store in `directory`, made where missing, and finds every committed fragment again. `warn` is told of what
   * is damaged.
   */
  static async open(
    directory: string,
    files: FileLayer = nodeFiles,
    warn: (message: string) => void = () => undefined,
  ): Promise<FragmentStore> {
    await files.makeDirectory(directory)
    const streams = new Map<string, StreamStore>()
    for (const name of await files.list(directory)) {
      if (name.endsWith(deletedSuffix)) await files.remove(join(directory, name))
      else if (isFolderName(name)) streams.set(name, await StreamStore.open(files, join(directory, name), warn))
    }
    return new FragmentStore(files, directory, streams)
  }

  /**
   * The store of the stream `key`: any text that tells a stream from all others, those deleted and made anew under the
   * same name included. Nothing is written before its first fragment.
   */
  stream(key: string): StreamStore {
    const folder = folderName(key)
    const stream = this.#streams.get(folder) ?? new StreamStore(this.#files, join(this.#directory, folder))
    this.#streams.set(folder, stream)
    return stream
  }

  /** Removes all that is stored of a stream; its sessions fail and its tails end. It is gone as a whole or not at all. */
  async delete(key: string): Promise<void> {
    const folder = folderName(key)
    const stream = this.#streams.get(folder)
    if (stream === undefined) return
    await stream.close(new Error('the stream is deleted'))
    const from = join(this.#directory, folder)
    const to = from + deletedSuffix
    if ((await this.#files.list(this.#directory)).includes(folder)) {
      await this.#files.rename(from, to)
      await this.#files.syncDirectory(this.#directory)
      await this.#files.remove(to)
    }
    this.#streams.delete(folder)
  }

  /** Folders of media whose key is none of these. */
  strangers(keys: Iterable<string>): readonly string[] {
    const known = new Set([...keys].map(folderName))
    return [...this.#streams.keys()].filter((folder) => !known.has(folder)).map((name) => join(this.#directory, name))
  }

  /** Ends all sessions and tails. */
  async close(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => stream.close()))
  }
}

/**
 * A folder name for any text: readable where the text is plain, unique by its hash, also where the file system does not
 * tell upper from lower case, and without a character that means anything in a path.
 */
function folderName(key: string): string {
  const readable = key.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100)
  return `${readable}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`
}

function isFolderName(name: string): boolean {
  return /^[A-Za-z0-9_-]{0,100}-[0-9a-f]{32}$/.test(name)
}
