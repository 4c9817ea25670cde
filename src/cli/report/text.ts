/** Lines for people on standard error; on a terminal one progress line below them. */

import { pressureText } from '../../core/buffer/pressureText.ts'
import type { ProducerEvent } from '../../core/events.ts'
import type { Ack } from '../../core/frame/ack.ts'
import { lossText } from '../../core/lossText.ts'
import type { Clock, MemoryUse, Process, Timer } from '../../core/platform.ts'
import type { Producer } from '../../core/producer.ts'
import { framesLost, type Loss, type LossReason, type Stats } from '../../core/stats.ts'
import { errorText } from '../errorText.ts'
import { type Level, says } from './level.ts'
import type { EndFields, Report, StartFields } from './report.ts'
import { bytesText, clockText, Rates, statusLine } from './statusLine.ts'

const onTerminalMs = 250
const elsewhereMs = 10_000

export class TextReport implements Report {
  readonly #process: Process
  readonly #clock: Clock
  readonly #level: Level
  readonly #rates = new Rates()
  readonly #startMs: number
  #producer: Producer | undefined
  #timer: Timer | undefined
  #shown = false
  #retries = 0
  #duration = ''

  constructor(process: Process, clock: Clock, level: Level) {
    this.#process = process
    this.#clock = clock
    this.#level = level
    this.#startMs = clock.monotonicMs()
  }

  start(fields: StartFields): void {
    const { stream, region, endpoint, accessKeyId, credentialsFrom, directory, media } = fields
    this.#duration = clockText(fields.durationSeconds * 1000)
    this.#say('info', `kvs: streaming ${directory} to "${stream}" for ${fields.durationSeconds} s`)
    this.#say('info', `  region       ${region} (${fields.regionFrom})`)
    this.#say('info', `  endpoint     ${endpoint} (${fields.endpointFrom})`)
    this.#say(
      'info',
      `  credentials  ${accessKeyId === null ? credentialsFrom : `${accessKeyId} (${credentialsFrom})`}`,
    )
    this.#say('info', `  media        ${media}`)
    this.#say('info', `  buffer       ${fields.bufferKilobytes} KB`)
  }

  watch(producer: Producer): void {
    this.#producer = producer
    this.#rates.add(this.#clock.monotonicMs(), 0, 0)
    if (says(this.#level, 'info')) this.#schedule()
  }

  event(event: ProducerEvent): void {
    if (event.type === 'ack') this.#onAck(event.ack)
    else if (event.type === 'state') this.#onState(event.state)
    else if (event.type === 'warning') this.warn(event.message)
    else if (event.type === 'stream') {
      const { created, arn, retentionHours } = event.stream
      this.#say('info', `kvs: stream ${created ? 'created' : 'found'}: ${arn}, retention ${retentionHours} h`)
    } else if (event.type === 'retry') {
      this.#retries++
      const { error, delayMs } = event
      // The explanation once; after that a line per try.
      const more = this.#retries === 1 ? `\n  likely cause: ${error.likelyCause}\n  cure: ${error.cure}` : ''
      this.#say('warn', `kvs: ${error.message}; next try in ${(delayMs / 1000).toFixed(1)} s${more}`)
    } else if (event.type === 'pressure') this.warn(pressureText(event.report))
    else if (event.type === 'lost') {
      // Of what is given up under pressure, the sum is told and not each fragment.
      const level = event.reason === 'overflow' || event.reason === 'too-late' ? 'debug' : 'warn'
      this.#say(level, `kvs: lost fragment ${event.timecodeMs} with ${event.frames} frames: ${event.error.message}`)
    }
  }

  warn(message: string): void {
    this.#say('warn', `kvs: ${message}`)
  }

  stopping(again: boolean): void {
    this.#say('info', again ? 'kvs: stopping now' : 'kvs: stopping; once more to stop at once')
  }

  end({ summary, inputError, exitStatus, memory }: EndFields): void {
    this.#timer?.cancel()
    this.#clear()
    const { stats } = summary
    const p50 = stats.ackLatencyMs.quantile(0.5)
    const p99 = stats.ackLatencyMs.quantile(0.99)
    const took = (this.#clock.monotonicMs() - this.#startMs) / 1000
    this.#say('info', `kvs: ${exitStatus === 0 ? 'done' : 'ended'} after ${took.toFixed(1)} s`)
    this.#say('info', `  put          ${stats.framesPut} frames, ${bytesText(stats.bytesPut)}`)
    this.#say(
      'info',
      `  persisted    ${stats.framesPersisted} frames in ${stats.fragmentsPersisted} fragments, ${bytesText(stats.bytesPersisted)}`,
    )
    this.#sayAmount('recovered', stats.recovered, 'of an earlier run, from the spool')
    this.#sayAmount('spooled', stats.spooled, 'to be sent by the next run')
    if (stats.framesDiscarded > 0) {
      this.#say('info', `  discarded    ${stats.framesDiscarded} frames before the first key frame`)
    }
    this.#sayRepairs(stats)
    this.#say('info', `  lost         ${framesLost(stats) === 0 ? 'nothing' : `${framesLost(stats)} frames`}`)
    for (const [reason, loss] of Object.entries(stats.lost)) {
      this.#say(
        'info',
        `               ${loss.frames} frames, ${bytesText(loss.bytes)}: ${lossText(reason as LossReason)}`,
      )
    }
    if (p50 !== null && p99 !== null) {
      this.#say('info', `  ack latency  p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
    }
    for (const use of memory) this.#say('info', `  memory       ${memoryText(use)}`)
    for (const error of [summary.error, inputError]) if (error) this.#write('error', errorText(error))
  }

  #sayRepairs({ timesRepaired, repairs, silentFrames }: Stats): void {
    if (timesRepaired > 0) {
      const kinds = Object.entries(repairs).map(([kind, count]) => `${kind} ${count}`)
      this.#say('info', `  repaired     ${timesRepaired} times of frames (${kinds.join(', ')})`)
    }
    if (silentFrames > 0) this.#say('info', `  added        ${silentFrames} packets of silence`)
  }

  #sayAmount(name: string, { frames, fragments, bytes }: Loss, what: string): void {
    if (fragments === 0) return
    this.#say('info', `  ${name.padEnd(12)} ${frames} frames in ${fragments} fragments, ${bytesText(bytes)}: ${what}`)
  }

  #onAck(ack: Ack): void {
    const at = ack.timecodeMs === null ? '' : ` ${ack.timecodeMs}`
    if (ack.type === 'ERROR') this.#say('warn', `kvs: the service refuses${at}: ${ack.errorId} ${ack.errorCode ?? ''}`)
    else this.#say('debug', `kvs: ${ack.type}${at}`)
  }

  #onState(state: string): void {
    if (state === 'streaming') {
      if (this.#retries > 0) this.#say('info', 'kvs: connected again')
      this.#retries = 0
    }
    this.#say('debug', `kvs: ${state}`)
  }

  /** The progress line again and again, until the end. */
  #schedule(): void {
    const terminal = this.#process.stderrColumns > 0
    this.#timer = this.#clock.setTimer(terminal ? onTerminalMs : elsewhereMs, () => {
      this.#progress(terminal)
      this.#schedule()
    })
  }

  #progress(terminal: boolean): void {
    const producer = this.#producer
    if (producer === undefined) return
    const nowMs = this.#clock.monotonicMs()
    this.#rates.add(nowMs, producer.stats.bytesPut, producer.stats.framesPut)
    const line = statusLine(`${clockText(nowMs - this.#startMs)}/${this.#duration}`, producer, this.#rates)
    if (!terminal) {
      this.#process.stderr(`kvs: ${line}\n`)
      return
    }
    this.#process.stderr(`\r\x1b[K${line.slice(0, this.#process.stderrColumns - 1)}`)
    this.#shown = true
  }

  #clear(): void {
    if (this.#shown) this.#process.stderr('\r\x1b[K')
    this.#shown = false
  }

  #say(level: Level, line: string): void {
    this.#write(level, `${line}\n`)
  }

  #write(level: Level, text: string): void {
    if (!says(this.#level, level)) return
    this.#clear()
    this.#process.stderr(text)
  }
}

function memoryText({ name, nowBytes, peakBytes }: MemoryUse): string {
  return `${name} ${bytesText(nowBytes)}${peakBytes === null ? '' : `, at most ${bytesText(peakBytes)}`}`
}
