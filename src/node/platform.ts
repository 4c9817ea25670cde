/** The core's ports on Node.js. */

import { createHash, createHmac, randomFillSync } from 'node:crypto'
import type { Blocks, Clock, Crypto, Log, Platform, Search } from '../core/platform.ts'
import { type ConnectSettings, makeConnect } from './connect.ts'

export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}

export const crypto: Crypto = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}

const startCode = Buffer.from([0, 0, 1])

/** Buffer's search works on any Uint8Array and is some ten times faster than TypedArray.indexOf. */
export const search: Search = {
  startCode: (bytes, from) => Buffer.prototype.indexOf.call(bytes, startCode, from),
}

/** Blocks that have been given back are kept for the next taker, up to this size together. */
const maxIdleBytes = 1024 * 1024

/** Blocks of memory for one producer, taken from the heap on demand and used again, last given first. */
export function makeBlocks(blockBytes = 64 * 1024): Blocks {
  const idle: Uint8Array[] = []
  return {
    blockBytes,
    // Not filled with zeros: nothing is read of a block but what was written to it.
    take: () => idle.pop() ?? new Uint8Array(Buffer.allocUnsafeSlow(blockBytes).buffer),
    give: (block) => {
      if ((idle.length + 1) * blockBytes <= maxIdleBytes) idle.push(block)
    },
  }
}

const silent = () => undefined
const noLog: Log = { debug: silent, info: silent, warn: silent, error: silent }

export interface NodePlatformSettings extends ConnectSettings {
  readonly log?: Log | undefined
}

/** A host for one producer. */
export function nodePlatform(settings: NodePlatformSettings = {}): Platform {
  return {
    clock,
    connect: makeConnect(settings),
    crypto,
    random: (bytes) => {
      randomFillSync(bytes)
    },
    blocks: makeBlocks(),
    search,
    log: settings.log ?? noLog,
  }
}
