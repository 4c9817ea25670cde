import type { Blocks } from '../core/platform.ts'

/** So many blocks are kept for the next taker: a buffer that breathes in and out does not go to the kernel each time. */
const maxIdle = 4

/** Blocks of the host for one producer, used again last given first. */
export function makeBlocks(): Blocks {
  const idle: Uint8Array[] = []
  return {
    blockBytes: native.blockBytes,
    take: () => idle.pop() ?? native.takeBlock(),
    give: (block) => {
      if (idle.length < maxIdle) idle.push(block)
      else native.giveBlock(block)
    },
  }
}
