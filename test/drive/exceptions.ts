/**
 * What an executable is not asked to do, and why: the one place for it. Everything else is the same for all of them. Tests
 * skip with the reason given here, and `npm run test:device` repeats it.
 */

import { spawnSync } from 'node:child_process'
import { command } from './kvs.ts'

const reasons = {
  proxy: 'HTTPS_PROXY is honoured on Node.js only',
} as const

export type Exception = keyof typeof reasons

let node: boolean | undefined

/** For `skip`: why the program under test is not asked to do this, or false where it is. */
export function exceptFor(exception: Exception): string | false {
  node ??= runtime().includes('Node.js ')
  return node ? false : reasons[exception]
}

function runtime(): string {
  const [program, ...args] = command()
  const { stdout, error } = spawnSync(program, [...args, '--version'], { encoding: 'utf8' })
  if (error) throw error
  return stdout
}
