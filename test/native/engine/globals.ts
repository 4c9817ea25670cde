/** What the core's tests, and fast-check, use of Node's globals. */

import { hex, utf8Bytes } from '../../../src/core/text.ts'

class TestBuffer extends Uint8Array {
  static override from(data: Iterable<number> | ArrayLike<number> | string): TestBuffer {
    const bytes = typeof data === 'string' ? utf8Bytes(data) : Uint8Array.from(data as ArrayLike<number>)
    return new TestBuffer(bytes)
  }

  static concat(parts: readonly Uint8Array[]): TestBuffer {
    return TestBuffer.from(parts.flatMap((part) => [...part]))
  }

  static byteLength(text: string): number {
    return utf8Bytes(text).length
  }

  override indexOf(searched: number | Uint8Array, from = 0): number {
    if (typeof searched === 'number') return super.indexOf(searched, from)
    for (let i = from; i + searched.length <= this.length; i++) {
      if (searched.every((byte, at) => this[i + at] === byte)) return i
    }
    return -1
  }

  override includes(searched: number | Uint8Array): boolean {
    return this.indexOf(searched) >= 0
  }

  override toString(encoding?: 'hex'): string {
    return encoding === 'hex' ? hex(this) : super.toString()
  }
}

Object.assign(globalThis, {
  Buffer: TestBuffer,
  TextEncoder: class {
    encode = utf8Bytes
  },
  queueMicrotask: (task: () => void) => void Promise.resolve().then(task),
  clearTimeout: (timer: number) => native.cancelTimer(timer),
  setImmediate: (task: () => void) => native.setTimer(0, task),
  setTimeout: (task: () => void, delayMs: number) => native.setTimer(delayMs, task),
})
