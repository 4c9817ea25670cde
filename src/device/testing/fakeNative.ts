/** The host's functions, as far as the adapter's tests go, with everything that was asked of them. */

import type {
  Native,
  NativeConnectOptions,
  NativeInputHandlers,
  NativeSocket,
  NativeSocketHandlers,
  TlsSettings,
} from '../native.ts'

export class FakeSocket implements NativeSocket {
  readonly options: NativeConnectOptions
  readonly handlers: NativeSocketHandlers
  readonly written: (readonly Uint8Array[])[] = []
  taking = true
  ended = false
  destroyed = false
  /** Arguments of `secure`, and what it says. */
  readonly secured: (readonly unknown[])[] = []
  secureError: string | null = null

  constructor(options: NativeConnectOptions, handlers: NativeSocketHandlers) {
    this.options = options
    this.handlers = handlers
  }

  write(parts: readonly Uint8Array[]): boolean {
    this.written.push(parts)
    return this.taking
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    this.destroyed = true
  }

  secure(...given: [TlsSettings, string, number]): string | null {
    this.secured.push(given)
    return this.secureError
  }
}

/** One is in place as the global `native` after `install`. */
export class FakeNative {
  readonly sockets: FakeSocket[] = []
  /** Arguments of makeTls, call by call. */
  readonly tls: (readonly unknown[])[] = []
  /** What makeTls says instead of making it. */
  tlsError: string | undefined
  readonly inputs: { path: string; handlers: NativeInputHandlers }[] = []
  /** Names of errors by path. */
  readonly errors = new Map<string, string>()
  readonly written = new Map<number, Uint8Array[]>()
  readonly closed: number[] = []
  blocksOut = 0
  memoryLeft = Number.POSITIVE_INFINITY

  install(): this {
    Object.assign(globalThis, { native: this.#functions() })
    return this
  }

  #functions(): Partial<Native> {
    return { ...this.#network(), ...this.#files(), ...this.#storage(), ...this.#memory() }
  }

  #network(): Partial<Native> {
    return {
      makeTls: (...given) => {
        this.tls.push(given)
        return this.tlsError ?? ({ kind: 'TlsSettings' } satisfies TlsSettings)
      },
      connect: (options, handlers) => {
        const socket = new FakeSocket(options, handlers)
        this.sockets.push(socket)
        return socket
      },
    }
  }

  #files(): Partial<Native> {
    const failing = (path: string) => this.errors.get(path)
    return {
      listDirectory: (path) => failing(path) ?? [{ name: 'a', type: 'file' }],
      readFile: (path, into) => failing(path) ?? into.fill(1, 0, 5).indexOf(0),
      checkWritable: (path) => failing(path) ?? null,
      createFile: (path) => failing(path) ?? this.written.set(this.written.size + 3, []).size + 2,
      writeFile: (file, bytes) => {
        this.written.get(file)?.push(bytes)
        return failing(String(file)) ?? null
      },
      closeFile: (file) => {
        this.closed.push(file)
      },
      openInput: (path, handlers) => {
        this.inputs.push({ path, handlers })
        return failing(path) ?? { pause() {}, resume() {}, close() {} }
      },
    }
  }

  #storage(): Partial<Native> {
    const failing = (path: string | number) => this.errors.get(String(path))
    const opened = (path: string) => failing(path) ?? this.written.set(this.written.size + 3, []).size + 2
    return {
      makeDirectory: (path) => failing(path) ?? null,
      syncDirectory: (path) => failing(path) ?? null,
      removeFile: (path) => failing(path) ?? null,
      openStored: opened,
      lockFile: opened,
      fileSize: (file) => failing(file) ?? 9,
      readFileAt: (file, _, into) => failing(file) ?? into.length,
      truncateFile: (file) => failing(file) ?? null,
      syncFile: (file) => failing(file) ?? null,
      crc32: (bytes, before) => bytes.length + before,
    }
  }

  #memory(): Partial<Native> {
    return {
      blockBytes: 16,
      takeBlock: () => {
        if (this.blocksOut === this.memoryLeft) return null
        this.blocksOut++
        return new Uint8Array(16)
      },
      giveBlock: () => {
        this.blocksOut--
      },
    }
  }
}
