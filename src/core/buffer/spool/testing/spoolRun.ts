/** A spool in use, at random from a seed, with what it must hold at any time. */

import { KvsError } from '../../../errors.ts'
import type { Chance, ForgetfulFiles } from '../../../testing/forgetfulFiles.ts'
import { must, mustBe } from '../../../testing/must.ts'
import { Spool, type SpooledFragment } from '../spool.ts'

/** One that is put into it. */
export interface Put {
  readonly timecodeMs: number
  readonly header: Uint8Array
  readonly content: Uint8Array
  /** What was promised of it: `maybe` where that was broken off, `forgotten` for as long as the spool is open. */
  state: 'kept' | 'maybe' | 'forgotten' | 'gone'
}

export const directory = '/spool'
export const capacityBytes = 16_000

/** A sequence that a seed determines (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** All that is to be read, each with its content. */
export function readAll(spool: Spool): { readonly fragment: SpooledFragment; readonly content: Uint8Array }[] {
  const all: { fragment: SpooledFragment; content: Uint8Array }[] = []
  for (let fragment = spool.next(null); fragment !== null; fragment = spool.next(fragment)) {
    const content = new Uint8Array(fragment.lengthBytes)
    for (let at = 0; at < content.length; ) {
      const bytes = spool.read(fragment, at, 300)
      content.set(bytes, at)
      at += bytes.length
    }
    all.push({ fragment, content })
  }
  return all
}

export class SpoolRun {
  files: ForgetfulFiles
  spool: Spool
  /** In the order of putting. */
  readonly puts: Put[] = []
  refused = 0
  dropped = 0
  readonly #chance: Chance
  #headers = 0

  constructor(files: ForgetfulFiles, chance: Chance) {
    this.#chance = chance
    this.files = files
    this.spool = new Spool({ storage: files, directory, capacityBytes })
  }

  /** Goes on with the disk that is left. */
  reopen(files: ForgetfulFiles): void {
    this.files = files
    this.spool = new Spool({ storage: files, directory, capacityBytes })
    for (const put of this.puts) if (put.state === 'forgotten') put.state = 'maybe'
  }

  /** Does something. Power that is lost and, unless asked for, errors are thrown on. */
  step(mayFail = false): void {
    const what = this.#chance()
    try {
      if (what < 0.5) this.#append()
      else if (what < 0.9) this.#done()
      else if (what < 0.93) this.#drop()
      else this.check()
    } catch (error) {
      if (!mayFail || !(error instanceof KvsError)) throw error
      this.refused++
    }
  }

  #append(): void {
    const put = this.#make()
    if (!this.spool.hasRoom(put.content.length + put.header.length)) {
      this.#drop()
      return
    }
    this.puts.push(put)
    const cut = Math.floor(this.#chance() * put.content.length)
    const figures = { timecodeMs: put.timecodeMs, frames: 3, frameBytes: put.content.length, header: put.header }
    try {
      this.spool.append(figures, [put.content.subarray(0, cut), put.content.subarray(cut)])
      put.state = 'kept'
    } catch (error) {
      // What could not be cut off either may be back, and whole.
      if (error instanceof KvsError) put.state = this.files.failures > 1 ? 'forgotten' : 'gone'
      throw error
    }
  }

  #make(): Put {
    if (this.#chance() < 0.1) this.#headers++
    const header = new Uint8Array(20 + (this.#headers % 3)).fill(this.#headers)
    const content = new Uint8Array(Math.floor(this.#chance() ** 3 * 3000))
    for (let at = 0; at < content.length; at++) content[at] = this.#chance() * 256
    return { timecodeMs: this.puts.length, header, content, state: 'maybe' }
  }

  /** One of the oldest three, in any order. */
  #done(): void {
    let fragment = this.spool.next(null)
    for (let skip = Math.floor(this.#chance() * 3); skip > 0 && fragment !== null; skip--) {
      fragment = this.spool.next(fragment) ?? fragment
    }
    if (fragment === null) return
    const put = this.puts[fragment.timecodeMs]
    must(
      put?.state === 'kept' || put?.state === 'maybe',
      `${fragment.timecodeMs} was put, and neither done nor refused`,
    )
    put.state = 'maybe'
    try {
      this.spool.done(fragment)
      put.state = 'gone'
    } catch (error) {
      if (error instanceof KvsError) put.state = 'forgotten'
      throw error
    }
  }

  #drop(): void {
    const before = readAll(this.spool)
    const lost = this.spool.dropOldest(null)
    if (lost === null) {
      mustBe(before.length, 0, 'fragments where none can be dropped')
      return
    }
    for (const { fragment } of before.slice(0, lost.fragments)) {
      const put = this.puts[fragment.timecodeMs]
      if (put !== undefined) put.state = 'maybe'
    }
    this.dropped += lost.fragments
    mustBe(
      this.spool.next(null)?.timecodeMs ?? -1,
      before[lost.fragments]?.fragment.timecodeMs ?? -1,
      'the oldest left',
    )
  }

  /** Everything kept is there, byte for byte and in order, and nothing that is gone. */
  check(): void {
    const all = readAll(this.spool)
    let before = -1
    for (const { fragment, content } of all) {
      const put = this.puts[fragment.timecodeMs]
      must(
        put?.state === 'kept' || put?.state === 'maybe',
        `${fragment.timecodeMs} was put, and neither done nor refused`,
      )
      must(fragment.timecodeMs > before, 'the order is that of putting')
      before = fragment.timecodeMs
      mustBe(String(content), String(put.content), `the content of ${before}`)
      mustBe(String(fragment.header), String(put.header), `the header of ${before}`)
      mustBe(fragment.frames * 1e6 + fragment.frameBytes, 3e6 + put.content.length, 'frames and their bytes')
    }
    const found = new Set(all.map(({ fragment }) => fragment.timecodeMs))
    for (const { state, timecodeMs } of this.puts)
      must(state !== 'kept' || found.has(timecodeMs), `${timecodeMs} is there`)
    const { fragments, frames, bytes } = this.spool.waiting
    mustBe(fragments, all.length, 'fragments waiting')
    mustBe(frames, 3 * all.length, 'frames waiting')
    mustBe(
      bytes,
      all.reduce((sum, { content }) => sum + content.length, 0),
      'bytes waiting',
    )
    const { fragments: damaged } = this.spool.damaged
    mustBe(damaged, 0, 'damaged')
  }

  /** What is there now is there to stay; the rest is not. */
  settle(): void {
    this.check()
    const found = new Set(readAll(this.spool).map(({ fragment }) => fragment.timecodeMs))
    for (const put of this.puts) put.state = found.has(put.timecodeMs) ? 'kept' : 'gone'
  }
}
