/** Runs on the device's host: does what its first argument names and prints what came of it as JSON. */

import { hex, utf8Bytes, utf8Text } from '../../src/core/text.ts'

const [name = '', ...args] = native.args

function done(result: unknown): void {
  native.stdout(JSON.stringify(result))
  native.exit(0)
}

const cases: Record<string, (...args: string[]) => void> = {
  about() {
    done({ args: native.args, system: native.system, runtime: native.runtime, columns: native.stderrColumns() })
  },

  environment(variable) {
    done({ value: native.env(variable ?? ''), missing: native.env('KVS_TEST_NOT_SET') === undefined })
  },

  timers() {
    const told: string[] = []
    const cancelled = native.setTimer(0, () => told.push('cancelled'))
    native.setTimer(0, () => {
      told.push('first')
      native.cancelTimer(second)
      native.setTimer(0, () => told.push('set by a timer'))
      void Promise.resolve().then(() => told.push('promise of a timer'))
    })
    const second = native.setTimer(0, () => told.push('cancelled by a timer'))
    native.setTimer(-1, () => told.push('negative'))
    native.setTimer(Number.NaN, () => told.push('no number'))
    native.setTimer(1e300, () => told.push('never'))
    told.push('now')
    native.cancelTimer(cancelled)
    native.cancelTimer(cancelled)
    native.setTimer(20, () => done(told))
  },

  /** The times at which timers of many delays were due, in the order in which they fired; each time within bounds. */
  timerOrder() {
    const fired: { notBeforeMs: number; notAfterMs: number }[] = []
    const delaysMs = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) / 3)
    for (const delayMs of delaysMs) {
      const notBeforeMs = native.monotonicMs() + delayMs
      native.setTimer(delayMs, () => {
        fired.push(due)
        if (fired.length === delaysMs.length) done(fired)
      })
      const due = { notBeforeMs, notAfterMs: native.monotonicMs() + delayMs }
    }
  },

  /** How early timers fire, of many with fractions. */
  earliness() {
    let left = 50
    let earliestMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < 50; i++) {
      const dueMs = native.monotonicMs() + i / 3
      native.setTimer(i / 3, () => {
        earliestMs = Math.min(earliestMs, native.monotonicMs() - dueMs)
        if (--left === 0) done({ earliestMs })
      })
    }
  },

  /** A timer that sets itself again at once leaves the rest their turns. */
  starvation(path) {
    let ended = false
    const again = () => {
      if (!ended) native.setTimer(0, again)
    }
    again()
    native.openInput(path ?? '', {
      onData: () => undefined,
      onEnd(error) {
        ended = true
        done({ error })
      },
    })
  },

  wall() {
    done({ wallMs: native.wallMs() })
  },

  exit() {
    native.setTimer(0, () => {
      native.exit(7)
      native.stdout('same turn ')
      void Promise.resolve().then(() => native.stdout('its promises'))
    })
    native.setTimer(0, () => native.stdout('next turn'))
  },

  throwing() {
    native.setTimer(0, () => {
      throw new Error('thrown by a timer')
    })
  },

  throwingAtOnce() {
    throw new Error('thrown at once')
  },

  rejecting() {
    native.setTimer(0, () => void Promise.reject(new Error('nobody asked')))
  },

  /** Asked for later in the same turn: nothing wrong. */
  rejectingHandled() {
    const rejected = Promise.reject(new Error('asked for'))
    const other = Promise.reject(new Error('asked for, too'))
    void Promise.resolve()
      .then(() => other.catch(() => undefined))
      .then(() => rejected.catch((error: Error) => done({ caught: error.message })))
  },

  waitingForNothing() {
    // Nothing: the loop has to notice.
  },

  recursing() {
    const down = (n: number): number => 1 + down(n + 1)
    try {
      down(0)
    } catch (error) {
      done({ thrown: String(error) })
    }
  },

  outOfMemory() {
    const kept: unknown[] = []
    for (;;) kept.push({ some: kept.length, more: [kept.length] })
  },

  /** Too much at once is an error like others. */
  tooLarge() {
    try {
      done({ made: new Uint8Array(2 ** 31 - 1).length })
    } catch (error) {
      done({ thrown: String(error) })
    }
  },

  blocks() {
    const before = media()
    const taken = Array.from({ length: 3 }, () => native.takeBlock())
    const lengths = taken.map((block) => block?.length)
    for (const [i, block] of taken.entries()) block?.fill(i + 1)
    const ends = taken.map((block) => [block?.[0], block?.[native.blockBytes - 1]])
    const during = media()
    for (const block of taken) if (block !== null) native.giveBlock(block)
    const detached = taken.map((block) => block?.length)
    done({ blockBytes: native.blockBytes, lengths, ends, before, during, after: media(), detached })
  },

  /** Taken and let go without being given back: the garbage collector's. */
  blocksForgotten() {
    for (let i = 0; i < 10; i++) native.takeBlock()
    done(media())
  },

  blocksWithoutMemory() {
    let taken = 0
    const kept: Uint8Array[] = []
    for (let block = native.takeBlock(); block !== null; block = native.takeBlock()) {
      kept.push(block)
      taken++
    }
    for (const block of kept) native.giveBlock(block)
    done({ taken, again: native.takeBlock() !== null })
  },

  memory() {
    const before = native.memory()
    const kept = Array.from({ length: 1000 }, (_, i) => new Uint8Array(i))
    const during = native.memory()
    kept.length = 0
    done({ before, during, after: native.memory() })
  },

  /** Objects of all sizes come and go: memory is used again. */
  churn() {
    const make = (round: number) => Array.from({ length: 300 }, (_, i) => new Uint8Array((i + round) % 600))
    make(0)
    const before = native.memory()
    for (let round = 1; round < 300; round++) make(round)
    done({ before, after: native.memory() })
  },

  search() {
    let checked = 0
    let found = 0
    const wrong: unknown[] = []
    let state = 12345
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 16) % below
    }
    for (let round = 0; round < 2000; round++) {
      const buffer = Uint8Array.from({ length: random(80) + 8 }, () => [0, 0, 0, 1, 2, 255][random(6)] ?? 0)
      const bytes = buffer.subarray(random(8), buffer.length - random(4))
      for (let from = 0; from <= bytes.length + 1; from++) {
        const expected = naiveStartCode(bytes, from)
        const actual = native.startCode(bytes, from)
        checked++
        if (expected >= 0) found++
        if (actual !== expected) wrong.push({ bytes: [...bytes], from, expected, actual })
      }
    }
    done({ checked, found, wrong: wrong.slice(0, 3) })
  },

  hashes(...lengths) {
    done(
      lengths.map((length) => {
        const bytes = pattern(Number(length))
        return { sha256: hex(native.sha256(bytes)), hmac: hex(native.hmacSha256(bytes.subarray(1), bytes)) }
      }),
    )
  },

  random() {
    const fills = Array.from({ length: 2 }, () => new Uint8Array(1000))
    for (const fill of fills) native.random(fill)
    native.random(new Uint8Array(0))
    done(fills.map((fill) => [...fill]))
  },

  notBytes() {
    const wrong: unknown[] = [undefined, null, 'text', {}, [1], new Uint16Array(2), new ArrayBuffer(2)]
    const given = native.takeBlock()
    if (given !== null) native.giveBlock(given)
    done([...wrong, given].map((value) => thrownBy(() => native.sha256(value as Uint8Array))))
  },

  list(path) {
    done(native.listDirectory(path ?? ''))
  },

  read(path, room) {
    const into = new Uint8Array(Number(room))
    const size = native.readFile(path ?? '', into)
    done({ size, text: typeof size === 'number' && size <= into.length ? utf8Text(into, 0, size) : '' })
  },

  write(path, ...texts) {
    const file = native.createFile(path ?? '')
    if (typeof file === 'string') return done({ created: file })
    const written = texts.map((text) => native.writeFile(file, utf8Bytes(text)))
    native.closeFile(file)
    done({ written, afterClose: native.writeFile(file, utf8Bytes('x')) })
  },

  writable(path) {
    done(native.checkWritable(path ?? ''))
  },
}

function naiveStartCode(bytes: Uint8Array, from: number): number {
  for (let i = from; i + 2 < bytes.length; i++) {
    if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1) return i
  }
  return -1
}

/** The test makes the same. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256)
}

function media() {
  const { nowBytes, peakBytes } = native.memory().find(({ name }) => name === 'media') ?? {}
  return { nowBytes, peakBytes }
}

function thrownBy(call: () => unknown): string {
  try {
    call()
    return 'nothing'
  } catch (error) {
    return String(error)
  }
}

const run = cases[name]
if (run === undefined) throw new Error(`no case "${name}"`)
run(...args)
