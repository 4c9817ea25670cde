/** A PutMedia session on a disk in memory and a clock that the test moves. */

import { FragmentStore } from '../../store/fragmentStore.ts'
import type { StoredFragment } from '../../store/sessionStore.ts'
import type { StreamStore } from '../../store/streamStore.ts'
import { ForgetfulFiles } from '../../store/testing/forgetfulFiles.ts'
import type { Ack } from '../ack.ts'
import { serviceLimits } from '../limits.ts'
import { type PutMediaOptions, PutMediaSession } from '../putMedia.ts'
import type { Timers } from '../silence.ts'

interface PendingTimer {
  readonly dueMs: number
  readonly task: () => void
}

export class FakeTimers implements Timers {
  #nowMs = 0
  readonly #pending = new Set<PendingTimer>()

  monotonicMs(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, task: () => void): { cancel(): void } {
    const timer = { dueMs: this.#nowMs + delayMs, task }
    this.#pending.add(timer)
    return { cancel: () => this.#pending.delete(timer) }
  }

  get pending(): number {
    return this.#pending.size
  }

  /** Lets time pass, firing what is due in its order. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs
    for (;;) {
      const [next] = [...this.#pending].filter(({ dueMs }) => dueMs <= until).sort((a, b) => a.dueMs - b.dueMs)
      if (next === undefined) break
      this.#pending.delete(next)
      this.#nowMs = next.dueMs
      next.task()
    }
    this.#nowMs = until
  }
}

export interface Bench {
  readonly files: ForgetfulFiles
  readonly store: FragmentStore
  readonly stream: StreamStore
  readonly timers: FakeTimers
  readonly session: PutMediaSession
  readonly acks: Ack[]
  readonly warnings: string[]
  readonly closes: number[]
}

/** Wall time of the first session, which the fake clock adds to. */
export const startMs = 1_700_000_000_000

export async function newBench(options: Partial<PutMediaOptions> = {}, files = new ForgetfulFiles()): Promise<Bench> {
  const store = await FragmentStore.open('/store', files)
  return newSession(store, files, options)
}

export function newSession(store: FragmentStore, files: ForgetfulFiles, options: Partial<PutMediaOptions> = {}): Bench {
  const stream = store.stream('camera')
  const timers = new FakeTimers()
  const acks: Ack[] = []
  const warnings: string[] = []
  const closes: number[] = []
  const session = new PutMediaSession({
    timecodeType: 'ABSOLUTE',
    startTimestampMs: null,
    retentionHours: 24,
    limits: serviceLimits,
    clock: { nowMs: () => startMs + timers.monotonicMs() },
    timers,
    store: stream.beginSession(),
    send: (ack) => acks.push(ack),
    close: () => closes.push(acks.length),
    warn: (message) => warnings.push(message),
    ...options,
  })
  return { files, store, stream, timers, session, acks, warnings, closes }
}

/** Acks in short: `BUFFERING 1000`, `ERROR 4006`, `ERROR 4011 at 2000`, `IDLE`. */
export function brief(acks: readonly Ack[]): string[] {
  return acks.map((ack) => {
    if (ack.type === 'IDLE') return 'IDLE'
    if (ack.type === 'ERROR') return `ERROR ${ack.errorId}${ack.timecode === null ? '' : ` at ${ack.timecode}`}`
    return `${ack.type} ${ack.timecode}`
  })
}

export async function bodyOf(stream: StreamStore, fragment: StoredFragment): Promise<Buffer> {
  const reader = await stream.openFragment(fragment)
  const pieces: Uint8Array[] = []
  for await (const piece of reader.pieces()) pieces.push(piece)
  await reader.close()
  return Buffer.concat(pieces)
}

/** Header and body of every fragment. */
export async function everything(stream: StreamStore): Promise<{ header: string; body: string }[]> {
  const all: { header: string; body: string }[] = []
  for (const fragment of stream.fragments()) {
    const reader = await stream.openFragment(fragment)
    await reader.close()
    const body = await bodyOf(stream, fragment)
    all.push({ header: Buffer.from(reader.header).toString('hex'), body: body.toString('hex') })
  }
  return all
}
