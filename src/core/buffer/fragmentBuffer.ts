/** The fragments that the service has not confirmed yet, as the very bytes that go on the wire, in blocks taken on demand. */

import { KvsError } from '../errors.ts'
import type { Fragment, FragmentQueue, FragmentSink, SessionHeader } from '../frame/fragment.ts'
import type { WallMs } from '../frame/time.ts'
import type { Blocks } from '../platform.ts'

export class FragmentBuffer implements FragmentQueue, FragmentSink {
  /** Oldest first; only the last one may be open. */
  readonly fragments: Fragment[] = []
  /** What fits at most, in bytes: whole blocks. */
  readonly capacityBytes: number
  readonly #source: Blocks
  readonly #blockBytes: number
  /** Blocks from number `#firstBlock` on; null where a block in the middle has been given back. */
  readonly #blocks: (Uint8Array | null)[] = []
  #firstBlock = 0
  #blocksHeld = 0
  #end = 0
  /** The host had no more memory when it was asked last. */
  starved = false
  #number: number

  /** Throws CONFIGURATION when `capacityBytes` is less than two blocks. Fragments are numbered from `firstNumber` on. */
  constructor(source: Blocks, capacityBytes: number, firstNumber = 1) {
    this.#source = source
    this.#number = firstNumber
    this.#blockBytes = source.blockBytes
    const blocks = Math.floor(capacityBytes / source.blockBytes)
    if (blocks < 2) throw new KvsError('CONFIGURATION', `a buffer of ${capacityBytes} bytes is too small`)
    this.capacityBytes = blocks * source.blockBytes
  }

  /** Memory held now, in bytes. */
  get heldBytes(): number {
    return this.#blocksHeld * this.#blockBytes
  }

  /** The fragment being written, if any. */
  get open(): Fragment | undefined {
    const last = this.fragments[this.fragments.length - 1]
    return last?.state === 'open' ? last : undefined
  }

  /** Takes the memory for `bytes` more. False, and nothing is taken, where the capacity or the host has no more. */
  reserve(bytes: number): boolean {
    const size = this.#blockBytes
    const wanted = Math.ceil((this.#end + bytes) / size) - this.#firstBlock - this.#blocks.length
    this.starved = false
    if ((this.#blocksHeld + wanted) * size > this.capacityBytes) return false
    for (let taken = 0; taken < wanted; taken++) {
      const block = this.#source.take()
      this.starved = block === null
      if (block === null) {
        this.#giveBackTail(taken)
        return false
      }
      this.#blocks.push(block)
      this.#blocksHeld++
    }
    return true
  }

  /** Begins a fragment; the one before must have been sealed. */
  begin(timecodeMs: WallMs, header: SessionHeader): Fragment {
    const fragment: Fragment = {
      number: this.#number++,
      header,
      timecodeMs,
      position: this.#end,
      lengthBytes: 0,
      state: 'open',
      frames: 0,
      frameBytes: 0,
      sentAtMs: 0,
      headGone: false,
      givenUp: false,
      spooled: false,
    }
    this.fragments.push(fragment)
    return fragment
  }

  /** Appends to the open fragment; the room must have been reserved. */
  write(bytes: Uint8Array, from: number, to: number): void {
    const size = this.#blockBytes
    let end = this.#end
    for (let at = from; at < to; ) {
      const offset = end % size
      const length = Math.min(size - offset, to - at)
      this.#block(end).set(length === bytes.length ? bytes : bytes.subarray(at, at + length), offset)
      at += length
      end += length
    }
    this.#end = end
    const open = this.fragments[this.fragments.length - 1]
    if (open !== undefined) open.lengthBytes += to - from
  }

  /** Ends the open fragment: once anything of it is sent, its bytes never change. */
  seal(): void {
    const open = this.open
    if (open !== undefined) open.state = 'sealed'
  }

  /** Writes over bytes of which nothing has been sent. */
  overwrite(position: number, bytes: Uint8Array): void {
    for (const [index, byte] of bytes.entries()) {
      this.#block(position + index)[(position + index) % this.#blockBytes] = byte
    }
  }

  /** The oldest fragment whose number is above this one. */
  after(number: number): Fragment | undefined {
    const { fragments } = this
    // Sought from the newest: that is nearly always the one.
    let at = fragments.length
    while (at > 0 && (fragments[at - 1]?.number ?? 0) > number) at--
    return fragments[at]
  }

  /**
   * Appends views of the fragment's bytes from `offset` on to `parts`, at most `maxBytes`, and returns how many bytes
   * they are. The views stay valid until the fragment is released.
   */
  read(fragment: Fragment, offset: number, maxBytes: number, parts: Uint8Array[]): number {
    const size = this.#blockBytes
    const position = fragment.position + offset
    const end = Math.min(fragmentEnd(fragment), position + maxBytes)
    let at = position
    while (at < end) {
      const from = at % size
      const length = Math.min(size - from, end - at)
      parts.push(this.#block(at).subarray(from, from + length))
      at += length
    }
    return at - position
  }

  /** Forgets a fragment and gives back the blocks that no other fragment needs. */
  release(fragment: Fragment): void {
    const index = this.fragments.indexOf(fragment)
    if (index < 0) return
    this.fragments.splice(index, 1)
    if (!fragment.givenUp) this.#free(fragment)
    // What was reserved for more of a fragment that is gone.
    if (this.fragments.length > 0) return
    const kept = Math.max(0, Math.ceil(this.#end / this.#blockBytes) - this.#firstBlock)
    this.#giveBackTail(this.#blocks.length - kept)
  }

  /** Gives back the blocks of a fragment that was sent; it stays in the list until its ack has come, or cannot come. */
  giveUp(fragment: Fragment): void {
    fragment.givenUp = true
    this.#free(fragment)
  }

  /** Gives back the blocks that no other fragment needs. */
  #free({ number, position }: Fragment): void {
    const size = this.#blockBytes
    let first = Math.floor(position / size)
    let end = this.#end
    for (const other of this.fragments) {
      if (other.givenUp) continue
      if (other.number < number) first = Math.max(first, Math.ceil(fragmentEnd(other) / size))
      if (other.number > number) end = Math.min(end, other.position)
    }
    this.#giveBack(first, Math.floor(end / size))
  }

  /**
   * Gives up the blocks of the oldest fragment before `offset`, up to which it must have been sent: it can then no
   * longer be sent again. False, and nothing is lost, where there is no such block.
   */
  releaseHead(offset: number): boolean {
    const oldest = this.fragments.find(({ givenUp }) => !givenUp)
    if (oldest === undefined) return false
    const endBlock = Math.floor((oldest.position + offset) / this.#blockBytes)
    if (endBlock <= this.#firstBlock) return false
    oldest.headGone = true
    this.#giveBack(this.#firstBlock, endBlock)
    return true
  }

  /** Gives all blocks back; the buffer is of no use after it. */
  close(): void {
    this.#giveBackTail(this.#blocks.length)
  }

  #block(position: number): Uint8Array {
    const block = this.#blocks[Math.floor(position / this.#blockBytes) - this.#firstBlock]
    if (block === null || block === undefined) {
      throw new KvsError('INTERNAL', `the buffer holds nothing at ${position}`)
    }
    return block
  }

  #giveBack(firstBlock: number, endBlock: number): void {
    for (let number = Math.max(firstBlock, this.#firstBlock); number < endBlock; number++) {
      const block = this.#blocks[number - this.#firstBlock]
      if (block === null || block === undefined) continue
      this.#blocks[number - this.#firstBlock] = null
      this.#blocksHeld--
      this.#source.give(block)
    }
    while (this.#blocks.length > 0 && this.#blocks[0] === null) {
      this.#blocks.shift()
      this.#firstBlock++
    }
  }

  #giveBackTail(count: number): void {
    for (let given = 0; given < count; given++) {
      const block = this.#blocks.pop()
      if (block === null || block === undefined) continue
      this.#blocksHeld--
      this.#source.give(block)
    }
  }
}

/** First byte behind the fragment. */
function fragmentEnd(fragment: Fragment): number {
  return fragment.position + fragment.lengthBytes
}
