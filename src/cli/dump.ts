/** `--dump`: exactly the bytes sent, a Matroska file per session. */

import type { Files, FileWriter } from '../core/platform.ts'
import type { Options } from './options.ts'

/**
 * What opens the dump of a session, or undefined where none is asked for. A folder that cannot be written is an error now;
 * a disk that fills up later ends the dump with a warning, and not the stream.
 */
export function openDump(
  options: Options,
  files: Files,
  warn: (message: string) => void,
): (() => FileWriter) | undefined {
  const directory = options.text('dump')
  if (directory === undefined) return undefined
  files.checkWritable(directory)
  let written = 0
  return () => new Dump(() => files.create(`${directory}/${options.text('channel-name') ?? ''}_${++written}.mkv`), warn)
}

class Dump implements FileWriter {
  readonly #open: () => FileWriter
  readonly #warn: (message: string) => void
  #file: FileWriter | undefined
  #over = false

  constructor(open: () => FileWriter, warn: (message: string) => void) {
    this.#open = open
    this.#warn = warn
  }

  /** Opens the file first where this is the first write: a session that is refused leaves none. */
  write(bytes: Uint8Array): void {
    this.#try(() => {
      this.#file ??= this.#open()
      this.#file.write(bytes)
    })
  }

  close(): void {
    this.#try(() => this.#file?.close())
    this.#over = true
  }

  #try(step: () => void): void {
    if (this.#over) return
    try {
      step()
    } catch (error) {
      this.#over = true
      this.#warn(`the dump ends here: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
