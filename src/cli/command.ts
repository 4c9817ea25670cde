import type { Files, Platform, Process } from '../core/platform.ts'
import type { Option, Options } from './options.ts'

/** What a command has of its host. */
export interface Host {
  readonly process: Process
  readonly files: Files
  /** A host for one producer; `caPath` is a PEM file or a folder of them that replaces the trust anchors. */
  platform(caPath: string | undefined): Platform
}

/** One command of `kvs`. */
export interface Command {
  /** Empty: what `kvs` does without a command. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** After "kvs ": e.g. "[-n NAME] [-d DIR]". */
  readonly usage: string
  readonly options: readonly Option[]
  /** Shown below the options, line by line. */
  readonly notes: readonly string[]
  /** Returns the exit status. */
  run(options: Options, host: Host): Promise<number>
}
