/** What a run tells the outside: lines for people, or JSON lines for programs. */

import type { KvsError } from '../../core/errors.ts'
import type { ProducerEvent } from '../../core/events.ts'
import type { MemoryUse } from '../../core/platform.ts'
import type { Producer } from '../../core/producer.ts'
import type { Summary } from '../../core/summary.ts'

export interface StartFields {
  readonly stream: string
  readonly region: string
  readonly regionFrom: string
  readonly endpoint: string
  readonly endpointFrom: string
  /** Only enough of it to recognise it; null where it is not known before the network is asked. */
  readonly accessKeyId: string | null
  readonly credentialsFrom: string
  readonly directory: string
  readonly media: string
  readonly durationSeconds: number
  readonly bufferKilobytes: number
}

export interface EndFields {
  readonly summary: Summary
  readonly inputError: KvsError | undefined
  /** The signal that ended it, 0 for none. */
  readonly signal: number
  readonly exitStatus: number
  /** Empty where it is not asked for. */
  readonly memory: readonly MemoryUse[]
}

export interface Report {
  /** What it is going to do, and where each setting came from. */
  start(fields: StartFields): void
  /** Follows this producer until `end`. */
  watch(producer: Producer): void
  event(event: ProducerEvent): void
  warn(message: string): void
  /** A signal has come; `again`: not the first one. */
  stopping(again: boolean): void
  end(fields: EndFields): void
}
