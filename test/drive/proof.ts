/** One run of `kvs` and everything that must be true of it afterwards. */

import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { TestContext } from 'node:test'
import { exportMatroska, playableRuns } from '../../src/local/play/matroska.ts'
import { startEndpoint, type TestEndpoint } from './endpoint.ts'
import { temporaryFolder } from './folder.ts'
import { endOf, jsonLines, runKvs } from './kvs.ts'
import { archivedMedia, getMedia } from './readBack.ts'
import { sdkClients } from './sdk.ts'
import { assertMedia, type ExpectedTrack } from './source.ts'
import { clustersOf, storedClusters } from './stored.ts'
import { judge, type ProbedStream } from './tools.ts'

export interface Proof {
  readonly endpoint: TestEndpoint
  /** What ffprobe says of the tracks. */
  readonly streams: readonly ProbedStream[]
  /** `codecs` in MediaType's terms. */
  readonly mediaType: string | null
}

/**
 * Streams a folder and proves that what was sent (--dump), what is stored, what is exported and what consumers get is the
 * source frame by frame, and that independent programs find nothing wrong with it.
 */
export async function prove(
  t: TestContext,
  directory: string,
  expected: readonly ExpectedTrack[],
  args: readonly string[],
): Promise<Proof> {
  const endpoint = await startEndpoint(t)
  const folder = await temporaryFolder(t)
  const dump = join(folder, 'dump')
  await mkdir(dump)
  const name = 'proof'
  const given = ['-n', name, '-d', directory, '--dump', dump, '--json', ...args]
  const { status, stdout, stderr } = await runKvs(t, given, { env: endpoint.env })
  assert.equal(status, 0, stderr + stdout)
  assert.equal(stderr, '')
  const frames = expected.reduce((sum, track) => sum + track.frames.length, 0)
  assertSummary(endOf(jsonLines(stdout)), frames)

  const stream = await endpoint.media(name)
  const stored = await storedClusters(stream)
  assertMedia(stored, expected)
  const dumped = join(dump, `${name}_1.mkv`)
  assertMedia(clustersOf(await readFile(dumped)), expected)
  const exported = join(folder, 'exported.mkv')
  const [run, ...others] = await playableRuns(stream, stream.fragments())
  assert.equal(others.length, 0, 'one session makes one file')
  await pipeline(exportMatroska(stream, run ?? []), createWriteStream(exported))
  await assertConsumers(t, endpoint, name, expected)

  const streams = await judge(dumped)
  assert.deepEqual(await judge(exported), streams)
  assert.deepEqual(
    streams.map((track) => Number(track.nb_read_packets)),
    expected.map((track) => track.frames.length),
  )
  return { endpoint, streams, mediaType: endpoint.local.streams.find((each) => each.name === name)?.mediaType ?? null }
}

/** Exactly once and nothing repaired: what a run without faults looks like. */
function assertSummary(end: ReturnType<typeof endOf>, frames: number): void {
  const { exitStatus, framesPut, framesPersisted, framesLost, framesDiscarded, silentFrames, timesRepaired } = end
  const { sessions, sessionsFailed, bytesPut, bytesPersisted } = end
  assert.deepEqual(
    { exitStatus, framesPut, framesPersisted, framesLost, framesDiscarded, silentFrames, timesRepaired },
    {
      exitStatus: 0,
      framesPut: frames,
      framesPersisted: frames,
      framesLost: 0,
      framesDiscarded: 0,
      silentFrames: 0,
      timesRepaired: 0,
    },
  )
  assert.deepEqual({ sessions, sessionsFailed }, { sessions: 1, sessionsFailed: 0 })
  assert.equal(bytesPersisted, bytesPut)
}

async function assertConsumers(
  t: TestContext,
  { local, media }: TestEndpoint,
  name: string,
  expected: readonly ExpectedTrack[],
): Promise<void> {
  const clients = await sdkClients(t, local)
  const count = (await media(name)).fragments().length
  const selector = { StartSelectorType: 'EARLIEST' } as const
  const got = await getMedia(clients, name, selector, (clusters) => clusters.length >= count)
  assertMedia(got, expected)
  assertMedia(clustersOf(await archivedMedia(clients, name)), expected)
}
