/** One run of `kvs`: a source, a producer, the clock on the wall and the person at Ctrl-C, brought to one end. */

import { asKvsError, type KvsError } from '../core/errors.ts'
import type { ProducerEvent } from '../core/events.ts'
import type { FragmentEvent } from '../core/mux/metadata.ts'
import { overflowOf, type ProducerOptions } from '../core/options.ts'
import type { Platform, Timer } from '../core/platform.ts'
import { Producer } from '../core/producer.ts'
import type { DirectoryTrack } from '../core/source/directory.ts'
import { DirectoryPlayer } from '../core/source/directoryPlayer.ts'
import { framesLost } from '../core/stats.ts'
import type { Summary } from '../core/summary.ts'
import type { Host } from './command.ts'
import type { Report } from './report/report.ts'

/** What is on its way has this long after the first signal, so that all is over in 5 s; after the second it has nothing. */
const signalTimeoutMs = 4500

/** When the time is over and the rest still on its way, this much may pass without a fragment being stored. */
const patienceMs = 60_000

export interface StreamingOptions {
  readonly host: Host
  readonly platform: Platform
  readonly producerOptions: ProducerOptions
  readonly tracks: readonly DirectoryTrack[]
  readonly report: Report
  readonly durationMs: number
  readonly stopTimeoutMs: number
  /** Put with every fragment. */
  readonly metadata: Readonly<Record<string, string>>
  /** Put with the first fragment. */
  readonly events: readonly FragmentEvent[]
  /** Whether the report ends with what memory was used. */
  readonly tellMemory: boolean
}

export class Streaming {
  readonly #options: StreamingOptions
  readonly #producer: Producer
  readonly #player: DirectoryPlayer
  #playing = false
  #inputError: KvsError | undefined
  /** Something has failed. */
  #failing = false
  #overdue = false
  /** The producer has been told to stop: only a signal changes how long that may take. */
  #ending = false
  /** When the deadline was last looked at. */
  #framesPersisted = 0
  #deadline: Timer | undefined
  #signal = 0

  constructor(options: StreamingOptions) {
    const { platform, host, tracks, durationMs } = options
    this.#options = options
    this.#producer = new Producer(platform, options.producerOptions, (event) => this.#onEvent(event))
    const entries = Object.entries(options.metadata)
    for (const [name, value] of entries) this.#producer.putMetadata(name, value, { persistent: true })
    for (const event of options.events) this.#producer.putEvent(event)
    this.#player = new DirectoryPlayer(platform.clock, host.files, tracks, this.#producer, {
      durationMs,
      paced: true,
      onEnd: (error) => this.#onPlayed(error),
    })
  }

  /** Streams until all is played and confirmed, or something ends it before; resolves with the exit status. */
  async run(): Promise<number> {
    const { host, report, durationMs, tellMemory } = this.#options
    const unlisten = host.process.onSignal((signal) => this.#onSignal(signal))
    this.#setDeadline(durationMs)
    const ended = new Promise<Summary>((resolve) => {
      this.#onEnd = resolve
    })
    report.watch(this.#producer)
    this.#producer.start()
    if (this.#losesTime()) this.#play()
    const summary = await ended
    unlisten()
    this.#deadline?.cancel()
    this.#player.stop()
    const exitStatus = this.#exitStatus(summary)
    const memory = tellMemory ? host.process.memory() : []
    report.end({ summary, inputError: this.#inputError, signal: this.#signal, exitStatus, memory })
    return exitStatus
  }

  #onEnd: (summary: Summary) => void = () => undefined

  #onEvent(event: ProducerEvent): void {
    this.#options.report.event(event)
    if (event.type === 'state' && event.state === 'idle' && !this.#playing && !this.#ending) {
      this.#play()
    }
    if (event.type === 'retry') {
      this.#failing = true
      if (this.#overdue && !this.#ending) this.#setDeadline(0)
    }
    if (event.type === 'end') this.#onEnd(event.summary)
  }

  /** A source that does not wait for the network does not wait for it at the start either. */
  #losesTime(): boolean {
    const { producerOptions } = this.#options
    return overflowOf(producerOptions) !== 'block' || producerOptions.spool !== undefined
  }

  #play(): void {
    this.#playing = true
    // In media time: what it took to find the stream does not count.
    this.#setDeadline(this.#options.durationMs)
    this.#player.start()
  }

  #onPlayed(error: unknown): void {
    // After the producer's own end its putFrame throws; that is told by the summary.
    if (error !== null && this.#producer.state !== 'ended') this.#inputError = asKvsError(error)
    this.#stop(this.#options.stopTimeoutMs)
  }

  #setDeadline(afterMs: number): void {
    this.#deadline?.cancel()
    this.#deadline = this.#options.platform.clock.setTimer(afterMs, () => this.#onDeadline())
  }

  /**
   * The time is over on the wall although not in the media: the network keeps the source waiting. A service that is slow
   * to make the stream ready is waited for, one that fails is not, nor one that takes media and stores none of it.
   */
  #onDeadline(): void {
    const { state, stats } = this.#producer
    const stuck = this.#overdue && stats.framesPersisted === this.#framesPersisted
    this.#overdue = true
    this.#framesPersisted = stats.framesPersisted
    if (!(this.#playing || this.#failing)) return
    if (state === 'streaming' && !stuck) {
      this.#setDeadline(patienceMs)
      return
    }
    this.#player.stop()
    this.#stop(this.#producer.everStreamed ? this.#options.stopTimeoutMs : 0)
  }

  #onSignal(signal: number): void {
    const again = this.#signal !== 0
    this.#signal ||= signal
    this.#player.stop()
    this.#options.report.stopping(again)
    this.#stop(again ? 0 : signalTimeoutMs)
  }

  #stop(timeoutMs: number): void {
    this.#ending = true
    this.#deadline?.cancel()
    // The end arrives as an event; stop's own promise says the same.
    this.#producer.stop(timeoutMs).catch(() => undefined)
  }

  /** What went wrong first: media lost after a signal, what ended the producer, the input, the signal. */
  #exitStatus({ stats, error, exitStatus }: Summary): number {
    if (this.#signal !== 0 && (error?.code === 'GAVE_UP' || error?.code === 'DATA_SPOOLED'))
      return framesLost(stats) > 0 ? 74 : 128 + this.#signal
    if (error !== null) return exitStatus
    if (this.#inputError !== undefined) return this.#inputError.exitStatus
    return this.#signal === 0 ? 0 : 128 + this.#signal
  }
}
