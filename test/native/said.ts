/** What test/native/net.ts reports. */

import assert from 'node:assert/strict'
import type { Order } from './net.ts'
import { runProgram } from './program.ts'

export type Event = Readonly<Record<string, unknown>>

/** Every line of a program that ends well. */
export async function said(program: string, name: string, order: Order): Promise<readonly Event[]> {
  const { status, signal, stdout, stderr } = await runProgram(program, name, JSON.stringify(order))
  assert.deepEqual({ status, signal, stderr }, { status: 0, signal: null, stderr: '' })
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** Of a connection that has said something and heard this. */
export function talked(heard: string): readonly Event[] {
  return [{ connecting: true }, { open: true }, { wrote: true }, { heard, close: null, detail: '' }]
}

/** Of a connection that never opened. */
export function refused(close: string, detail = ''): readonly Event[] {
  return [{ connecting: true }, { heard: '', close, detail }]
}

/** Nothing was to be done for a second; a process that spins uses a hundred ticks of the CPU, of a busy one ten. */
export function assertIdle({ ticks }: Event = {}): void {
  assert.ok(typeof ticks === 'number' && ticks <= 3, `${ticks} ticks of the CPU`)
}
