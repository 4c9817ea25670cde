/** The core's ports on Node.js. */

import { createHash, createHmac, randomFillSync } from 'node:crypto'
import type { Blocks, Clock, Crypto, Log, Platform, Search } from '../core/platform.ts'
import { type ConnectSettings, makeConnect } from './connect.ts'

export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, task) {
    let timer = setTimeout(wait, Math.min(delayMs, longestTimeoutMs), delayMs - longestTimeoutMs)
    function wait(leftMs: number): void {
      if (leftMs > 0) timer = setTimeout(wait, Math.min(leftMs, longestTimeoutMs), leftMs - longestTimeoutMs)
      else task()
    }
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Node's timers take 31 bits; beyond that they fire at once. */
const longestTimeoutMs = 2 ** 31 - 1

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
