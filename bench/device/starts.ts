/** How long a program takes from its start until its first media is there. */

import type { Program } from './program.ts'
import { runProgram } from './run.ts'

export interface Starts {
  /** From the start of the process until the sink has decrypted the first bytes of media, milliseconds. */
  readonly firstMediaMs: readonly number[]
  /** TLS handshakes of a start, and how many of them resumed an earlier session. */
  readonly handshakes: number
  readonly resumed: number
  readonly tls: string
}

export async function measureStarts({ command }: Program, count: number): Promise<Starts> {
  const firstMediaMs: number[] = []
  let last = { handshakes: 0, resumed: 0, tls: '' }
  for (let index = 0; index < count; index++) {
    const { startMs, sink } = await runProgram({ command, args: ['-D', '1'] })
    firstMediaMs.push(sink.firstMediaMs - startMs)
    last = sink
  }
  return { firstMediaMs, handshakes: last.handshakes, resumed: last.resumed, tls: last.tls }
}
