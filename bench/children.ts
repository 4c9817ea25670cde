/** Processes of the benchmark: each part that is measured has one of its own. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** CPU time of this process so far, user and system, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Milliseconds on the one clock that all processes of the machine read alike. */
export function sharedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Starts `file` of this folder and waits for its first message. */
export async function startChild<T>(file: string, args: readonly string[]): Promise<{ child: ChildProcess; ready: T }> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const execArgv = [...process.execArgv.filter((argument) => !argument.startsWith('--cpu-prof')), ...profiling(file)]
  const child = fork(path, args, { execArgv })
  const ready = await Promise.race([
    once(child, 'message').then(([message]) => message as T),
    once(child, 'exit').then(([code]): never => {
      throw new Error(`${file} ended with ${String(code)} before it was ready`)
    }),
  ])
  return { child, ready }
}

/** BENCH_PROFILE=throughput.ts writes a profile of that process to out/profile. */
function profiling(file: string): string[] {
  return process.env['BENCH_PROFILE'] === file ? ['--cpu-prof', '--cpu-prof-dir=out/profile'] : []
}

/** Asks a child for its numbers. */
export async function ask<T>(child: ChildProcess): Promise<T> {
  const answer = once(child, 'message')
  child.send('report')
  const [message] = await answer
  return message as T
}

/** Answers the parent's questions; when the parent is done, cleans up and ends. */
export function answer(report: () => unknown, cleanUp: () => Promise<void> = () => Promise.resolve()): void {
  process.on('message', () => process.send?.(report()))
  process.on('disconnect', () => {
    cleanUp().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}

/** Ends a child that waits for questions, and waits until it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.disconnect()
  await gone
}

/** Where the `kvs` command is to stream to, and as whom. */
export interface Service {
  readonly url: string
  readonly caFile: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The sink that plays the service: it takes any keys. */
export function sinkService(port: number, caFile: string): Service {
  return { url: `https://127.0.0.1:${port}`, caFile, accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' }
}

/** What leads the command there. */
export function environmentOf({ url, caFile, accessKeyId, secretAccessKey }: Service): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: 'us-west-2',
    CONTROL_PLANE_URI: url,
    AWS_KVS_CACERT_PATH: caFile,
  }
}
