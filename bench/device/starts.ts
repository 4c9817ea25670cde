/** How long a program takes from its start until its first media is there. */

import type { Program } from './program.ts'
import { runProgram } from './run.ts'
import { type ProcessorSample, watchProcessor } from './watch.ts'

export interface Start {
  /** From the start of the process until the sink has decrypted the first bytes of media. */
  readonly firstMediaMs: number
  /** What the process had of a processor in that time, and how long it waited for one that others had. */
  readonly ranMs: number
  readonly waitedMs: number
}

export interface Starts {
  readonly starts: readonly Start[]
  /** TLS handshakes of a start, and how many of them resumed an earlier session. */
  readonly handshakes: number
  readonly resumed: number
  readonly tls: string
}

export async function measureStarts({ command }: Program, count: number): Promise<Starts> {
  const starts: Start[] = []
  let last = { handshakes: 0, resumed: 0, tls: '' }
  for (let index = 0; index < count; index++) {
    let samples: readonly ProcessorSample[] = []
    const { startMs, sink } = await runProgram({
      command,
      args: ['-D', '1'],
      onStart: (pid) => {
        samples = watchProcessor(pid)
      },
    })
    starts.push({ firstMediaMs: sink.firstMediaMs - startMs, ...processorUntil(samples, sink.firstMediaMs) })
    last = sink
  }
  return { starts, handshakes: last.handshakes, resumed: last.resumed, tls: last.tls }
}

function processorUntil(samples: readonly ProcessorSample[], atMs: number): Pick<Start, 'ranMs' | 'waitedMs'> {
  const first = samples[0]
  const last = samples.filter((sample) => sample.atMs <= atMs).pop()
  if (first === undefined || last === undefined) return { ranMs: 0, waitedMs: 0 }
  return { ranMs: last.ranMs - first.ranMs, waitedMs: last.waitedMs - first.waitedMs }
}
