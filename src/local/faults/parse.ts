/** Checks a fault plan that somebody has written. */

import { KvsError } from '../../core/errors.ts'
import { ackTypes, type Fault, operations } from './fault.ts'

/** What is wrong with a value, null where nothing is. */
type Check = (value: unknown) => string | null
type Members = Readonly<Record<string, Check>>

const longestMs = 86_400_000

const calls: Members = {
  operation: oneOf(...operations),
  stream: text,
  nth: whole(1, 1_000_000),
  times: (value) => (value === 'always' ? null : whole(1, 1_000_000)(value) && 'a whole number from 1, or "always"'),
  afterMs: whole(0, longestMs),
}
const moment: Members = { atMs: whole(0, longestMs) }
const place: Members = {
  at: oneOf('answer', 'inAnswer', 'header', 'border', 'block', 'end', 'body'),
  fragment: whole(1, 1_000_000),
  bytes: whole(0, Number.MAX_SAFE_INTEGER),
  sessionMs: whole(0, longestMs),
}

/** What each fault takes; those that it needs are in `needed`. */
const kinds: Readonly<Record<Fault['fault'], Members>> = {
  refuse: { ...calls, status: whole(400, 599), error: text, message: text },
  delay: { ...calls, ms: whole(0, longestMs), before: oneOf('answer', 'ok', 'acks') },
  cut: { ...calls, ...place, ...moment, how: oneOf('close', 'fin', 'reset') },
  stall: { ...calls, ...place, ...moment },
  halfOpen: { ...calls, ...place, ...moment },
  throttle: { ...calls, bytesPerSecond: whole(1, Number.MAX_SAFE_INTEGER) },
  errorAck: {
    ...calls,
    id: whole(1, 99_999),
    fragment: whole(1, 1_000_000),
    when: oneOf('begin', 'end', 'store'),
    timecode: (value) => (typeof value === 'boolean' ? null : 'true or false'),
  },
  noAcks: {
    ...calls,
    types: (value) =>
      Array.isArray(value) && value.every((type) => ackTypes.includes(type))
        ? null
        : `a list of ${ackTypes.join(', ')}`,
  },
  endSession: { ...calls, ...moment, sessionMs: whole(0, longestMs) },
  expireCredentials: { ...moment, accessKeyId: text },
  changeEndpoint: moment,
}

const needed: Readonly<Record<string, readonly string[]>> = {
  refuse: ['status'],
  delay: ['ms'],
  throttle: ['bytesPerSecond'],
  errorAck: ['id'],
}

/** Names that say when by different rules: one rule at a time. */
const rules = [['at', 'bytes', 'sessionMs', 'atMs']] as const

/**
 * A list of faults, as JSON has it.
 *
 * @param where names the list in errors, e.g. the path of its file
 * @throws KvsError CONFIGURATION: in which fault and member, what is wrong, what is possible
 */
export function parseFaults(value: unknown, where: string): readonly Fault[] {
  if (!Array.isArray(value)) throw wrong(where, 'not a list of faults, e.g. [{ "fault": "cut", "bytes": 100000 }]')
  for (const [index, fault] of value.entries()) checkFault(fault, `${where}: fault ${index + 1}`)
  return value
}

function checkFault(value: unknown, where: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'not an object')
  const given = value as Readonly<Record<string, unknown>>
  const { fault, ...rest } = given
  const members = typeof fault === 'string' && Object.hasOwn(kinds, fault) ? kinds[fault as Fault['fault']] : undefined
  if (members === undefined) throw wrong(`${where}: fault`, mismatch(fault, oneOf(...Object.keys(kinds))(fault)))
  for (const [name, member] of Object.entries(rest)) {
    const check = Object.hasOwn(members, name) ? members[name] : undefined
    if (check === undefined) {
      throw wrong(where, `"${String(fault)}" takes no "${name}", but ${Object.keys(members).join(', ')}`)
    }
    const possible = check(member)
    if (possible !== null) throw wrong(`${where}: ${name}`, mismatch(member, possible))
  }
  for (const name of needed[String(fault)] ?? []) {
    if (rest[name] === undefined) throw wrong(where, `"${String(fault)}" needs "${name}"`)
  }
  checkTogether(given, where)
}

/** What fits alone but not together. */
function checkTogether(given: Readonly<Record<string, unknown>>, where: string): void {
  for (const names of rules) {
    const both = names.filter((name) => given[name] !== undefined)
    if (both.length > 1) throw wrong(where, `only one of ${both.join(' and ')} can be`)
  }
  const { fault, operation, at, before } = given
  if (given['atMs'] !== undefined) {
    const byCall = ['operation', 'nth', 'times', 'afterMs', 'fragment'].filter((name) => given[name] !== undefined)
    if (byCall.length > 0) throw wrong(where, `atMs strikes what is open at that moment: ${byCall.join()} does not fit`)
  }
  const isMedia = operation === undefined || operation === 'putMedia'
  if (fault === 'refuse' || (fault === 'delay' && before !== 'ok' && before !== 'acks')) return
  if (isMedia && at === 'inAnswer') throw wrong(where, 'at "inAnswer" is for operations other than putMedia')
  if (isMedia || (fault === 'cut' && (at === 'answer' || at === 'inAnswer'))) return
  if (fault === 'halfOpen' && at === 'answer') return
  throw wrong(where, `it is for putMedia, not for ${String(operation)}${fault === 'cut' ? ', or at "answer"' : ''}`)
}

function oneOf(...words: readonly string[]): Check {
  return (value) => (typeof value === 'string' && words.includes(value) ? null : `one of ${words.join(', ')}`)
}

function whole(min: number, max: number): Check {
  const fits = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max
  return (value) => (fits(value) ? null : `a whole number from ${min} to ${max}`)
}

function text(value: unknown): string | null {
  // It goes into a header.
  return typeof value === 'string' && /^[\x20-\x7e]{1,1000}$/.test(value) ? null : 'a text of ASCII characters'
}

function mismatch(value: unknown, possible: string | null): string {
  return `${JSON.stringify(value) ?? 'nothing'} is not ${possible}`
}

function wrong(where: string, what: string): KvsError {
  return new KvsError('CONFIGURATION', `${where}: ${what}`, {
    cause: 'the fault plan is wrong',
    cure: 'correct it; docs/local.md lists the faults',
  })
}
