/**
 * How long to wait before trying again: any time up to a limit that doubles from try to try, so that many producers that
 * lost the same service do not come back at once ("full jitter").
 */

/** Even the luckiest waits this long: a service that refuses at once is not to be asked without a pause. */
const shortestMs = 20
const firstMs = 200
const longestMs = 10_000

/** A PutMedia call is allowed 5 times a second (developer guide, quotas). */
export const minCallIntervalMs = 220

/**
 * @param failures how many in a row, 1 or more
 * @param random   0 (inclusive) to 1 (exclusive)
 */
export function backoffMs(failures: number, random: number): number {
  const limitMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20))
  return Math.max(shortestMs, Math.round(random * limitMs))
}
