import type { ServerResponse } from 'node:http'
import { onResponseOver } from './responseOver.ts'

/** What an AckWriter tells. */
export interface AckWriterEvents {
  /** No more than `lowWater` acks wait. */
  low(): void
  /** The response is complete. */
  ended(): void
  /** The client does not take its acks: its connection is of no more use. */
  stuck(): void
}

/**
 * Writes acks, each as one HTTP chunk in one TLS record: the embedded C producer reads a record at a time and expects
 * one whole chunk in it, and the C SDK takes at most 1024 bytes at once.
 */
export class AckWriter {
  readonly #response: ServerResponse
  readonly #events: AckWriterEvents
  readonly #queue: string[] = []
  #queuedBytes = 0
  #writing = false
  #ending = false
  #deadline: NodeJS.Timeout | undefined

  constructor(response: ServerResponse, events: AckWriterEvents) {
    this.#response = response
    this.#events = events
    onResponseOver(response, () => clearTimeout(this.#deadline))
  }

  /** More acks than this are waiting only where the client does not read: its media should wait as well. */
  static readonly highWater = 256
  static readonly lowWater = 16

  /** Beyond it the client is given up: what one piece of media is acknowledged with is far less. */
  static readonly mostBytes = 4 * 1024 * 1024
  /** After `end` the client has this long to take what waits. */
  static readonly endMs = 5000

  /** Acks that the client has not taken. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Sends one ack: a line of JSON with its newline. After `end` nothing is sent. */
  send(line: string): void {
    if (this.#ending) return
    this.#queue.push(line)
    this.#queuedBytes += line.length
    if (this.#queuedBytes > AckWriter.mostBytes) this.#giveUp()
    else this.#writeNext()
  }

  /** Ends the response after the acks that wait. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.#deadline = setTimeout(() => this.#giveUp(), AckWriter.endMs)
    this.#writeNext()
  }

  #giveUp(): void {
    this.#ending = true
    this.#queue.length = 0
    this.#events.stuck()
  }

  #writeNext(): void {
    if (this.#writing) return
    const line = this.#queue.shift()
    if (line === undefined) {
      if (this.#ending) this.#response.end(() => this.#ended())
      return
    }
    this.#queuedBytes -= line.length
    this.#writing = true
    // Node.js joins what is written before the socket has taken the last write: so the next waits for that.
    this.#response.write(line, () => {
      this.#writing = false
      this.#writeNext()
      if (this.#queue.length === AckWriter.lowWater) this.#events.low()
    })
  }

  #ended(): void {
    clearTimeout(this.#deadline)
    this.#events.ended()
  }
}
