/**
 * Tags as Kinesis Video Streams takes them: at level 1 after the cluster they belong to, one Tag of SimpleTags, without
 * Targets.
 */

import { master, text } from './ebml.ts'
import * as id from './ids.ts'

/** Tells the service that the fragment is complete, without waiting for the next cluster. */
export const endOfFragmentName = 'AWS_KINESISVIDEO_END_OF_FRAGMENT'

/** A Tags element of one Tag with a SimpleTag for each pair, in order. */
export function tagsElement(pairs: readonly { readonly name: string; readonly value: string }[]): Uint8Array {
  const simpleTags = pairs.map(({ name, value }) =>
    master(id.SIMPLE_TAG, [text(id.TAG_NAME, name), text(id.TAG_STRING, value)]),
  )
  return master(id.TAGS, [master(id.TAG, simpleTags)])
}

/** The Tags element that ends a fragment. */
export function endOfFragment(): Uint8Array {
  return tagsElement([{ name: endOfFragmentName, value: '' }])
}
