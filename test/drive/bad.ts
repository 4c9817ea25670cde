/** What must hold whenever `kvs` cannot do what it was told. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { TestEndpoint } from './endpoint.ts'
import { endOf, type JsonLine, jsonLines, type KvsOptions, runKvs } from './kvs.ts'
import { once, storedClusters } from './stored.ts'

/** Exactly one message: what happened, why probably, what to do about it. */
const message = /^kvs: [^\n]+\n {2}likely cause: [^\n]+\n {2}cure: [^\n]+\n$/

/** Runs `kvs --quiet`, which must end with `status` and say one thing, which matches `what`. */
export async function refuses(
  t: TestContext,
  args: readonly string[],
  options: KvsOptions,
  status: number,
  what: RegExp,
): Promise<string> {
  const exit = await runKvs(t, [...args, '--quiet'], options)
  assert.match(exit.stderr, what)
  assert.match(exit.stderr, message)
  assert.equal(exit.stdout, '')
  assert.deepEqual([exit.status, exit.signal], [status, null])
  return exit.stderr
}

/** Runs `kvs --json`, which must end with `status` and one error of this code; returns error and summary. */
export async function breaks(
  t: TestContext,
  args: readonly string[],
  options: KvsOptions,
  status: number,
  code: string,
): Promise<{ readonly error: JsonLine; readonly end: JsonLine }> {
  const exit = await runKvs(t, [...args, '--json'], options)
  const lines = jsonLines(exit.stdout)
  const errors = lines.filter((line) => line['event'] === 'error')
  assert.equal(errors.length, 1, exit.stdout)
  const [error = {}] = errors
  assert.equal(error['code'], code)
  for (const key of ['message', 'cause', 'cure']) assert.ok(String(error[key] ?? '').length > 0, `no ${key}`)
  assert.equal(error['exitStatus'], status)
  assert.equal(exit.status, status)
  assert.equal(exit.stderr, '')
  return { error, end: endOf(lines) }
}

/** The books balance, and the endpoint has what they say. */
export async function assertAccounted(end: JsonLine, endpoint: TestEndpoint, streamName: string): Promise<void> {
  assertBalanced(end)
  const stored = once(await storedClusters(await endpoint.media(streamName)))
  const frames = stored.reduce((sum, cluster) => sum + cluster.frames.length, 0)
  assert.equal(frames - Number(end['silentFrames']), Number(end['framesPersisted']), 'the endpoint has other frames')
  assert.equal(stored.length, Number(end['fragmentsPersisted']))
}

/** Every frame put has ended in one place. */
export function assertBalanced(end: JsonLine): void {
  const { framesPut, framesPersisted, framesLost, framesDiscarded } = end
  assert.equal(Number(framesPut), Number(framesPersisted) + Number(framesLost) + Number(framesDiscarded))
}
