/**
 * Fragment metadata: names and values that the service keeps with a fragment, and the events that it acts on. They are
 * written as Tags behind the cluster, since the service attaches Tags to the cluster before them.
 */

import { KvsError } from '../errors.ts'
import { utf8Bytes } from '../text.ts'
import { concat } from './ebml.ts'
import { tagsElement } from './tags.ts'

/** What the service does with a fragment that has the event: take an image of it, or send a message about it. */
export type FragmentEvent = 'image-generation' | 'notification'

/** A name and a value that the service keeps with a fragment. */
export interface TagPair {
  /** 1 to 128 bytes of UTF-8, not beginning with `AWS`. */
  readonly name: string
  /** At most 256 bytes of UTF-8. */
  readonly value: string
}

/** What goes along with an event. */
export interface FragmentEventOptions {
  /** Before the name of the image in S3: 1 to 256 bytes of UTF-8; image generation only. */
  readonly imagePrefix?: string
  /** Told along with the event. */
  readonly pairs?: readonly TagPair[]
}

const eventNames: Record<FragmentEvent, string> = {
  'image-generation': 'AWS_KINESISVIDEO_IMAGE_GENERATION',
  notification: 'AWS_KINESISVIDEO_NOTIFICATION',
}
const imagePrefixName = 'AWS_KINESISVIDEO_IMAGE_PREFIX'

// Limits of the service (developer guide, quotas).
const mostTags = 10
const mostNameBytes = 128
const mostValueBytes = 256

export class Metadata {
  readonly #persistent: TagPair[] = []
  readonly #pending: TagPair[] = []
  /** Each with its pairs, the event first. */
  readonly #events: TagPair[][] = []
  /** What the next fragment that is completed gets. */
  bytes: Uint8Array = new Uint8Array(0)

  /**
   * For the open fragment, or where there is none for the next one; `persistent`: for all from there on, until the
   * same name gets another value, or an empty one, which ends it.
   *
   * @throws KvsError USAGE where the service would not take it: names of 1 to 128 bytes that do not begin with `AWS`,
   *   values of at most 256 bytes, ten of them a fragment
   */
  put(name: string, value: string, persistent: boolean): void {
    check(name, value)
    const list = persistent ? this.#persistent : this.#pending
    const at = list.findIndex((known) => known.name === name)
    const removed = persistent && value === ''
    if (at < 0 && !removed) {
      const known = persistent ? this.#pending : this.#persistent
      this.#checkCount(known.some((other) => other.name === name) ? 0 : 1)
    }
    if (at >= 0) list.splice(at, 1)
    if (!removed) list.push({ name, value })
    this.#render()
  }

  /**
   * For the open fragment, or where there is none for the next one.
   *
   * @throws KvsError USAGE where the fragment has this event already, and as for `put`: its pairs count as well
   */
  putEvent(event: FragmentEvent, { imagePrefix, pairs = [] }: FragmentEventOptions = {}): void {
    const name = eventNames[event]
    if (name === undefined) fail(`"${event}" is no event`, `use ${Object.keys(eventNames).join(' or ')}`)
    if (this.#events.some(([first]) => first?.name === name)) {
      fail(`the event ${event} twice for one fragment`, 'put it again once the next fragment has begun')
    }
    const tags: TagPair[] = [{ name, value: '' }]
    if (imagePrefix !== undefined) {
      if (event !== 'image-generation') fail('an image prefix without an image', 'leave it out')
      if (imagePrefix === '') fail('an empty image prefix', 'leave it out')
      checkValue('the image prefix', imagePrefix)
      tags.push({ name: imagePrefixName, value: imagePrefix })
    }
    for (const pair of pairs) {
      check(pair.name, pair.value)
      tags.push({ name: pair.name, value: pair.value })
    }
    this.#checkCount(pairs.length)
    this.#events.push(tags)
    this.#render()
  }

  /** What still waits for a fragment, without what all get. */
  get waiting(): number {
    return this.#pending.length + this.#events.length
  }

  /** A fragment has got them. */
  written(): void {
    if (this.waiting === 0) return
    this.#pending.length = 0
    this.#events.length = 0
    this.#render()
  }

  /** The names that AWS reserves do not count. */
  #checkCount(more: number): void {
    const pairs = this.#events.reduce((sum, tags) => sum + tags.filter(({ name }) => !isReserved(name)).length, 0)
    if (this.#ordinary().length + pairs + more <= mostTags) return
    fail(`more than ${mostTags} tags for one fragment`, 'put fewer, or wait for the next fragment')
  }

  /** What is put for one fragment takes the place of what all get. */
  #ordinary(): TagPair[] {
    const { length } = this.#pending
    const lasting = this.#persistent.filter(({ name }) => !this.#pending.some((pair) => pair.name === name))
    return length === 0 ? lasting : [...lasting, ...this.#pending]
  }

  #render(): void {
    const groups = [...this.#ordinary().map((pair) => [pair]), ...this.#events]
    this.bytes = concat(groups.map(tagsElement))
  }
}

function check(name: string, value: string): void {
  if (typeof name !== 'string' || name === '') fail('a tag without a name', 'give it one')
  if (utf8Bytes(name).length > mostNameBytes) {
    fail(`the tag name "${name.slice(0, 20)}…" is too long`, `use at most ${mostNameBytes} bytes of UTF-8`)
  }
  if (isReserved(name)) fail(`the tag name "${name}" is reserved`, 'use one that does not begin with AWS')
  checkValue(`the value of the tag "${name}"`, value)
}

function checkValue(what: string, value: string): void {
  if (typeof value !== 'string') fail(`${what} is no text`, 'give it as text')
  if (utf8Bytes(value).length > mostValueBytes)
    fail(`${what} is too long`, `use at most ${mostValueBytes} bytes of UTF-8`)
}

function isReserved(name: string): boolean {
  return name.startsWith('AWS')
}

function fail(what: string, cure: string): never {
  throw new KvsError('USAGE', what, { cause: 'the service would refuse the fragment', cure })
}
