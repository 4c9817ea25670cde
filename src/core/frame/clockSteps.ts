/**
 * Steps of a source's clock, seen track by track. The tracks of a source share its clock, but their frames come one
 * after the other: what is decided for the first of them holds for the others when they step likewise.
 */

/** Tracks step together within this time on the stream's time line. */
const togetherMs = 10_000

/** The last step of one track. */
export interface Stepped {
  /** Off from where its next frame was expected by so much; negative: back. */
  readonly stepMs: number
  /** What was added to its times for it. */
  readonly movedMs: number
}

export class ClockSteps {
  /** Rises with every step that is not the same step of another track. */
  count = 0
  #stepMs = 0
  #movedMs = 0
  #atMs = 0

  /**
   * What to add to a track's times for a step.
   *
   * @param seen      the steps that this track knows of; `count` afterwards
   * @param stepMs    off from where its next frame was expected by so much; negative: back
   * @param atMs      where it was expected, on the stream's time line
   * @param targetMs  where it goes if it is the first: at `atMs` or later
   */
  move(seen: number, before: Stepped | null, stepMs: number, atMs: number, targetMs: number): number {
    const known = this.count > seen && Math.abs(atMs - this.#atMs) <= togetherMs
    if (known && alike(stepMs, this.#stepMs)) return this.#movedMs
    this.count++
    // Back to the clock of before: exactly as it was.
    this.#movedMs = before !== null && undoes(stepMs, before) ? -before.movedMs : targetMs - atMs - stepMs
    this.#stepMs = stepMs
    this.#atMs = atMs
    return this.#movedMs
  }
}

/** Whether a step leads back to the clock of before: then times are exactly as they were. */
export function undoes(stepMs: number, before: Stepped | null): boolean {
  return before !== null && alike(stepMs, -before.stepMs) && stepMs >= before.movedMs
}

/** Nearly the same: frames lie apart, and the expectation is that of a frame that comes in time. */
function alike(oneMs: number, otherMs: number): boolean {
  return Math.abs(oneMs - otherMs) <= Math.min(2000, 200 + Math.abs(otherMs) / 4)
}
