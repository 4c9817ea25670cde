/**
 * One queue out of memory and files: what the buffer has no room for waits in the spool, in its place among the others, and
 * comes back fragment by fragment when it is its turn.
 */

import { KvsError } from '../errors.ts'
import type { Fragment, FragmentQueue, SessionHeader } from '../frame/fragment.ts'
import type { FragmentBuffer } from './fragmentBuffer.ts'
import { type Amount, addAmount, noAmount } from './spool/segment.ts'
import type { Spool, SpooledFragment } from './spool/spool.ts'

/** So many fragments of the spool are on their way or wait for their acks at a time. */
const mostAtHand = 8

export interface BacklogHandlers {
  /** What the spool kept is gone: it was full, or could not be read. */
  onGone(reason: 'spool-full' | 'spool-damaged', amount: Amount): void
  /** The spool cannot be written. */
  onFault(error: KvsError): void
}

interface AtHand {
  readonly fragment: Fragment
  readonly stored: SpooledFragment
}

export class Backlog implements FragmentQueue {
  readonly #buffer: FragmentBuffer
  readonly #spool: Spool
  readonly #handlers: BacklogHandlers
  /** Copies of what is on its way. */
  readonly #chunk: Uint8Array
  /** Out of the spool, oldest first. */
  readonly #atHand: AtHand[] = []
  /** The fragment of the spool that was taken last. */
  #taken: SpooledFragment | null = null
  /** The number that the next one gets. */
  #nextNumber = 1
  /** The number of the fragment that was put into the spool last. */
  #lastNumber = 0
  #header: SessionHeader | undefined
  /** Of what was damaged, so much has been told. */
  readonly #told = noAmount()

  /** @param chunk memory to read into; no other use is made of it */
  constructor(buffer: FragmentBuffer, spool: Spool, chunk: Uint8Array, handlers: BacklogHandlers) {
    this.#buffer = buffer
    this.#spool = spool
    this.#chunk = chunk
    this.#handlers = handlers
  }

  get fragments(): readonly Fragment[] {
    const { fragments } = this.#buffer
    if (this.#atHand.length === 0) return fragments
    return [...this.#atHand.map(({ fragment }) => fragment), ...fragments].sort(byNumber)
  }

  get open(): Fragment | undefined {
    return this.#buffer.open
  }

  /** What the spool keeps, and is not confirmed. */
  get spooled(): Readonly<Amount> {
    return this.#spool.waiting
  }

  after(number: number): Fragment | undefined {
    const inMemory = this.#buffer.after(number)
    const atHand = this.#atHand.find(({ fragment }) => fragment.number > number)?.fragment
    const inSpool = atHand ?? (this.#isSpoolNext(inMemory) ? this.#load() : null)
    if (inSpool === null) return inMemory
    return inMemory !== undefined && inSpool !== undefined && inMemory.number < inSpool.number ? inMemory : inSpool
  }

  read(fragment: Fragment, offset: number, maxBytes: number, parts: Uint8Array[]): number {
    const stored = this.#storedAs(fragment)
    if (stored === undefined) return this.#buffer.read(fragment, offset, maxBytes, parts)
    try {
      let length = 0
      const most = Math.min(maxBytes, this.#chunk.length, fragment.lengthBytes - offset)
      while (length < most) {
        const bytes = this.#spool.read(stored, offset + length, most - length)
        this.#chunk.set(bytes, length)
        length += bytes.length
      }
      parts.push(this.#chunk.subarray(0, length))
      return length
    } catch (error) {
      if (!(error instanceof KvsError)) throw error
      // It cannot be sent again either.
      fragment.headGone = true
      return 0
    }
  }

  release(fragment: Fragment): void {
    const index = this.#atHand.findIndex((each) => each.fragment === fragment)
    const [gone] = index < 0 ? [] : this.#atHand.splice(index, 1)
    if (gone === undefined) this.#buffer.release(fragment)
    else this.#try(() => this.#spool.done(gone.stored))
  }

  releaseHead(offset: number): boolean {
    return this.#buffer.releaseHead(offset)
  }

  /** Moves the oldest fragment that can be moved from memory into the spool; false where there is none or no room. */
  moveOldest(isSending: (fragment: Fragment) => boolean, mayDrop: boolean): boolean {
    const waits = this.#waitsInFiles()
    const movable = this.#buffer.fragments.filter((fragment) => {
      if (fragment.state === 'open' || fragment.headGone || fragment.givenUp || isSending(fragment)) return false
      // What is older than what waits in the spool cannot go behind it.
      return !waits || fragment.number > this.#lastNumber
    })
    const unsent = movable.find(({ state }) => state === 'sealed')
    // What waits for its ack has to stay at hand, for which it must be the next of the spool.
    const oldest = unsent ?? (waits ? undefined : movable[0])
    if (oldest === undefined || !this.#hasRoom(oldest, mayDrop) || !this.#keep(oldest)) return false
    // One that was on its way before keeps its number, and its place before what has been at hand since.
    const isBack = oldest.state !== 'sealed' || oldest.number < this.#nextNumber
    if (!waits) this.#nextNumber = Math.max(this.#nextNumber, oldest.number)
    this.#lastNumber = Math.max(this.#lastNumber, oldest.number)
    this.#buffer.release(oldest)
    if (isBack) this.#retake(oldest)
    return true
  }

  /** Keeps all that memory holds for the next run; returns what could not be kept. The queue is of no use after it. */
  keepAll(): readonly Fragment[] {
    const lost: Fragment[] = []
    for (const fragment of this.#buffer.fragments.slice()) {
      const complete = fragment.state !== 'open' && !fragment.headGone && !fragment.givenUp
      if (!complete || !this.#hasRoom(fragment, true) || !this.#keep(fragment)) lost.push(fragment)
      this.#buffer.release(fragment)
    }
    return lost
  }

  close(): void {
    this.#spool.close()
  }

  /** Whether there are fragments in the spool that are not at hand. */
  #waitsInFiles(): boolean {
    return this.#spool.waiting.fragments > this.#atHand.length
  }

  #storedAs(fragment: Fragment): SpooledFragment | undefined {
    if (this.#atHand.length === 0) return undefined
    return this.#atHand.find((each) => each.fragment === fragment)?.stored
  }

  /** Whether what waits in the spool comes before what is in memory. */
  #isSpoolNext(inMemory: Fragment | undefined): boolean {
    return this.#waitsInFiles() && (inMemory === undefined || inMemory.number >= this.#nextNumber)
  }

  /** Takes the next fragment out of the spool; undefined: enough is at hand. Null: there is none after all. */
  #load(): Fragment | undefined | null {
    if (this.#atHand.length >= mostAtHand) return undefined
    const stored = this.#take()
    if (stored === null) return null
    const fragment: Fragment = {
      number: this.#nextNumber++,
      header: this.#headerOf(stored.header),
      timecodeMs: stored.timecodeMs,
      position: 0,
      lengthBytes: stored.lengthBytes,
      state: 'sealed',
      frames: stored.frames,
      frameBytes: stored.frameBytes,
      sentAtMs: 0,
      headGone: false,
      givenUp: false,
      spooled: true,
    }
    this.#putAtHand(fragment, stored)
    return fragment
  }

  #take(): SpooledFragment | null {
    const stored = this.#spool.next(this.#taken)
    if (stored !== null) this.#taken = stored
    this.#tellDamage()
    return stored
  }

  /** Puts a fragment that has just been moved at hand again, as what it is: its ack may still come. */
  #retake(fragment: Fragment): void {
    const stored = this.#take()
    this.#nextNumber = Math.max(this.#nextNumber, fragment.number + 1)
    if (stored !== null) this.#putAtHand(fragment, stored)
  }

  #putAtHand(fragment: Fragment, stored: SpooledFragment): void {
    this.#atHand.push({ fragment, stored })
    this.#atHand.sort((one, other) => byNumber(one.fragment, other.fragment))
  }

  #headerOf(bytes: Uint8Array): SessionHeader {
    if (this.#header?.bytes !== bytes) this.#header = { bytes }
    return this.#header
  }

  #hasRoom({ lengthBytes, header }: Fragment, mayDrop: boolean): boolean {
    const bytes = lengthBytes + header.bytes.length
    if (!this.#spool.hasRoom(bytes, true)) return false
    while (!this.#spool.hasRoom(bytes)) {
      if (!mayDrop) return false
      const gone = this.#try(() => this.#spool.dropOldest(this.#taken)) ?? null
      if (gone === null) return false
      this.#handlers.onGone('spool-full', gone)
    }
    return true
  }

  #keep(fragment: Fragment): boolean {
    const parts: Uint8Array[] = []
    this.#buffer.read(fragment, 0, fragment.lengthBytes, parts)
    const { timecodeMs, frames, frameBytes, header } = fragment
    return this.#try(() => this.#spool.append({ timecodeMs, frames, frameBytes, header: header.bytes }, parts)) !== null
  }

  #tellDamage(): void {
    const amount = { ...this.#spool.damaged }
    addAmount(amount, this.#told, -1)
    if (amount.fragments === 0) return
    addAmount(this.#told, amount)
    this.#handlers.onGone('spool-damaged', amount)
  }

  /** Null where the storage has failed. */
  #try<T>(task: () => T): T | null {
    try {
      return task()
    } catch (error) {
      if (!(error instanceof KvsError)) throw error
      this.#handlers.onFault(error)
      return null
    }
  }
}

function byNumber(one: Fragment, other: Fragment): number {
  return one.number - other.number
}
