/** JSON lines on standard output: one object per event and per ack, acks under AWS's own key names. */

import type { KvsError } from '../../core/errors.ts'
import type { ProducerEvent } from '../../core/events.ts'
import type { Ack } from '../../core/frame/ack.ts'
import type { Clock, MemoryUse, Process, Timer } from '../../core/platform.ts'
import type { Producer } from '../../core/producer.ts'
import { framesLost, type Stats } from '../../core/stats.ts'
import { errorFields } from '../errorText.ts'
import type { EndFields, Report, StartFields } from './report.ts'

const statusEveryMs = 1000

export class JsonReport implements Report {
  readonly #process: Process
  readonly #clock: Clock
  #timer: Timer | undefined

  constructor(process: Process, clock: Clock) {
    this.#process = process
    this.#clock = clock
  }

  start(fields: StartFields): void {
    this.#line('start', fields)
  }

  watch(producer: Producer): void {
    this.#timer = this.#clock.setTimer(statusEveryMs, () => {
      this.#line('status', {
        state: producer.state,
        bufferedBytes: producer.bufferedBytes,
        spooledBytes: producer.spooledBytes,
        ...numbers(producer.stats),
      })
      this.watch(producer)
    })
  }

  event(event: ProducerEvent): void {
    if (event.type === 'ack') this.#line('ack', ackFields(event.ack))
    else if (event.type === 'state') this.#line('state', { state: event.state })
    else if (event.type === 'stream') this.#line('stream', event.stream)
    else if (event.type === 'pressure') this.#line('pressure', event.report)
    else if (event.type === 'warning') this.warn(event.message)
    else if (event.type === 'retry') this.#line('retry', { delayMs: event.delayMs, ...errorDetails(event.error) })
    else if (event.type === 'lost') {
      const { reason, timecodeMs, frames, error } = event
      this.#line('lost', { reason, FragmentTimecode: timecodeMs, frames, ...errorDetails(error) })
    }
  }

  warn(message: string): void {
    this.#line('warning', { message })
  }

  stopping(again: boolean): void {
    this.#line('stopping', { again })
  }

  end({ summary, inputError, signal, exitStatus, memory }: EndFields): void {
    this.#timer?.cancel()
    if (memory.length > 0) this.#line('memory', memoryFields(memory))
    for (const error of [summary.error, inputError]) if (error) this.#line('error', errorFields(error))
    this.#line('end', { exitStatus, ...(signal !== 0 && { signal }), ...numbers(summary.stats) })
  }

  #line(event: string, fields: object): void {
    const time = new Date(this.#clock.wallMs()).toISOString()
    this.#process.stdout(`${JSON.stringify({ event, time, ...fields })}\n`)
  }
}

/** An ack as the service words it, keys that it left out left out. */
export function ackFields(ack: Ack): object {
  return {
    EventType: ack.type,
    ...(ack.timecodeMs !== null && { FragmentTimecode: ack.timecodeMs }),
    ...(ack.fragmentNumber !== null && { FragmentNumber: ack.fragmentNumber }),
    ...(ack.errorId !== null && { ErrorId: ack.errorId }),
    ...(ack.errorCode !== null && { ErrorCode: ack.errorCode }),
  }
}

/** By name, as each is one of its host's. */
function memoryFields(memory: readonly MemoryUse[]): object {
  return Object.fromEntries(memory.map(({ name, nowBytes, peakBytes }) => [name, { nowBytes, peakBytes }]))
}

/** Of an error that ends nothing. */
function errorDetails(error: KvsError): object {
  const { exitStatus: _, ...fields } = errorFields(error)
  return fields
}

function numbers(stats: Stats): object {
  const { ackLatencyMs, ...counters } = stats
  const round = (part: number) => {
    const value = ackLatencyMs.quantile(part)
    return value === null ? null : Math.round(value * 10) / 10
  }
  return { ...counters, framesLost: framesLost(stats), ackLatencyMs: { p50: round(0.5), p99: round(0.99) } }
}
