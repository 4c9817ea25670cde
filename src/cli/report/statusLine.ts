/** The progress line: what a person wants to see while it runs. */

import type { Producer } from '../../core/producer.ts'
import type { LineState } from '../../core/send/states.ts'
import { framesLost } from '../../core/stats.ts'

const spanMs = 3000

/** Bytes and frames a second over the last few seconds. */
export class Rates {
  readonly #samples: { readonly ms: number; readonly bytes: number; readonly frames: number }[] = []
  bitsPerSecond = 0
  framesPerSecond = 0

  add(ms: number, bytes: number, frames: number): void {
    this.#samples.push({ ms, bytes, frames })
    while (this.#samples.length > 2 && ms - (this.#samples[0]?.ms ?? ms) > spanMs) this.#samples.shift()
    const first = this.#samples[0]
    if (first === undefined || ms <= first.ms) return
    const seconds = (ms - first.ms) / 1000
    this.bitsPerSecond = ((bytes - first.bytes) * 8) / seconds
    this.framesPerSecond = (frames - first.frames) / seconds
  }
}

const marks: Record<LineState, string> = {
  preparing: 'looking at the stream',
  locating: 'asking for the endpoint',
  idle: 'ready',
  connecting: 'connecting',
  streaming: 'live',
  waiting: 'waiting to try again',
  ended: 'ended',
}

export function statusLine(elapsed: string, producer: Producer, rates: Rates): string {
  const { stats, state } = producer
  const ack = stats.ackLatencyMs.quantile(0.5)
  const lost = framesLost(stats)
  const parts = [
    `${elapsed} ${marks[state]}`,
    `${(rates.bitsPerSecond / 1e6).toFixed(1)} Mbit/s`,
    `${rates.framesPerSecond.toFixed(0)} frames/s`,
    `buffer ${Math.round(producer.bufferedBytes / 1024)} KB`,
    `${stats.fragmentsPersisted} fragment${stats.fragmentsPersisted === 1 ? '' : 's'} stored`,
  ]
  if (producer.spooledBytes > 0) parts.push(`spool ${bytesText(producer.spooledBytes)}`)
  if (ack !== null) parts.push(`ack ${ack.toFixed(0)} ms`)
  if (lost > 0) parts.push(`${lost} frames lost`)
  return parts.join(' | ')
}

/** Minutes and seconds, hours where there are any. */
export function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const pad = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
  return hours === 0 ? rest : `${hours}:${rest}`
}

export function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} KB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}
