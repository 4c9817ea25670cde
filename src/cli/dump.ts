/** `--dump`: exactly the bytes sent, a Matroska file per session. */

import type { Files, FileWriter } from '../core/platform.ts'
import type { Options } from './options.ts'

/**
 * What opens the dump of a session, or undefined where none is asked for. The first file is opened at once, so that a
 * wrong folder is an error now; a disk that fills up later ends the dump with a warning, and not the stream.
 */
export function openDump(
  options: Options,
  files: Files,
  warn: (message: string) => void,
): ((session: number) => FileWriter) | undefined {
  const directory = options.text('dump')
  if (directory === undefined) return undefined
  const path = (session: number) => `${directory}/${options.text('channel-name') ?? ''}_${session}.mkv`
  const first = files.create(path(1))
  return (session) => {
    if (session === 1) return new Dump(() => first, warn)
    return new Dump(() => files.create(path(session)), warn)
  }
}

class Dump implements FileWriter {
  readonly #warn: (message: string) => void
  #file: FileWriter | undefined

  constructor(open: () => FileWriter, warn: (message: string) => void) {
    this.#warn = warn
    this.#try(() => {
      this.#file = open()
    })
  }

  write(bytes: Uint8Array): void {
    this.#try(() => this.#file?.write(bytes))
  }

  close(): void {
    this.#try(() => this.#file?.close())
    this.#file = undefined
  }

  #try(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#file = undefined
      this.#warn(`the dump ends here: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
