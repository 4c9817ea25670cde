/** Notices that a track has come to lag behind another, from samples taken once a fragment. */

/** What people notice of sound and pictures apart, and far more than frames on their way differ by. */
const noticedMs = 500

/** Samples that are further apart than this are of a network that stalls, and tell nothing. */
const spreadMs = 300

/** In a row: a fragment is a second or longer. */
const samplesNeeded = 4

export class TrackLag {
  /** What it was in the beginning; NaN: not known yet. */
  #usualMs = Number.NaN
  #leastMs = 0
  #mostMs = 0
  #samples = 0

  /**
   * @param leadMs  how far the track is ahead of the other one at this moment, negative where it is behind
   * @returns by how much that has changed since the beginning, for several samples in a row; else 0
   */
  sample(leadMs: number): number {
    const least = Math.min(this.#leastMs, leadMs)
    const most = Math.max(this.#mostMs, leadMs)
    if (this.#samples === 0 || most - least > spreadMs) {
      this.#leastMs = leadMs
      this.#mostMs = leadMs
      this.#samples = 1
      return 0
    }
    this.#leastMs = least
    this.#mostMs = most
    this.#samples++
    return this.#samples < samplesNeeded ? 0 : this.#judge((least + most) / 2)
  }

  /** Forgets what does not compare with what comes. */
  restart(): void {
    this.#samples = 0
  }

  #judge(leadMs: number): number {
    this.#samples = 0
    if (Number.isNaN(this.#usualMs)) this.#usualMs = leadMs
    const changeMs = leadMs - this.#usualMs
    return Math.abs(changeMs) > noticedMs ? changeMs : 0
  }
}
