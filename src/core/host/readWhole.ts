import type { Files } from '../platform.ts'

/** Content of a file of any size. */
export function readWhole(files: Files, path: string): Uint8Array {
  let bytes = new Uint8Array(16 * 1024)
  for (;;) {
    const size = files.read(path, bytes)
    if (size <= bytes.length) return bytes.slice(0, size)
    bytes = new Uint8Array(size)
  }
}
