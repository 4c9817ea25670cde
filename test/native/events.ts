/** Runs on the device's host: reports what happens, one line of JSON each, until it is over. */

import { utf8Text } from '../../src/core/text.ts'
import type { NativeInput } from '../../src/device/native.ts'

const [name = '', path = ''] = native.args

function report(event: object): void {
  native.stdout(`${JSON.stringify(event)}\n`)
}

function onEnd(error: string | null): void {
  report({ end: error })
  native.exit(0)
}

const cases: Record<string, () => void> = {
  /** Everything that the input has. */
  input() {
    let bytes = 0
    let largest = 0
    const opened = native.openInput(path, {
      onData(data) {
        bytes += data.length
        largest = Math.max(largest, data.length)
        report(data.length < 100 ? { data: utf8Text(data) } : { bytes, largest })
      },
      onEnd,
    })
    if (typeof opened === 'string') onEnd(opened)
    else report({ open: true })
  },

  /** Bytes that are kept longer than they are lent. */
  inputKept() {
    const kept: Uint8Array[] = []
    native.openInput(path, {
      onData: (data) => kept.push(data),
      onEnd(error) {
        report({ lengths: kept.map((data) => data.length) })
        onEnd(error)
      },
    })
  },

  /** Each piece is followed by a pause, during which nothing may come. */
  inputPaused() {
    let paused = false
    const input = native.openInput(path, {
      onData(data) {
        report({ data: data.length, paused })
        paused = true
        pauseAndResume()
      },
      onEnd(error) {
        report({ paused })
        onEnd(error)
      },
    })
    function pauseAndResume(): void {
      if (typeof input === 'string') return
      input.pause()
      input.pause()
      native.setTimer(5, () => {
        paused = false
        input.resume()
        input.resume()
      })
    }
  },

  /** Closed by its own handler, and once more. */
  inputClosed() {
    let input: NativeInput | string = ''
    input = native.openInput(path, {
      onData(data) {
        report({ data: data.length })
        if (typeof input === 'string') return
        input.close()
        input.close()
        input.resume()
        native.setTimer(20, () => native.exit(0))
      },
      onEnd,
    })
  },

  /** Two that are ready at the same time: the one that comes first ends it. */
  inputExit() {
    for (let i = 0; i < 2; i++) {
      const onData = (data: Uint8Array) => {
        report({ data: data.length })
        native.exit(0)
      }
      native.openInput(path, { onData, onEnd })
    }
  },

  /** Left open: the end of the program has to let go of it. */
  inputLeft() {
    native.openInput(path, { onData: () => undefined, onEnd })
    native.setTimer(1, () => native.exit(0))
  },

  /** The first two are told, the third is the system's again. */
  signals() {
    let count = 0
    native.onSignal((signal) => {
      report({ signal })
      if (++count < 2) return
      native.onSignal(null)
      report({ handling: false })
    })
    report({ handling: true })
    native.setTimer(60_000, () => native.exit(1))
  },

  /** Handed over to another handler, which ends it. */
  signalsHandedOver() {
    native.onSignal(() => report({ wrong: true }))
    native.onSignal((signal) => {
      report({ signal })
      native.exit(0)
    })
    report({ handling: true })
  },

  /** Goes on when nobody reads its output any more. */
  output() {
    let written = 0
    const write = () => {
      native.stdout('x'.repeat(10_000))
      native.stderr('')
      if (++written < 20) native.setTimer(1, write)
      else native.exit(5)
    }
    write()
  },
}

const run = cases[name]
if (run === undefined) throw new Error(`no case "${name}"`)
run()
