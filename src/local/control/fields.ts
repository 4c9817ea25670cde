import { invalidArgument, ServiceError } from '../errors.ts'

/**
 * The constraints that the service's model puts on the members of requests. Each reader takes the request and the
 * member's name, returns undefined where the member is absent or null, and throws InvalidArgumentException where it
 * breaks a constraint.
 */

export type JsonObject = Readonly<Record<string, unknown>>

/** The request body as an object; an empty body counts as `{}`. Throws SerializationException. */
export function parseRequest(body: Uint8Array): JsonObject {
  const text = new TextDecoder().decode(body)
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ServiceError('SerializationException', 400, 'The request body is not valid JSON.')
  }
  if (isObject(value)) return value
  throw new ServiceError('SerializationException', 400, 'The request body must be a JSON object.')
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface TextConstraint {
  readonly min: number
  readonly max: number
  readonly pattern: RegExp
}

const patterns = {
  streamName: { min: 1, max: 256, pattern: /^[a-zA-Z0-9_.-]+$/ },
  arn: {
    min: 1,
    max: 1024,
    pattern: /^arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+\/[a-zA-Z0-9_.-]+\/[0-9]+$/,
  },
  deviceName: { min: 1, max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ },
  mediaType: { min: 1, max: 128, pattern: /^[\w\-.+]+\/[\w\-.+]+(,[\w\-.+]+\/[\w\-.+]+)*$/ },
  kmsKeyId: { min: 1, max: 2048, pattern: /^.+$/ },
  version: { min: 1, max: 64, pattern: /^[a-zA-Z0-9]+$/ },
  nextToken: { min: 0, max: 1024, pattern: /^[a-zA-Z0-9+/=]*$/ },
  tagKey: { min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u },
  tagValue: { min: 0, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u },
  any: { min: 0, max: 65_536, pattern: /^/ },
} as const satisfies Record<string, TextConstraint>

export type TextKind = keyof typeof patterns

/** Checks one text. `where` names it in the message. */
export function checkText(value: unknown, where: string, kind: TextKind): string {
  const { min, max, pattern } = patterns[kind]
  if (typeof value !== 'string') throw violation(where, 'Member must be a string')
  if (value.length < min) throw violation(where, `Member must have length greater than or equal to ${min}`)
  if (value.length > max) throw violation(where, `Member must have length less than or equal to ${max}`)
  if (!pattern.test(value)) {
    throw violation(where, `Member must satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`)
  }
  return value
}

export function optionalText(input: JsonObject, name: string, kind: TextKind): string | undefined {
  const value = input[name]
  return value === undefined || value === null ? undefined : checkText(value, memberName(name), kind)
}

export function requiredText(input: JsonObject, name: string, kind: TextKind): string {
  return optionalText(input, name, kind) ?? absent(name)
}

export function optionalInteger(input: JsonObject, name: string, min: number, max: number): number | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  const where = memberName(name)
  if (typeof value !== 'number' || !Number.isInteger(value)) throw violation(where, 'Member must be an integer')
  if (value < min) throw violation(where, `Member must have value greater than or equal to ${min}`)
  if (value > max) throw violation(where, `Member must have value less than or equal to ${max}`)
  return value
}

export function requiredInteger(input: JsonObject, name: string, min: number, max: number): number {
  return optionalInteger(input, name, min, max) ?? absent(name)
}

export function optionalChoice<T extends string>(
  input: JsonObject,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  const choice = choices.find((each) => each === value)
  if (choice === undefined) {
    throw violation(memberName(name), `Member must satisfy enum value set: [${choices.join(', ')}]`)
  }
  return choice
}

export function requiredChoice<T extends string>(input: JsonObject, name: string, choices: readonly T[]): T {
  return optionalChoice(input, name, choices) ?? absent(name)
}

export function optionalObject(input: JsonObject, name: string): JsonObject | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw violation(memberName(name), 'Member must be a structure')
  return value
}

/** How many tags a stream may have (quotas of the service). */
export const maxTags = 50

/** A map of tags, 1 to 50 of them, keys and values checked. */
export function optionalTags(input: JsonObject, name: string): Record<string, string> | undefined {
  const value = optionalObject(input, name)
  if (value === undefined) return undefined
  const entries = Object.entries(value)
  if (entries.length < 1) throw violation(memberName(name), 'Member must have length greater than or equal to 1')
  if (entries.length > maxTags)
    throw violation(memberName(name), `Member must have length less than or equal to ${maxTags}`)
  return newTags(
    entries.map(([key, text]) => {
      const where = `${memberName(name)}.${key.slice(0, 128)}.member`
      return [checkText(key, where, 'tagKey'), checkText(text, where, 'tagValue')]
    }),
  )
}

/** Tags as an object without a prototype: `__proto__` is a tag like any other. */
export function newTags(entries: Iterable<readonly [string, string]>): Record<string, string> {
  const tags: Record<string, string> = Object.create(null)
  for (const [key, value] of entries) tags[key] = value
  return tags
}

/** A list of 1 to 50 tag keys. */
export function requiredTagKeys(input: JsonObject, name: string): string[] {
  const value = input[name] ?? absent(name)
  const where = memberName(name)
  if (!Array.isArray(value)) throw violation(where, 'Member must be a list')
  if (value.length < 1) throw violation(where, 'Member must have length greater than or equal to 1')
  if (value.length > maxTags) throw violation(where, `Member must have length less than or equal to ${maxTags}`)
  return value.map((key, index) => checkText(key, `${where}.${index + 1}.member`, 'tagKey'))
}

/** Says that a required member is missing. */
export function absent(name: string): never {
  throw violation(memberName(name), 'Member must not be null')
}

function violation(where: string, constraint: string): ServiceError {
  return invalidArgument(`1 validation error detected: Value at '${where}' failed to satisfy constraint: ${constraint}`)
}

/** Members are named in messages as the service does: first letter small. */
function memberName(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1)
}
