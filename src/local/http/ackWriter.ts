import type { ServerResponse } from 'node:http'

/**
 * Writes acks, each as one HTTP chunk in one TLS record: the embedded C producer reads a record at a time and expects
 * one whole chunk in it, and the C SDK takes at most 1024 bytes at once.
 */
export class AckWriter {
  readonly #response: ServerResponse
  readonly #onLow: () => void
  readonly #onEnded: () => void
  readonly #queue: string[] = []
  #writing = false
  #ending = false

  /** `onLow` is called when no more than `lowWater` acks wait; `onEnded` when the response is complete. */
  constructor(response: ServerResponse, onLow: () => void, onEnded: () => void) {
    this.#response = response
    this.#onLow = onLow
    this.#onEnded = onEnded
  }

  /** More acks than this are waiting only where the client does not read: its media should wait as well. */
  static readonly highWater = 256
  static readonly lowWater = 16

  /** Acks that the client has not taken. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Sends one ack: a line of JSON with its newline. After `end` nothing is sent. */
  send(line: string): void {
    if (this.#ending) return
    this.#queue.push(line)
    this.#writeNext()
  }

  /** Ends the response after the acks that wait. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.#writeNext()
  }

  #writeNext(): void {
    if (this.#writing) return
    const line = this.#queue.shift()
    if (line === undefined) {
      if (this.#ending) this.#response.end(this.#onEnded)
      return
    }
    this.#writing = true
    // Node.js joins what is written before the socket has taken the last write: so the next waits for that.
    this.#response.write(line, () => {
      this.#writing = false
      this.#writeNext()
      if (this.#queue.length === AckWriter.lowWater) this.#onLow()
    })
  }
}
