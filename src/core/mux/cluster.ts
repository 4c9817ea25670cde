/** Clusters and their SimpleBlocks, written straight into the buffer (RFC 9559 sections 5.1.3 and 10). */

import { KvsError } from '../errors.ts'
import type { ByteSink, Payload } from '../frame/frame.ts'
import { putSize, putUnsigned, sizeWidth } from './ebml.ts'
import * as id from './ids.ts'

/** Cluster of unknown size with its Timestamp in 8 bytes. */
export const clusterStartBytes = 15

/** Where those 8 bytes begin. */
export const timestampAtByte = 7

/** Track number, relative timecode and flags of a block; track numbers up to 126 take one byte. */
const blockHeadBytes = 4

// One for all: a sink has copied when it returns.
const scratch = new Uint8Array(24)

/** Opens a cluster; `timecodeMs` is a whole number from 0 to 2^53. */
export function writeClusterStart(sink: ByteSink, timecodeMs: number): void {
  if (!Number.isSafeInteger(timecodeMs) || timecodeMs < 0) {
    throw new KvsError('INTERNAL', `a cluster cannot start at ${timecodeMs} ms`)
  }
  let at = putUnsigned(scratch, 0, id.CLUSTER, 4)
  scratch[at++] = 0xff
  scratch[at++] = id.TIMESTAMP
  scratch[at++] = 0x88
  sink.write(scratch, 0, putUnsigned(scratch, at, timecodeMs, 8))
}

/** Size of a whole SimpleBlock with `payloadBytes` of data on a track of 1 to 126. */
export function simpleBlockBytes(payloadBytes: number): number {
  const content = blockHeadBytes + payloadBytes
  return 1 + sizeWidth(content) + content
}

/**
 * Writes a SimpleBlock: `payload` says which ranges of `data` it holds. `relativeMs` is a whole number from -32768 to
 * 32767, relative to the cluster.
 */
export function writeSimpleBlock(
  sink: ByteSink,
  track: number,
  relativeMs: number,
  keyFrame: boolean,
  data: Uint8Array,
  payload: Payload,
): void {
  if ((relativeMs << 16) >> 16 !== relativeMs) {
    throw new KvsError('INTERNAL', `a block cannot be ${relativeMs} ms from the start of its cluster`)
  }
  scratch[0] = id.SIMPLE_BLOCK
  let at = putSize(scratch, 1, blockHeadBytes + payload.sizeBytes)
  scratch[at++] = 0x80 | track
  scratch[at++] = relativeMs >> 8
  scratch[at++] = relativeMs
  scratch[at++] = keyFrame ? 0x80 : 0
  // The length of the first span goes out with the head: one write less per frame.
  for (let i = 0; i < payload.count; i++) {
    const from = payload.spans[2 * i] ?? 0
    const to = payload.spans[2 * i + 1] ?? 0
    if (payload.prefixed) at = putLength(at, to - from)
    if (at > 0) sink.write(scratch, 0, at)
    at = 0
    sink.write(data, from, to)
  }
  if (at > 0) sink.write(scratch, 0, at)
}

function putLength(at: number, length: number): number {
  scratch[at] = length >> 24
  scratch[at + 1] = length >> 16
  scratch[at + 2] = length >> 8
  scratch[at + 3] = length
  return at + 4
}
