/** Counters and gauges of one producer: plain numbers that a host renders as it likes. */

import type { AckType } from './frame/ack.ts'
import type { RepairKind } from './frame/repairs.ts'
import { Histogram } from './histogram.ts'

/** Why accepted media did not reach the service. */
export type LossReason =
  /** The service refused the fragment (error ack). */
  | 'refused'
  /** The session broke while a fragment larger than the buffer was on its way. */
  | 'larger-than-buffer'
  /** The buffer was full, and the network took less than the source gave. */
  | 'overflow'
  /** The spool was full, too. */
  | 'spool-full'
  /** The spool could not be read any more. */
  | 'spool-damaged'
  /** Further behind than `maxLatencyMs` allows. */
  | 'too-late'
  /** Still in the buffer when the producer stopped. */
  | 'not-delivered'
  /** Sound for which there was no picture: no fragment could carry it. */
  | 'no-video'

/** An amount of media, e.g. what was accepted and did not arrive for one reason. */
export interface Loss {
  fragments: number
  frames: number
  bytes: number
}

/**
 * What a producer has done so far. `framesPut` and what was recovered are the sum of persisted, lost, discarded, spooled
 * and still buffered.
 */
export interface Stats {
  /** Frames that `putFrame` took, and their bytes. */
  framesPut: number
  bytesPut: number
  /** Taken before the first key frame, or before the fragment that declares their track again, and left out. */
  framesDiscarded: number
  bytesDiscarded: number
  fragmentsPersisted: number
  framesPersisted: number
  bytesPersisted: number
  lost: Partial<Record<LossReason, Loss>>
  /** Found in the spool, of an earlier run. */
  recovered: Loss
  /** Kept in the spool for the next run; 0 until the end. */
  spooled: Loss
  /** Packets of silence added so that every fragment has a frame of each track. */
  silentFrames: number
  /** Fragments that began without a key frame because a group of pictures was too long. */
  fragmentsSplit: number
  /** Times that were moved so that the service takes them, and why. */
  timesRepaired: number
  repairs: Partial<Record<RepairKind, number>>
  /** PutMedia sessions opened, and how many of them ended in an error. */
  sessions: number
  sessionsFailed: number
  /** Matroska bytes sent, headers and repeats included. */
  bytesSent: number
  /** By AWS's own names. */
  acks: Record<AckType, number>
  /** Milliseconds from a fragment's last byte sent to its PERSISTED (RECEIVED where nothing is retained). */
  ackLatencyMs: Histogram
}

export function newStats(): Stats {
  return {
    framesPut: 0,
    bytesPut: 0,
    framesDiscarded: 0,
    bytesDiscarded: 0,
    fragmentsPersisted: 0,
    framesPersisted: 0,
    bytesPersisted: 0,
    lost: {},
    recovered: { fragments: 0, frames: 0, bytes: 0 },
    spooled: { fragments: 0, frames: 0, bytes: 0 },
    silentFrames: 0,
    fragmentsSplit: 0,
    timesRepaired: 0,
    repairs: {},
    sessions: 0,
    sessionsFailed: 0,
    bytesSent: 0,
    acks: { BUFFERING: 0, RECEIVED: 0, PERSISTED: 0, ERROR: 0, IDLE: 0 },
    ackLatencyMs: new Histogram(),
  }
}

/** Books a loss; `fragments` is 0 for single frames. */
export function countLoss(stats: Stats, reason: LossReason, fragments: number, frames: number, bytes: number): void {
  const loss = stats.lost[reason] ?? { fragments: 0, frames: 0, bytes: 0 }
  stats.lost[reason] = loss
  loss.fragments += fragments
  loss.frames += frames
  loss.bytes += bytes
}

/** Frames lost for any reason. */
export function framesLost(stats: Stats): number {
  let frames = 0
  for (const loss of Object.values(stats.lost)) frames += loss.frames
  return frames
}
