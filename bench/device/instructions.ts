/** Instructions that a second of the stream takes, counted by valgrind: a long run less a short one. */

import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SinkOptions } from '../sink.ts'
import type { Program } from './program.ts'
import { runProgram } from './run.ts'

export interface InstructionCount {
  readonly perSecond: number
  /** All of the short run: the start, handshakes included, and its seconds. */
  readonly shortRun: number
  readonly shortSeconds: number
  readonly longSeconds: number
  /** Version and cipher suite that the media went through. */
  readonly tls: string
}

/** What is left when TLS is taken as one suite only. */
export const suites = {
  aesGcm: { version: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
  chaCha20: { version: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256' },
} as const satisfies Record<string, SinkOptions>

/** Version of valgrind; null where it is not installed. */
export function valgrindVersion(): string | null {
  const { status, stdout } = spawnSync('valgrind', ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

export async function countInstructions(
  program: Program,
  sink: SinkOptions,
  [shortSeconds, longSeconds]: readonly [number, number],
): Promise<InstructionCount> {
  const [short, long] = await Promise.all([count(program, sink, shortSeconds), count(program, sink, longSeconds)])
  return {
    perSecond: (long.instructions - short.instructions) / (longSeconds - shortSeconds),
    shortRun: short.instructions,
    shortSeconds,
    longSeconds,
    tls: long.tls,
  }
}

async function count(program: Program, options: SinkOptions, seconds: number) {
  const folder = await mkdtemp(join(tmpdir(), 'kvs-bench-'))
  try {
    const log = join(folder, 'log')
    const { sink } = await runProgram({
      command: [
        'valgrind',
        '--tool=cachegrind',
        '--cache-sim=no',
        '--cachegrind-out-file=/dev/null',
        `--log-file=${log}`,
        ...program.command,
      ],
      args: ['-s', '2048', '-D', String(seconds)],
      sink: options,
    })
    return { instructions: instructionsIn(await readFile(log, 'utf8')), tls: sink.tls }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** "==123== I   refs:      1,234,567" */
function instructionsIn(log: string): number {
  const digits = /I\s+refs:\s+([\d,]+)/.exec(log)?.[1]
  if (digits === undefined) throw new Error(`valgrind did not tell how many instructions it saw:\n${log}`)
  return Number(digits.replaceAll(',', ''))
}
