/**
 * Fragment numbers as the service makes them: 2^156 + sequence * 2^92 + server milliseconds * 2^28 + 28 random bits.
 * Each is 47 digits long, so that comparing them as text compares them as numbers. The documentation promises only
 * digits that rise; the formula is read from real ones and serves realism.
 */

import { randomInt } from 'node:crypto'

const base = 2n ** 156n

/** A connection's fragments count on from the next multiple of this. */
export const sequencesPerBlock = 1000

/** The number of the stream's fragment `sequence` (1, 2, …), received from `serverMs` on. */
export function fragmentNumber(sequence: number, serverMs: number): string {
  const millis = BigInt(Math.max(0, Math.floor(serverMs)))
  return String(base + (BigInt(sequence) << 92n) + (millis << 28n) + BigInt(randomInt(2 ** 28)))
}

/** The sequence in a fragment number made by `fragmentNumber`. */
export function sequenceOf(number: string): number {
  return Number((BigInt(number) - base) >> 92n)
}

/** What a caller sent as a fragment number, as it compares with ours: leading zeros gone. Null where it is none. */
export function parseFragmentNumber(value: unknown): string | null {
  if (typeof value !== 'string' || !/^[0-9]{1,128}$/.test(value)) return null
  const digits = value.replace(/^0+(?=.)/, '')
  return digits
}

/** Below 0, 0 or above 0 as `left` is below, equal to or above `right`; both without leading zeros. */
export function compareNumbers(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : left > right ? 1 : 0
}
