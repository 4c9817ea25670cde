/** Sees everything that happens in a run, and writes it down: for the checks, for people, and as a number to compare. */

import type { ProducerEvent } from '../../events.ts'
import type { FakeClock } from '../fakeClock.ts'
import { latencyMs } from '../fakeNetwork.ts'
import type { PutSession, StoredFragment } from '../putSession.ts'

export interface Confirmation {
  readonly timecodeMs: number
  /** How many lines the log had. */
  readonly moment: number
}

export class Witness {
  readonly lines: string[] = []
  /** Over all lines so far (FNV-1a). */
  hash = 0x811c9dc5
  /** What is wrong already. */
  readonly objections: string[] = []
  /** Fragments whose final ack has reached the producer before it reported them lost. */
  readonly confirmed = new Set<number>()
  /** Fragments reported lost, and when. */
  readonly lostMs = new Map<number, number>()
  /** When a connection to a data host was tried. */
  readonly dialsMs: number[] = []
  readonly operationsMs: number[] = []
  /** When a fragment began to arrive. */
  readonly beginningsMs: number[] = []
  /** When the producer said that it tries again; emptied when something was confirmed. */
  #retriesMs: number[] = []
  #mostRetries = 0
  /** ERROR acks sent that blame a fragment. */
  fragmentErrors = 0
  readonly #clock: FakeClock
  readonly #finalAck: 'RECEIVED' | 'PERSISTED'
  readonly #startWallMs: number

  readonly #prompt: boolean

  /** @param prompt what the network has taken arrives at once, so that nothing is on its way as it is given up */
  constructor(clock: FakeClock, retentionHours: number, prompt: boolean) {
    this.#prompt = prompt
    this.#clock = clock
    this.#finalAck = retentionHours === 0 ? 'RECEIVED' : 'PERSISTED'
    this.#startWallMs = clock.wallMs()
  }

  /** Most tries within a minute without anything confirmed between them. */
  get mostRetries(): number {
    return this.#mostRetries
  }

  note(what: string): void {
    const line = `${this.#clock.monotonicMs().toFixed(2).padStart(11)} ${what}`
    this.lines.push(line)
    let hash = this.hash
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193)
    this.hash = hash
  }

  onEvent(event: ProducerEvent): void {
    switch (event.type) {
      case 'ack': {
        const { type, timecodeMs, errorId } = event.ack
        this.note(`ack ${type} ${errorId ?? ''} ${timecodeMs === null ? '' : this.#short(timecodeMs)}`)
        if (type === this.#finalAck && timecodeMs !== null) this.#onConfirmed(timecodeMs)
        break
      }
      case 'retry':
        this.note(`retry in ${event.delayMs} ms: ${event.error.code} ${event.error.message}`)
        this.#onRetry()
        break
      case 'lost':
        this.note(`lost ${event.reason} ${this.#short(event.timecodeMs)}: ${event.frames} frames`)
        this.lostMs.set(event.timecodeMs, this.#clock.monotonicMs())
        break
      case 'end': {
        const { error, exitStatus } = event.summary
        this.note(`end ${exitStatus} ${error?.code ?? ''} ${error?.message ?? ''}`)
        break
      }
      case 'state':
        this.note(`state ${event.state}`)
        break
      case 'warning':
        this.note(`warning ${event.message}`)
        break
      default:
        this.note(event.type)
    }
  }

  onDial(host: string): void {
    if (!host.startsWith('control')) this.dialsMs.push(this.#clock.monotonicMs())
    this.note(`dial ${host}`)
  }

  onOperation(operation: string): void {
    this.operationsMs.push(this.#clock.monotonicMs())
    this.note(`operation ${operation}`)
  }

  /** A fragment begins to arrive; `others` are the sessions of the same stream. */
  onFragment(fragment: StoredFragment, session: PutSession, others: readonly PutSession[]): void {
    const { timecodeMs } = fragment
    const name = `fragment ${this.#short(timecodeMs)}`
    this.note(`${name} in session ${others.indexOf(session)}`)
    this.beginningsMs.push(this.#clock.monotonicMs())
    // What was on its way as the producer left the session still arrives.
    if (session.connection.state !== 'open') return
    const nowMs = this.#clock.monotonicMs()
    if (this.confirmed.has(timecodeMs)) this.objections.push(`${name} is sent again although it was confirmed`)
    if (this.#prompt && (this.lostMs.get(timecodeMs) ?? nowMs) < nowMs - 2 * latencyMs)
      this.objections.push(`${name} is sent although it was reported lost`)
    for (const other of others) {
      if (other === session || other.connection.state === 'gone') continue
      if (other.fragments.some((before) => before.timecodeMs === timecodeMs)) {
        this.objections.push(`${name} is sent again while session ${others.indexOf(other)} still has it`)
      }
    }
  }

  #onConfirmed(timecodeMs: number): void {
    this.#retriesMs = []
    if (!this.lostMs.has(timecodeMs)) this.confirmed.add(timecodeMs)
  }

  #onRetry(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#retriesMs = this.#retriesMs.filter((ms) => ms > nowMs - 60_000)
    this.#retriesMs.push(nowMs)
    this.#mostRetries = Math.max(this.#mostRetries, this.#retriesMs.length)
  }

  /** Milliseconds since the start, as far as the time of day was right. */
  #short(timecodeMs: number): string {
    return String(timecodeMs - this.#startWallMs)
  }
}
