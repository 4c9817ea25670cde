import type { CredentialProvider } from '../core/aws/credentials/credentials.ts'
import type { Files, Platform, Process, Storage } from '../core/platform.ts'
import type { Option, Options } from './options.ts'

/** Credentials, and what to say of where they come from. */
export interface CredentialSource {
  readonly provider: CredentialProvider
  readonly from: string
}

/** What a command has of its host. */
export interface Host {
  readonly process: Process
  readonly files: Files
  /** For what is to outlive the process. */
  readonly storage: Storage
  /** A host for one producer; `caPath` is a PEM file or a folder of them that replaces the trust anchors. */
  platform(caPath: string | undefined): Platform
  /**
   * The host's own sources of credentials, those of a profile where one is named; null: there is none. Absent on a host that
   * has only those of every host. Throws CONFIGURATION.
   */
  readonly credentials?: (platform: Platform, profile: string | undefined) => CredentialSource | null
}

/** A command of `kvs` as the help shows it, the same on every host. */
export interface CommandSyntax {
  /** Empty: what `kvs` does without a command. */
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** After "kvs ": e.g. "[-n NAME] [-d DIR]". */
  readonly usage: string
  readonly options: readonly Option[]
  /** Shown below the options, line by line. */
  readonly notes: readonly string[]
}

/** One command of `kvs`. */
export interface Command extends CommandSyntax {
  /** Returns the exit status. */
  run(options: Options, host: Host): Promise<number>
}
