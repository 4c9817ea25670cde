/** How long to wait before trying again: exponential, capped, with full jitter, as the service's own producers do. */

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
