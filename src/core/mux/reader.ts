/**
 * A push parser for Matroska as any writer writes it (RFC 8794, RFC 9559): known and unknown sizes, SimpleBlock and
 * BlockGroup, several documents one after the other. It keeps small values only; media passes through.
 */

import { MatroskaError, type ReaderEvents } from './events.ts'
import * as id from './ids.ts'
import { type ElementType, elementType, isStructure, mayStandIn } from './schema.ts'
import { ElementValues } from './values.ts'

type State = 'id' | 'size' | 'value' | 'blockHead' | 'blockData' | 'skip'

/** Deep enough for any file; SimpleTags may be nested without end otherwise. */
const deepest = 32
const noBytes = new Uint8Array(0)

/** Reads what is pushed and tells `events`. After an exception out of `push` or `end` it is dead. */
export class MatroskaReader {
  readonly #events: Partial<ReaderEvents>
  #position = 0
  #state: State = 'id'
  /** True while in `push`; still true afterwards when something was thrown. */
  #broken = false

  /** The masters that are open: ID, where they end at the latest, and whether their own size is unknown. */
  readonly #open: number[] = []
  readonly #ends: number[] = []
  readonly #unsized: boolean[] = []

  /** The element head being read: where it starts, its ID, and the number being gathered. */
  #start = 0
  #id = 0
  #type: ElementType | undefined = undefined
  #number = 0
  #width = 0
  #have = 0
  #allOnes = false

  /** Bytes of the current element still to come, and those of a small value that came in pieces. */
  #left = 0
  #kept = noBytes
  readonly #blockHead = new Uint8Array(7)
  #referenced = false

  readonly #values = new ElementValues()

  constructor(events: Partial<ReaderEvents>) {
    this.#events = events
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position
  }

  /** Reads on. Throws MatroskaError. */
  push(bytes: Uint8Array): void {
    this.#enter()
    let at = 0
    while (at < bytes.length) {
      const from = at
      if (this.#state === 'id') at = this.#readId(bytes, at)
      else if (this.#state === 'size') at = this.#readSize(bytes, at)
      else if (this.#state === 'value') at = this.#readValue(bytes, at)
      else if (this.#state === 'blockHead') at = this.#readBlockHead(bytes, at)
      else at = this.#pass(bytes, at)
      this.#position += at - from
      // A head that is complete opens its element only now that the position is behind it.
      if (this.#state === 'size' && this.#have === this.#width) this.#begin()
      else if (this.#left === 0 && this.#state !== 'id' && this.#state !== 'size') this.#finish()
    }
    this.#broken = false
  }

  /** The input is over: ends what is open. Throws MatroskaError where an element of known size is cut. */
  end(): void {
    this.#enter()
    if (this.#state !== 'id' || this.#have > 0) this.#fail('the data stops inside an element', this.#start)
    const last = this.#ends.length - 1
    if (last >= 0 && this.#ends[last] !== Number.POSITIVE_INFINITY) {
      this.#fail(`the data stops inside ${describe(this.#open[last] ?? 0)}`, this.#position)
    }
    while (this.#open.length > 0) this.#leave(this.#position)
    this.#broken = false
  }

  #enter(): void {
    if (this.#broken) this.#fail('nothing can be read after an error', this.#position)
    this.#broken = true
  }

  #fail(what: string, position: number): never {
    throw new MatroskaError(what, position)
  }

  #readId(bytes: Uint8Array, from: number): number {
    let at = from
    if (this.#have === 0) {
      const first = bytes[at++] ?? 0
      this.#start = this.#position
      if (this.#start === 0 && first !== 0x1a) this.#fail('this is not Matroska: no EBML header', 0)
      this.#width = Math.clz32(first) - 23
      if (this.#width > 4) this.#fail(`no element starts with the byte ${hexNumber(first)}`, this.#start)
      this.#id = first
      this.#have = 1
    }
    while (this.#have < this.#width && at < bytes.length) {
      this.#id = this.#id * 256 + (bytes[at++] ?? 0)
      this.#have++
    }
    if (this.#have === this.#width) {
      if (this.#start === 0 && this.#id !== id.EBML) this.#fail('this is not Matroska: no EBML header', 0)
      this.#state = 'size'
      this.#have = 0
      this.#width = -1
    }
    return at
  }

  #readSize(bytes: Uint8Array, from: number): number {
    let at = from
    if (this.#have === 0) {
      const first = bytes[at++] ?? 0
      this.#width = Math.clz32(first) - 23
      if (this.#width > 8) this.#fail(`${describe(this.#id)} has a size of more than 8 bytes`, this.#start)
      const bits = 0xff >> this.#width
      this.#number = first & bits
      this.#allOnes = this.#number === bits
      this.#have = 1
    }
    while (this.#have < this.#width && at < bytes.length) {
      const byte = bytes[at++] ?? 0
      this.#allOnes = this.#allOnes && byte === 0xff
      this.#number = this.#number * 256 + byte
      this.#have++
    }
    return at
  }

  /** The head of an element has been read: ends what it ends, and opens it. */
  #begin(): void {
    const size = this.#allOnes ? null : this.#number
    const found = elementType(this.#id)
    this.#type = this.#place(found) ? found : undefined
    const kind = this.#type?.kind ?? 'skip'
    const limit = this.#ends[this.#ends.length - 1] ?? Number.POSITIVE_INFINITY
    if (size !== null && size > Number.MAX_SAFE_INTEGER) this.#fail(`${describe(this.#id)} of 2^53 bytes`, this.#start)
    if (size === null && kind !== 'master') this.#fail(`${describe(this.#id)} is of unknown size`, this.#start)
    const end = size === null ? limit : this.#position + size
    if (this.#position > limit || end > limit) {
      this.#fail(`${describe(this.#id)} is larger than the element it is in`, this.#start)
    }
    this.#have = 0
    this.#state = 'id'
    if (kind === 'master') {
      this.#openMaster(end, size)
      this.#closeEnded()
      return
    }
    const bytes = end - this.#position
    if (bytes > (this.#type?.limitBytes ?? Number.POSITIVE_INFINITY)) {
      this.#fail(`${describe(this.#id)} of ${bytes} bytes is too large`, this.#start)
    }
    if (this.#type?.id === id.REFERENCE_BLOCK) this.#referenced = true
    this.#left = bytes
    this.#state = kind === 'skip' ? 'skip' : kind === 'block' ? 'blockHead' : 'value'
    if (bytes > 0) return
    if (kind === 'block') this.#fail('a block without content', this.#start)
    if (kind !== 'skip') this.#store(noBytes, 0, 0)
    this.#finish()
  }

  /**
   * Ends the masters of unknown size that the new element cannot stand in (RFC 8794 section 6.2). False where it has
   * no business here and is to be passed over.
   */
  #place(type: ElementType | undefined): boolean {
    let depth = this.#open.length
    if (type === undefined) {
      if (isReserved(this.#id)) this.#fail(`the reserved element ID ${hexNumber(this.#id)}`, this.#start)
      if (depth === 0) this.#fail(`${describe(this.#id)} where an EBML header is due`, this.#start)
      return false
    }
    while (depth > 0 && !mayStandIn(type, this.#open[depth - 1] ?? 0) && this.#unsized[depth - 1]) depth--
    if (!mayStandIn(type, this.#open[depth - 1] ?? 0)) {
      if (depth === 0 || isStructure(type)) this.#fail(`${type.name} in a place where none may be`, this.#start)
      return false
    }
    while (this.#open.length > depth) this.#leave(this.#start)
    return true
  }

  #openMaster(end: number, size: number | null): void {
    if (this.#open.length === deepest) this.#fail(`elements nested more than ${deepest} deep`, this.#start)
    this.#open.push(this.#id)
    this.#ends.push(end)
    this.#unsized.push(size === null)
    const events = this.#events
    this.#values.open(this.#id)
    if (this.#id === id.CLUSTER) events.cluster?.(this.#start)
    else if (this.#id === id.BLOCK_GROUP) this.#referenced = false
    else if (this.#id === id.TAGS) events.tags?.(this.#start)
    else if (this.#id === id.TRACKS) events.tracks?.(this.#start)
    else if (this.#id === id.EBML) events.ebml?.(this.#start)
    else if (this.#id === id.SEGMENT) {
      events.segment?.(this.#start, this.#start + 4, this.#position - this.#start - 4, size)
    }
  }

  /** The master opened last is over; `position` is the first byte after it. */
  #leave(position: number): void {
    const master = this.#open.pop()
    this.#ends.pop()
    this.#unsized.pop()
    const events = this.#events
    const values = this.#values
    if (master === id.CLUSTER) events.clusterEnd?.(position)
    else if (master === id.TAGS) events.tagsEnd?.(position)
    else if (master === id.INFO) events.info?.(values.timestampScaleNs)
    else if (master === id.TRACK_ENTRY) events.track?.(values.track)
    else if (master === id.SIMPLE_TAG) values.closeTag(events.tag)
  }

  #closeEnded(): void {
    while (this.#open.length > 0 && this.#ends[this.#ends.length - 1] === this.#position) this.#leave(this.#position)
  }

  /** The content of an element that is no master is complete. */
  #finish(): void {
    if (this.#state === 'blockData') this.#events.blockEnd?.()
    this.#state = 'id'
    this.#closeEnded()
  }

  #readValue(bytes: Uint8Array, from: number): number {
    const take = Math.min(this.#left, bytes.length - from)
    const whole = this.#have === 0 && take === this.#left
    if (whole) {
      this.#store(bytes, from, from + take)
    } else {
      if (this.#have === 0) this.#kept = new Uint8Array(this.#left)
      this.#kept.set(bytes.subarray(from, from + take), this.#have)
      this.#have += take
      if (take === this.#left) {
        this.#store(this.#kept, 0, this.#have)
        this.#kept = noBytes
        this.#have = 0
      }
    }
    this.#left -= take
    return from + take
  }

  #store(bytes: Uint8Array, from: number, to: number): void {
    const type = this.#type
    if (type === undefined) return
    const problem = this.#values.set(type, bytes, from, to)
    if (problem !== null) this.#fail(problem, this.#start)
    if (type.id === id.TIMESTAMP) this.#events.timecode?.(this.#values.timestamp)
  }

  #readBlockHead(bytes: Uint8Array, from: number): number {
    let at = from
    const head = this.#blockHead
    if (this.#have === 0) {
      this.#width = Math.clz32(bytes[at] ?? 0) - 23 + 3
      if (this.#width > head.length) this.#fail('a block of a track number of more than 4 bytes', this.#start)
      if (this.#left < this.#width) this.#fail('a block too short for its head', this.#start)
    }
    while (this.#have < this.#width && at < bytes.length) head[this.#have++] = bytes[at++] ?? 0
    this.#left -= at - from
    if (this.#have === this.#width) this.#openBlock()
    return at
  }

  #openBlock(): void {
    const head = this.#blockHead
    const tail = this.#width - 3
    let track = (head[0] ?? 0) & (0xff >> tail)
    for (let i = 1; i < tail; i++) track = track * 256 + (head[i] ?? 0)
    const relative = (((head[tail] ?? 0) << 24) >> 16) | (head[tail + 1] ?? 0)
    let flags = head[tail + 2] ?? 0
    if (this.#id === id.BLOCK) flags = this.#referenced ? flags & 0x7f : flags | 0x80
    this.#have = 0
    this.#state = 'blockData'
    this.#events.block?.(track, relative, flags, this.#left)
  }

  /** Block data, or what is not for us. */
  #pass(bytes: Uint8Array, from: number): number {
    const to = from + Math.min(this.#left, bytes.length - from)
    if (this.#state === 'blockData') this.#events.blockData?.(bytes.subarray(from, to))
    this.#left -= to - from
    return to
  }
}

/** IDs of all ones or all zeros do not exist (RFC 8794 section 5): what reads as one is no EBML. */
function isReserved(elementId: number): boolean {
  const bits = elementId >= 0x10000000 ? 28 : elementId >= 0x200000 ? 21 : elementId >= 0x4000 ? 14 : 7
  const data = elementId & ((1 << bits) - 1)
  return data === 0 || data === (1 << bits) - 1
}

function hexNumber(value: number): string {
  return `0x${value.toString(16)}`
}

function describe(elementId: number): string {
  return elementType(elementId)?.name ?? `element ${hexNumber(elementId)}`
}
