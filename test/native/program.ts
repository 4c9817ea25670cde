/** Programs for the device's host alone, to test what it offers: built like `kvs` itself, with another entry. */

import { execFile, spawn } from 'node:child_process'
import { isAbsolute, join, parse } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { root } from '../drive/folder.ts'
import { within } from '../drive/within.ts'

/** With sanitizers, and as it is shipped: some of what it does, it does in one of them only. */
export const targets = ['sanitize', 'x86_64'] as const

/** Builds `entry`, a path or the name of a program in test/native, into `folder`; returns the executable's path. */
export async function buildProgram(
  entry: string,
  target: (typeof targets)[number],
  folder: string,
  ...options: string[]
): Promise<string> {
  const file = isAbsolute(entry) ? entry : join('test', 'native', `${entry}.ts`)
  const output = join(folder, `${parse(file).name}-${target}`)
  const args = ['scripts/device.mjs', target, '--entry', file, '--output', output, ...options]
  await promisify(execFile)(process.execPath, args, { cwd: root })
  return output
}

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** There to end what hangs: the core's tests take the engine half a minute. */
const boundMs = 300_000

/** Runs it to its end. */
export async function runProgram(program: string, ...args: string[]): Promise<Ended> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = new Promise<Pick<Ended, 'status' | 'signal'>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal }))
  })
  const [stdout, stderr, end] = await within(
    Promise.all([text(child.stdout), text(child.stderr), exit]),
    () => `the end of ${program} ${args.join(' ')}`,
    boundMs,
  )
  return { ...end, stdout, stderr }
}
