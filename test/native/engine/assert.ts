/** What the core's tests use of node:assert/strict. */

class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** How a function that throws may be judged. */
type Expected = RegExp | Judge | object
type Judge = (error: unknown) => unknown

function ok(value: unknown, message?: string): asserts value {
  if (!value) fail(message ?? `not true: ${shown(value)}`)
}

function fail(message?: string): never {
  throw new AssertionError(message ?? 'failed')
}

function equal(actual: unknown, expected: unknown, message?: string): void {
  if (!Object.is(actual, expected)) fail(`${shown(actual)} is not ${shown(expected)}${said(message)}`)
}

function notEqual(actual: unknown, expected: unknown, message?: string): void {
  if (Object.is(actual, expected)) fail(`it is ${shown(expected)}${said(message)}`)
}

function deepEqual(actual: unknown, expected: unknown, message?: string): void {
  if (!isSame(actual, expected)) fail(`${shown(actual)} is not ${shown(expected)}${said(message)}`)
}

function match(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) fail(`${shown(text)} does not match ${pattern}`)
}

function doesNotMatch(text: string, pattern: RegExp): void {
  if (pattern.test(text)) fail(`${shown(text)} matches ${pattern}`)
}

function throws(body: () => unknown, expected?: Expected): void {
  try {
    body()
  } catch (error) {
    judge(error, expected)
    return
  }
  fail('nothing was thrown')
}

async function rejects(promise: Promise<unknown> | (() => Promise<unknown>), expected?: Expected): Promise<void> {
  try {
    await (typeof promise === 'function' ? promise() : promise)
  } catch (error) {
    judge(error, expected)
    return
  }
  fail('it was not rejected')
}

function judge(error: unknown, expected: Expected | undefined): void {
  if (expected === undefined) return
  if (expected instanceof RegExp) match(String(error), expected)
  else if (typeof expected !== 'function') judgeFields(error, expected)
  else if (isErrorClass(expected)) ok(error instanceof expected, `${error} is no ${expected.name}`)
  else equal((expected as Judge)(error), true)
}

function isErrorClass(expected: object): boolean {
  return expected === Error || Object.prototype.isPrototypeOf.call(Error, expected)
}

function judgeFields(error: unknown, expected: object): void {
  if (typeof error !== 'object' || error === null) fail(`${shown(error)} is no error`)
  for (const [key, value] of Object.entries(expected)) {
    const actual: unknown = Reflect.get(error, key)
    if (value instanceof RegExp) match(String(actual), value)
    else deepEqual(actual, value, key)
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  if (one instanceof Map || one instanceof Set) return isSame([...one], [...(other as Iterable<unknown>)])
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => Object.hasOwn(other, key) && isSame(Reflect.get(one, key), Reflect.get(other, key)))
}

function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value)
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}

function said(message: string | undefined): string {
  return message === undefined ? '' : ` (${message})`
}

// biome-ignore lint/style/noDefaultExport: node:assert has one
export default { deepEqual, doesNotMatch, equal, fail, match, notEqual, ok, rejects, throws }
