import { ServiceError } from '../errors.ts'
import { findStream, type Operation, requireSame } from './context.ts'
import {
  absent,
  checkText,
  type JsonObject,
  maxTags,
  newTags,
  optionalTags,
  optionalText,
  requiredTagKeys,
} from './fields.ts'
import type { StreamRegistry } from './registry.ts'
import type { StreamRecord } from './stream.ts'

export const tagStream: Operation = async (input, context) => {
  const added = optionalTags(input, 'Tags') ?? absent('Tags')
  const found = findTagged(input, context.registry)
  const stream = await context.registry.update(found.name, (now) => {
    const same = requireSame(found, now, context.nowMs())
    const tags = newTags([...Object.entries(same.tags), ...Object.entries(added)])
    if (Object.keys(tags).length > maxTags) {
      throw new ServiceError('TagsPerResourceExceededLimitException', 400, `A stream can have up to ${maxTags} tags.`)
    }
    return { ...same, tags }
  })
  context.changed(stream, 'tagged')
  return {}
}

export const untagStream: Operation = async (input, context) => {
  const keys = new Set(requiredTagKeys(input, 'TagKeyList'))
  const found = findTagged(input, context.registry)
  const stream = await context.registry.update(found.name, (now) => {
    const same = requireSame(found, now, context.nowMs())
    return { ...same, tags: newTags(Object.entries(same.tags).filter(([key]) => !keys.has(key))) }
  })
  context.changed(stream, 'tagged')
  return {}
}

/** All tags fit into one answer, so there is never a token. */
export const listTagsForStream: Operation = (input, context) => {
  optionalText(input, 'NextToken', 'nextToken')
  return { NextToken: null, Tags: findTagged(input, context.registry).tags }
}

/** These operations have an exception of their own for an ARN that is none. */
function findTagged(input: JsonObject, registry: StreamRegistry): StreamRecord {
  if (typeof input.StreamARN === 'string') {
    try {
      checkText(input.StreamARN, 'streamARN', 'arn')
    } catch {
      throw new ServiceError('InvalidResourceFormatException', 400, 'The format of the StreamARN is invalid.')
    }
  }
  return findStream(input, registry)
}
