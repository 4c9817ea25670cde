import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KvsError } from '../../core/errors.ts'
import { replaceFile, systemCode } from '../files.ts'
import type { StreamRecord } from './stream.ts'

/** All streams of the endpoint, kept in one file. Readers see a change only once it is durable. */
export class StreamRegistry {
  readonly #path: string
  #streams: ReadonlyMap<string, StreamRecord>
  #last: Promise<unknown> = Promise.resolve()
  #lastCreationMs = 0

  private constructor(path: string, streams: readonly StreamRecord[]) {
    this.#path = path
    this.#streams = new Map(streams.map((stream) => [stream.name, stream]))
  }

  /** Loads the streams of a directory. Throws CONFIGURATION where the file is no registry. */
  static async open(directory: string): Promise<StreamRegistry> {
    const path = join(directory, 'streams.json')
    try {
      return new StreamRegistry(path, parse(await readFile(path, 'utf8'), path))
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT') return new StreamRegistry(path, [])
      throw thrown
    }
  }

  get(name: string): StreamRecord | undefined {
    return this.#streams.get(name)
  }

  /** All streams, by name in code-unit order. */
  list(): readonly StreamRecord[] {
    return [...this.#streams.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** When a stream made now is made: never the same twice, as ARNs and the keys of media are told apart by it. */
  nextCreationMs(nowMs: number): number {
    this.#lastCreationMs = Math.max(Math.floor(nowMs), this.#lastCreationMs + 1)
    return this.#lastCreationMs
  }

  /**
   * Changes one stream, one change after the other: `change` sees what the change before has left, and what it throws
   * is thrown here with nothing changed. Returning null removes the stream.
   */
  update<T extends StreamRecord | null>(name: string, change: (stream: StreamRecord | undefined) => T): Promise<T> {
    const next = this.#last.then(async () => {
      const changed = change(this.#streams.get(name))
      const streams = new Map(this.#streams)
      if (changed === null) streams.delete(name)
      else streams.set(name, changed)
      await replaceFile(this.#path, `${JSON.stringify([...streams.values()], null, 2)}\n`, 0o600)
      this.#streams = streams
      return changed
    })
    this.#last = next.catch(() => undefined)
    return next
  }
}

function parse(text: string, path: string): StreamRecord[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every(isStream)) return value
  } catch {
    // Told below.
  }
  throw new KvsError('CONFIGURATION', `${path} does not hold the list of streams`, {
    cause: 'it was edited or damaged',
    cure: `put a copy of it back, or move ${path} away to begin without streams: their media stays in the folder, unused`,
  })
}

function isStream(value: unknown): value is StreamRecord {
  if (typeof value !== 'object' || value === null) return false
  const { name, arn, createdMs, version, activeMs, retentionHours, deleting, tags } = value as Record<string, unknown>
  const texts = [name, arn, version].every((field) => typeof field === 'string')
  const numbers = [createdMs, activeMs, retentionHours].every((field) => Number.isSafeInteger(field))
  return texts && numbers && typeof deleting === 'boolean' && typeof tags === 'object' && tags !== null
}

const versionCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A stream's version: 20 random letters and digits. */
export function newVersion(): string {
  return Array.from({ length: 20 }, () => versionCharacters[randomInt(versionCharacters.length)]).join('')
}
