/**
 * What a host must offer. The core reaches the outside world through these ports and through nothing else, so that
 * the same program runs on Node.js, in a small engine on a camera, and in tests on a fake clock and network.
 */

import type { KvsError } from './errors.ts'
import type { MonotonicMs, WallMs } from './frame/time.ts'

/** A timer that has not fired yet. Its owner cancels it when it ends; cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

/** Time. Decisions never read it: they are given it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC as the host believes; may jump. */
  wallMs(): WallMs
  /** Milliseconds with fraction from an arbitrary origin; never goes back. */
  monotonicMs(): MonotonicMs
  /** Runs `task` once, `delayMs` (0 or more) from now, never before this call has returned. */
  setTimer(delayMs: number, task: () => void): Timer
}

/** Who a client is in TLS, as PEM. The same object for every connection with it: hosts keep what they made of it. */
export interface ClientCertificate {
  /** The certificate, then what leads from it to an authority that the server knows. */
  readonly chain: Uint8Array
  readonly key: Uint8Array
}

/** Where and how to connect. */
export interface ConnectOptions {
  /** Host name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** TLS 1.2 or newer with chain and host name verified; `false` is plain TCP. */
  readonly tls: boolean
  /** Shown to a server that asks for one; TLS only. */
  readonly clientCertificate?: ClientCertificate | undefined
  /** How long until the connection, TLS included, must stand. */
  readonly timeoutMs: number
}

/** What a socket tells its owner. After `onClose` nothing follows. */
export interface SocketHandlers {
  /** Connected, and over TLS: peer verified. Only now may be written. */
  onOpen(): void
  /** Bytes of the peer, borrowed until the call returns. */
  onData(bytes: Uint8Array): void
  /** The parts of the last `write`, for which it returned false, are taken. */
  onDrain(): void
  /** Over: `null` after an orderly end by either side, else why. */
  onClose(error: KvsError | null): void
}

/** A TCP or TLS connection with write back-pressure. */
export interface Socket {
  /**
   * Sends the parts in order. True: taken at once, more may be written. False: the parts are borrowed until `onDrain`,
   * and nothing may be written before.
   */
  write(parts: readonly Uint8Array[]): boolean
  /** Sends what was written, then ends this side in order (TLS: close_notify). */
  end(): void
  /** Drops the connection now; `onClose` is not called any more. */
  destroy(): void
}

/** Opens a connection. Handlers are called from later turns only; failures arrive at `onClose`, never as an exception. */
export type Connect = (options: ConnectOptions, handlers: SocketHandlers) => Socket

/** Hashes, done natively. All synchronous. */
export interface Crypto {
  sha256(bytes: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array
}

/** Fills `bytes` with random bytes fit for identifiers and jitter. */
export type Random = (bytes: Uint8Array) => void

/** Memory for media, taken and given back in blocks of one size so that resident memory follows what is in flight. */
export interface Blocks {
  /** Size of every block in bytes. */
  readonly blockBytes: number
  /** A block of `blockBytes` with any content, or null when the host has no memory left. */
  take(): Uint8Array | null
  /** Gives a block back; it must not be touched afterwards. */
  give(block: Uint8Array): void
}

/** One name in a directory. */
export interface FileEntry {
  readonly name: string
  /** Links count as what they lead to. */
  readonly type: 'file' | 'directory' | 'other'
}

/** What is read as it comes. `onEnd` is the last of the calls. */
export interface InputHandlers {
  /** The next bytes, borrowed until the call returns. */
  onData(bytes: Uint8Array): void
  /** `null` at the end, else why it cannot be read on. */
  onEnd(error: KvsError | null): void
}

/** A file, FIFO or device being read. */
export interface Input {
  /** Nothing is read, and `onData` is not called, until `resume`. */
  pause(): void
  resume(): void
  /** Ends it without a further call. */
  close(): void
}

/** Files. What is read as a whole is small and on the device's own storage: synchronous. Failures throw KvsError. */
export interface Files {
  /** The entries of a directory in any order. Throws INPUT_MISSING or INPUT_UNREADABLE. */
  list(path: string): readonly FileEntry[]
  /**
   * Reads a whole file into the start of `into` and returns the file's size in bytes. Where it is larger than `into`,
   * the content of `into` is undefined and nothing else happens: call again with more room.
   */
  read(path: string, into: Uint8Array): number
  /**
   * Reads from now on as the bytes come; "-" is standard input. A FIFO waits for its first writer and ends with its last.
   * Handlers are called from later turns only. Throws INPUT_MISSING or INPUT_UNREADABLE.
   */
  open(path: string, handlers: InputHandlers): Input
  /** Throws OUTPUT_UNWRITABLE where no file can be made in the folder. */
  checkWritable(directory: string): void
  /** Opens a file for appending, made new or emptied. Throws OUTPUT_UNWRITABLE. */
  create(path: string): FileWriter
}

/** A file being written. */
export interface FileWriter {
  write(bytes: Uint8Array): void
  close(): void
}

/**
 * What is to outlive the process and a loss of power. All of it is synchronous; failures throw OUTPUT_UNWRITABLE unless
 * said otherwise.
 */
export interface Storage extends Pick<Files, 'list'> {
  /** Makes a folder below one that is there; nothing happens where it is there itself. */
  makeDirectory(path: string): void
  /** Makes names that were made in or removed from a folder durable. */
  syncDirectory(path: string): void
  /**
   * Takes a folder for one owner until the function returned is called or the process ends, however it ends. Throws where
   * it is taken.
   */
  lock(directory: string): () => void
  /** Opens a file to read and append; where it is not there it is made, if `make` says so. */
  openStored(path: string, make: boolean): StoredFile
  /** Removes a file. */
  remove(path: string): void
  /** CRC-32 as zlib, gzip and PNG have it, of `bytes` behind those of which `before` is the CRC (0: none). */
  crc32(bytes: Uint8Array, before: number): number
}

/** A file of a Storage. What is appended is durable after `sync`. */
export interface StoredFile {
  sizeBytes(): number
  append(bytes: Uint8Array): void
  /** Fills `into` from `offset` on and returns how many bytes there were. Throws INPUT_UNREADABLE. */
  readAt(offset: number, into: Uint8Array): number
  /** Cuts off what lies behind. */
  truncate(sizeBytes: number): void
  sync(): void
  close(): void
}

/** Native searches in bytes, for loops that an interpreter is slow at. */
export interface Search {
  /** Index at or after `from` of the bytes 00 00 01, or -1. */
  startCode(bytes: Uint8Array, from: number): number
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Diagnostics for people; the signature takes pino and its kin as they are. */
export interface Log {
  /** Only of interest when something is looked into. */
  debug(fields: object, message: string): void
  /** What happens in the normal course. */
  info(fields: object, message: string): void
  /** Something is not as it should be, but it goes on. */
  warn(fields: object, message: string): void
  /** Something has failed. */
  error(fields: object, message: string): void
}

/** Memory that one part of the host holds now, and the most it ever held. */
export interface MemoryUse {
  readonly name: string
  readonly nowBytes: number
  /** Null where nobody counts it. */
  readonly peakBytes: number | null
}

/** The process that a command line runs in. */
export interface Process {
  readonly args: readonly string[]
  /** The value of an environment variable, undefined where not set or empty. */
  env(name: string): string | undefined
  stdout(text: string): void
  stderr(text: string): void
  /** Columns of the terminal that stderr is, 0 where it is none. */
  readonly stderrColumns: number
  /** Calls `handler` for every SIGHUP, SIGINT and SIGTERM with 1, 2 or 15; the function returned ends that. */
  onSignal(handler: (signal: number) => void): () => void
  memory(): readonly MemoryUse[]
  /** "Linux/6.1 x86_64" or the like, for the User-Agent. */
  readonly system: string
  /** Engine and TLS library with their versions, for --version. */
  readonly runtime: string
}

/** Everything that the producer needs of its host. */
export interface Platform {
  readonly clock: Clock
  readonly connect: Connect
  readonly crypto: Crypto
  readonly random: Random
  readonly blocks: Blocks
  readonly search: Search
  readonly log: Log
}
