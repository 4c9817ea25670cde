/** A spool that is filled until its process is killed, and what is found in it then. */

import type { Spool } from '../spool.ts'

/** Of a fragment, so that its content can be told from that of any other. */
function contentOf(timecodeMs: number): Uint8Array {
  return new Uint8Array(1000 + ((timecodeMs * 7919) % 50_000)).fill(timecodeMs % 251)
}

/** Never returns; says each fragment's timecode when it is kept, and "-" with it when it is done. */
export function fillSpool(spool: Spool, say: (text: string) => void): void {
  for (let timecodeMs = 0; ; timecodeMs++) {
    const content = contentOf(timecodeMs)
    const header = Uint8Array.of(1, 2, timecodeMs % 2)
    spool.append({ timecodeMs, frames: 1, frameBytes: content.length, header }, [content])
    say(`${timecodeMs}\n`)
    if (timecodeMs % 3 === 0) {
      const oldest = spool.next(null)
      if (oldest === null) throw new Error('what was kept is not there')
      spool.done(oldest)
      say(`-${oldest.timecodeMs}\n`)
    }
  }
}

export interface SpoolReport {
  readonly timecodes: readonly number[]
  /** Those whose content or header is not what was put. */
  readonly wrong: readonly number[]
  readonly waiting: number
  readonly damaged: number
}

export function spoolReport(spool: Spool): SpoolReport {
  const timecodes: number[] = []
  const wrong: number[] = []
  for (let fragment = spool.next(null); fragment !== null; fragment = spool.next(fragment)) {
    const { timecodeMs, lengthBytes, header } = fragment
    timecodes.push(timecodeMs)
    const expected = contentOf(timecodeMs)
    let isRight = lengthBytes === expected.length && header[2] === timecodeMs % 2
    for (let at = 0; at < lengthBytes; ) {
      const bytes = spool.read(fragment, at, lengthBytes)
      isRight &&= bytes.every((byte) => byte === timecodeMs % 251)
      at += bytes.length
    }
    if (!isRight) wrong.push(timecodeMs)
  }
  return { timecodes, wrong, waiting: spool.waiting.fragments, damaged: spool.damaged.fragments }
}

/** What must be found where the process said all this before it was killed: at most one more is kept, or done. */
export function isAsSaid(report: SpoolReport, said: string): boolean {
  const numbers = said.split('\n').slice(0, -1).map(Number)
  const isDone = (value: number) => value < 0 || Object.is(value, -0)
  const kept = numbers.filter((value) => !isDone(value)).length
  const done = numbers.filter(isDone).length
  const [first = kept] = report.timecodes
  const end = first + report.timecodes.length
  const inOrder = report.timecodes.every((timecode, index) => timecode === first + index)
  const whole = report.wrong.length === 0 && report.damaged === 0 && report.waiting === report.timecodes.length
  return inOrder && whole && (first === done || first === done + 1) && (end === kept || end === kept + 1)
}
