/** One run of a program as a user would run it, into a sink of its own that plays the service over TLS. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, endChild, environmentOf, type Service, sharedMs, sinkService, startChild } from '../children.ts'
import { mediaDirectory } from '../media.ts'
import type { SinkOptions, SinkReady, SinkReport } from '../sink.ts'

export interface RunOptions {
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly sink?: SinkOptions
  /** Sent SIGTERM after so long, and how it ends is then its own business; else it must end by itself, with status 0. */
  readonly endAfterMs?: number
  /** Told when the process runs, with its number. */
  readonly onStart?: (pid: number) => void
}

export interface Run {
  /** On the clock of `sharedMs`. */
  readonly startMs: number
  readonly sink: SinkReport
}

export async function runProgram({ command, args, sink: options = {}, endAfterMs, onStart }: RunOptions): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'kvs-bench-'))
  const sink = await startChild<SinkReady>('sink.ts', ['service', JSON.stringify(options)])
  try {
    const caFile = join(folder, 'ca.pem')
    await writeFile(caFile, sink.ready.ca)
    const child = await prepare(
      [...command, '-n', 'bench', '-d', mediaDirectory, ...args],
      sinkService(sink.ready.port, caFile),
    )
    const ended = endOf(child, endAfterMs !== undefined)
    const startMs = sharedMs()
    child.stdin?.end('go\n')
    if (child.pid !== undefined) onStart?.(child.pid)
    const timer = endAfterMs === undefined ? undefined : setTimeout(() => child.kill(), endAfterMs)
    await ended
    clearTimeout(timer)
    const report = await ask<SinkReport>(sink.child)
    if (endAfterMs === undefined && report.sessions !== 1) {
      throw new Error(`${command.join(' ')}: ${report.sessions} sessions where one was to be measured`)
    }
    return { startMs, sink: report }
  } finally {
    await endChild(sink.child)
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * A shell that becomes the program when it is told to: the time that Node.js takes to start a process, several
 * milliseconds of it in this process, is over by then.
 */
async function prepare(command: readonly string[], service: Service): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', 'echo; read -r go; exec "$@"', 'sh', ...command], {
    stdio: 'pipe',
    env: environmentOf(service),
  })
  await once(child.stdout, 'data')
  return child
}

async function endOf(child: ChildProcess, anyStatus: boolean): Promise<void> {
  let said = ''
  child.stdout?.resume()
  child.stderr?.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-4000)
  })
  const [status, signal] = await once(child, 'close')
  if (status !== 0 && !(anyStatus && signal === null)) {
    throw new Error(`${child.spawnargs.join(' ')}\nended with ${String(signal ?? status)}:\n${said}`)
  }
}
