/** What a helper insists on. It throws by itself: `node:assert` is for the tests, which know their host. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`it must be so: ${what}`)
}

export function mustBe<T extends number | string | boolean>(actual: T, expected: T, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`)
}
