/**
 * What the C host in native/ offers: one global object. Only the files of this folder see it, and they make the core's
 * ports of it. Where a function can fail it returns the name of the error ("ENOENT") instead of its result.
 */

/** Name of an errno, or one of the host's own: see the function. */
export type ErrorName = string

/** Trust anchors, client certificate and remembered TLS sessions, used by any number of connections. */
export interface TlsSettings {
  readonly kind: 'TlsSettings'
}

export interface NativeConnectOptions {
  /** Name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Null: plain TCP. */
  readonly tls: TlsSettings | null
}

export interface NativeSocketHandlers {
  onOpen(): void
  /** Borrowed until the call returns. */
  onData(bytes: Uint8Array): void
  onDrain(): void
  /**
   * Null: an orderly end. Else an errno's name, a name of getaddrinfo's ("EAI_NONAME"), CERT_NOT_YET_VALID,
   * CERT_EXPIRED, CERT_OTHER_HOST, CERT_UNTRUSTED, NOT_TLS, TLS_VERSION, TLS_ALERT, TLS, or ENOMEM; `detail` may say more.
   */
  onClose(error: ErrorName | null, detail: string): void
}

/** As the core's Socket: `write` borrows the list and its parts until `onDrain` where it returns false. */
export interface NativeSocket {
  write(parts: readonly Uint8Array[]): boolean
  end(): void
  destroy(): void
  /**
   * Goes on in TLS on a plain connection: `onOpen` is called once more when the peer is verified to be `host`, and nothing
   * before. Otherwise why it stays as it is: "ENOMEM", "ENOTCONN" where it is not open, "EBUSY" where something is still
   * to be sent, or it is TLS already.
   */
  secure(tls: TlsSettings, host: string, port: number): ErrorName | null
}

export interface NativeEntry {
  readonly name: string
  readonly type: 'file' | 'directory' | 'other'
}

/** A file, FIFO or device being read as its bytes come. */
export interface NativeInput {
  /** Stops and goes on: while paused nothing is read. */
  pause(): void
  resume(): void
  close(): void
}

export interface NativeInputHandlers {
  /** Borrowed until the call returns. */
  onData(bytes: Uint8Array): void
  /** Null: the end. */
  onEnd(error: ErrorName | null): void
}

/** Bytes that one of the host's allocators has handed out now, and the most it ever had. */
export interface NativeMemory {
  readonly name: string
  readonly nowBytes: number
  readonly peakBytes: number
}

export interface Native {
  // clock.c
  wallMs(): number
  monotonicMs(): number
  /** Runs `task` once from a later turn; the number is what `cancelTimer` takes. */
  setTimer(delayMs: number, task: () => void): number
  cancelTimer(timer: number): void

  // blocks.c
  readonly blockBytes: number
  /** Null where the system has no memory left. */
  takeBlock(): Uint8Array | null
  /** Detaches and unmaps it. */
  giveBlock(block: Uint8Array): void

  // search.c
  startCode(bytes: Uint8Array, from: number): number

  // crypto.c, random.c
  sha256(bytes: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array
  random(bytes: Uint8Array): void

  // tls.c
  /**
   * `anchors`: PEM texts, null for the ones compiled in. `certificate` and `key`: PEM texts of the client, or null.
   * ErrorName: "NO_CERTIFICATE" where `anchors` has none, "BAD_CERTIFICATE", "BAD_KEY", "ENOMEM".
   */
  makeTls(
    anchors: readonly Uint8Array[] | null,
    certificate: Uint8Array | null,
    key: Uint8Array | null,
  ): TlsSettings | ErrorName

  // socket.c
  connect(options: NativeConnectOptions, handlers: NativeSocketHandlers): NativeSocket

  // files.c
  listDirectory(path: string): readonly NativeEntry[] | ErrorName
  /** Size of the file; where it is larger than `into` nothing else happens. */
  readFile(path: string, into: Uint8Array): number | ErrorName
  /** Null: a file can be made in the folder. */
  checkWritable(directory: string): ErrorName | null
  /** Descriptor of a new or emptied file. */
  createFile(path: string): number | ErrorName
  writeFile(descriptor: number, bytes: Uint8Array): ErrorName | null
  closeFile(descriptor: number): void

  // storage.c
  /** Null also where it is there, whatever it is. */
  makeDirectory(path: string): ErrorName | null
  syncDirectory(path: string): ErrorName | null
  removeFile(path: string): ErrorName | null
  /** Descriptor of a file to append and to read; made where it is not there, if `make` says so. */
  openStored(path: string, make: boolean): number | ErrorName
  /** Descriptor that holds the kernel's lock until it is closed; "EAGAIN" where another one does. */
  lockFile(path: string): number | ErrorName
  fileSize(descriptor: number): number | ErrorName
  /** Bytes read: fewer than `into` has only at the end of the file. */
  readFileAt(descriptor: number, offset: number, into: Uint8Array): number | ErrorName
  truncateFile(descriptor: number, sizeBytes: number): ErrorName | null
  /** Content and size, not the name. */
  syncFile(descriptor: number): ErrorName | null
  /** CRC-32 of bytes behind those of which `before` is the CRC. */
  crc32(bytes: Uint8Array, before: number): number

  // input.c
  /** "-" is standard input. */
  openInput(path: string, handlers: NativeInputHandlers): NativeInput | ErrorName

  // process.c
  readonly args: readonly string[]
  /** "Linux/6.1.0 armv7l" */
  readonly system: string
  /** "QuickJS 2025-04-26, mbedTLS 3.6.7, armv7" */
  readonly runtime: string
  /** Undefined where not set. */
  env(name: string): string | undefined
  stdout(text: string): void
  stderr(text: string): void
  /** Columns of the terminal that stderr is, 0 where it is none. */
  stderrColumns(): number
  /** The handler for SIGHUP, SIGINT and SIGTERM; null: as the system does it. */
  onSignal(handler: ((signal: number) => void) | null): void
  /** Engine, TLS, media blocks; and "resident" as the kernel counts it. */
  memory(): readonly NativeMemory[]
  /** Ends the process when the present turn is over. */
  exit(status: number): void
}

declare global {
  /** Set by native/engine.c before the program runs. */
  const native: Native
}
