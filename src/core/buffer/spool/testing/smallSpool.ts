/** A spool with fragments of these sizes, filled with the number of each. */

import type { ForgetfulFiles } from '../../../testing/forgetfulFiles.ts'
import { must } from '../../../testing/must.ts'
import { Spool, type SpooledFragment } from '../spool.ts'
import { capacityBytes, directory, readAll } from './spoolRun.ts'

export const header = Uint8Array.of(1, 2, 3)
export const figuresOf = (timecodeMs: number) => ({ timecodeMs, frames: 2, frameBytes: 7, header })

export function spoolOf(storage: ForgetfulFiles, ...sizes: number[]): Spool {
  const spool = new Spool({ storage, directory, capacityBytes })
  for (const [index, bytes] of sizes.entries()) spool.append(figuresOf(index), [new Uint8Array(bytes).fill(index + 1)])
  return spool
}

export const timecodes = (spool: Spool) => readAll(spool).map(({ fragment }) => fragment.timecodeMs)

export function nth(spool: Spool, index: number): SpooledFragment {
  const fragment = readAll(spool)[index]?.fragment
  must(fragment !== undefined, `there is a fragment ${index}`)
  return fragment
}

/** Makes the head of the record in which the fragment's content begins unreadable. */
export function hitHead(files: ForgetfulFiles, timecodeMs: number): void {
  for (const { content } of files.files.values()) {
    const at = content.findIndex((_, index) =>
      content.subarray(index, index + 100).every((byte) => byte === timecodeMs + 1),
    )
    if (at >= 0) content[at - 48 + 17] = 255
  }
}
