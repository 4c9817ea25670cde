/** The queue of a producer: in memory, and with a spool in files, with the books on what is kept there. */

import { Backlog } from './buffer/backlog.ts'
import { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import type { Amount } from './buffer/spool/segment.ts'
import { Spool } from './buffer/spool/spool.ts'
import { lossText } from './lossText.ts'
import type { SpoolSettings } from './options.ts'
import type { Blocks } from './platform.ts'
import { countLoss, type Loss, type Stats } from './stats.ts'

/** Read at once of what is kept. */
const chunkBytes = 16 * 1024

export interface Keeping {
  readonly buffer: FragmentBuffer
  /** Undefined where nothing is kept in files. */
  readonly backlog: Backlog | undefined
}

/**
 * Throws what `Spool` throws: CONFIGURATION, OUTPUT_UNWRITABLE, INPUT_MISSING or INPUT_UNREADABLE.
 *
 * @param name of the folder within the spool's, for this stream alone
 * @param onWarning is told once of files that cannot be written, and of every loss
 */
export function keep(
  blocks: Blocks,
  bufferBytes: number,
  settings: SpoolSettings | undefined,
  name: string,
  stats: Stats,
  onWarning: (message: string) => void,
): Keeping {
  if (settings === undefined) return { buffer: new FragmentBuffer(blocks, bufferBytes), backlog: undefined }
  const { storage, directory, capacityBytes } = settings
  // Each stream has a folder of its own: what was recorded for one goes to no other.
  storage.makeDirectory(directory)
  const spool = new Spool({ storage, directory: `${directory}/${name}`, capacityBytes })
  const { waiting, damaged } = spool
  Object.assign(stats.recovered, lossOf(waiting))
  if (damaged.fragments > 0) onWarning(`of the spool ${damaged.fragments} fragments were damaged, and are gone`)
  // Those of an earlier run come first.
  const buffer = orClose(spool, () => new FragmentBuffer(blocks, bufferBytes, waiting.fragments + 1))
  let faulty = false
  const backlog = new Backlog(buffer, spool, new Uint8Array(chunkBytes), {
    onGone: (reason, amount) => {
      countLoss(stats, reason, amount.fragments, amount.frames, amount.frameBytes)
      onWarning(`${amount.frames} frames in ${amount.fragments} fragments are lost: ${lossText(reason)}`)
    },
    onFault: (error) => {
      if (!faulty) onWarning(`the spool does not work: ${error.message}`)
      faulty = true
    },
  })
  return { buffer, backlog }
}

/** Does what may fail, and gives the folder back where it does. */
export function orClose<T>(keeper: { close(): void } | undefined, task: () => T): T {
  try {
    return task()
  } catch (error) {
    keeper?.close()
    throw error
  }
}

/** As the statistics count it. */
export function lossOf({ fragments, frames, frameBytes }: Readonly<Amount>): Loss {
  return { fragments, frames, bytes: frameBytes }
}
