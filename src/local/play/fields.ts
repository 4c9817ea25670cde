/** The kinds of members that only the requests for media have. Each throws ServiceError InvalidArgumentException. */

import type { JsonObject } from '../control/fields.ts'
import { invalidArgument } from '../errors.ts'
import { parseFragmentNumber } from '../store/fragmentNumber.ts'

/** A fragment number without leading zeros: 1 to 128 digits. */
export function fragmentNumber(value: unknown, name: string): string {
  const number = parseFragmentNumber(value)
  if (number === null) throw invalidArgument(`${name} must be 1 to 128 digits`)
  return number
}

/** Seconds since 1970, as this service writes times in JSON; in milliseconds. */
export function timestampMs(input: JsonObject, name: string): number {
  const value = input[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= 8.64e12)) {
    throw invalidArgument(`${name} must be a number of seconds since 1970`)
  }
  return Math.round(value * 1000)
}
