/** How it went, once it is over: numbers that add up, and the exit status that follows from them. */

import { KvsError } from './errors.ts'
import { lossText } from './lossText.ts'
import { framesLost, type LossReason, type Stats } from './stats.ts'

/** What became of everything. */
export interface Summary {
  readonly stats: Stats
  /** Null where every frame put is persisted or was discarded before the first key frame. */
  readonly error: KvsError | null
  /** Exit status of the command line (sysexits). */
  readonly exitStatus: number
}

/** @param error what ended the producer, null for an end in order */
export function summarise(stats: Stats, error: KvsError | null): Summary {
  const failure = error ?? (framesLost(stats) > 0 ? dataLost(stats) : dataSpooled(stats))
  return { stats, error: failure, exitStatus: failure?.exitStatus ?? 0 }
}

function dataLost(stats: Stats): KvsError {
  const reasons = Object.entries(stats.lost).map(
    ([reason, loss]) => `${loss.frames} frames: ${lossText(reason as LossReason)}`,
  )
  return new KvsError('DATA_LOST', `${framesLost(stats)} frames were lost (${reasons.join('; ')})`)
}

function dataSpooled({ spooled }: Stats): KvsError | null {
  if (spooled.fragments === 0) return null
  return new KvsError('DATA_SPOOLED', `${spooled.frames} frames are still in the spool`)
}
