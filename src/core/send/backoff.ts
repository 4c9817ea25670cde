/**
 * How long to wait before trying again: doubled from try to try, up to 10 s, and up to as much again by chance, so that
 * many producers do not come back at once. The service's own producers wait the same.
 */

const firstMs = 100
const longestMs = 10_000

/** A PutMedia call is allowed 5 times a second (developer guide, quotas). */
export const minCallIntervalMs = 220

/**
 * @param failures how many in a row, 1 or more
 * @param random   0 (inclusive) to 1 (exclusive)
 */
export function backoffMs(failures: number, random: number): number {
  const base = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20))
  return Math.round(base * (1 + random))
}
