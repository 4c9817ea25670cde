/** One run of `kvs` against an endpoint that fails by a plan, and what must be true of it whatever the plan was. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Fault, LocalKvs, LocalKvsOptions, StoredMedia } from '../../src/local/index.ts'
import { assertBalanced } from './bad.ts'
import { startEndpoint, type TestEndpoint } from './endpoint.ts'
import { endOf, type JsonLine, jsonLines, startKvs } from './kvs.ts'
import { assertMedia, type ExpectedTrack, expectedAudio, expectedVideo, samples } from './source.ts'
import { fragmentBytes, type StoredCluster, storedClusters } from './stored.ts'

/** What a run came to. */
export interface FaultyRun {
  readonly status: number | null
  readonly lines: readonly JsonLine[]
  readonly end: JsonLine
  readonly endpoint: TestEndpoint
  /** What was streamed. */
  readonly expected: readonly ExpectedTrack[]
  /** What the endpoint holds, each fragment once, in the order of its timecodes. */
  readonly stored: readonly StoredCluster[]
}

export interface FaultySettings {
  readonly faults: readonly Fault[]
  readonly seconds?: number
  /** Folder of frames instead of the samples. */
  readonly directory?: string
  readonly args?: readonly string[]
  readonly endpoint?: Partial<LocalKvsOptions>
  /** How `kvs` finds credentials; default: the endpoint's own keys. */
  env?(local: LocalKvs): Readonly<Record<string, string>>
  /** Done before it starts. */
  before?(endpoint: TestEndpoint): Promise<void>
  /** Done while it streams. */
  meanwhile?(endpoint: TestEndpoint): Promise<void>
  /** Faults that are not struck by the end are a mistake of the test, unless this says so. */
  readonly mayMiss?: boolean
}

const streamName = 'faulty'
/** Three fragments of the samples. */
const defaultSeconds = 4
/** Where calls fail before anything is sent, the time for that is the duration of the media: on a busy machine it needs more. */
export const patientSeconds = 8

/**
 * Streams the sample frames through the faults, and checks at the endpoint that the books balance, that what counts as
 * persisted is stored, and that nothing is stored again whose PERSISTED had arrived.
 */
export async function streamThrough(t: TestContext, settings: FaultySettings): Promise<FaultyRun> {
  const { faults, seconds = defaultSeconds, directory = samples, args = [] } = settings
  const endpoint = await startEndpoint(t, { limits: 'off', faults, ...settings.endpoint })
  const given = ['-n', streamName, '-d', directory, '-D', String(seconds), '--json', ...args]
  await settings.before?.(endpoint)
  const env =
    settings.env === undefined ? endpoint.env : { ...withoutKeys(endpoint.env), ...settings.env(endpoint.local) }
  const run = startKvs(t, given, { env })
  await settings.meanwhile?.(endpoint)
  const { status, stdout, stderr } = await run.exited()
  assert.ok(stdout !== '', stderr)
  const lines = jsonLines(stdout)
  const struck = endpoint.events.filter((event) => event.type === 'fault').length
  if (settings.mayMiss !== true) assert.ok(struck > 0, `no fault has struck\n${stdout}`)
  const end = endOf(lines)
  assertBalanced(end)
  const media = await endpoint.local.media(streamName)
  const stored = media === undefined ? [] : await assertOnce(media, lines)
  assertHeard(end, lines, stored)
  return { status, lines, end, endpoint, stored, expected: await expectedMedia(directory, seconds) }
}

function withoutKeys(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...rest } = env
  return rest
}

/**
 * All of it arrived, frame by frame. How much that is depends on the machine: the duration given is that of the run, and a
 * busy one has put less by then.
 */
export function assertComplete({ status, end, stored, expected }: FaultyRun): void {
  const counts = expected.map((_, index) => stored.reduce((sum, { frames }) => sum + countOf(frames, index + 1), 0))
  const frames = counts.reduce((sum, count) => sum + count, 0)
  const { framesPut, framesPersisted, framesLost } = end
  assert.deepEqual(
    { status, framesPut, framesPersisted, framesLost },
    { status: 0, framesPut: frames, framesPersisted: frames, framesLost: 0 },
  )
  assert.ok(frames > 0, 'nothing was streamed')
  assertMedia(
    stored,
    expected.map((track, index) => ({ ...track, frames: track.frames.slice(0, counts[index]) })),
  )
}

function countOf(frames: StoredCluster['frames'], track: number): number {
  return frames.filter((frame) => frame.track === track).length
}

/** What is stored is what counts as persisted, each frame as it was put, and all the rest was reported lost. */
export function assertAccounted({ lines, end, stored, expected }: FaultyRun): void {
  const frames = stored.reduce((sum, cluster) => sum + cluster.frames.length, 0)
  assert.equal(frames - Number(end['silentFrames']), Number(end['framesPersisted']), 'the endpoint has other frames')
  assert.equal(stored.length, Number(end['fragmentsPersisted']))
  const lost = new Set(lines.filter((line) => line['event'] === 'lost').map((line) => line['FragmentTimecode']))
  for (const { timecode } of stored) assert.ok(!lost.has(timecode), `${timecode} is reported lost, and stored`)
  const originMs = stored[0]?.timecode ?? 0
  assertMedia(
    stored,
    expected.map((track, index) => presentOf(track, index + 1, stored, originMs)),
  )
}

/** What is expected of a track where only these fragments are there; the first one is. */
function presentOf(
  track: ExpectedTrack,
  number: number,
  stored: readonly StoredCluster[],
  originMs: number,
): ExpectedTrack {
  const present = new Set(
    stored.flatMap(({ frames }) => frames.filter((frame) => frame.track === number).map((frame) => frame.timeMs)),
  )
  const kept = track.frames.map((_, n) => n).filter((n) => present.has(originMs + Math.round(track.timeMs(n))))
  return {
    codec: track.codec,
    frames: kept.map((n) => track.frames[n] ?? []),
    timeMs: (n) => track.timeMs(kept[n] ?? Number.NaN),
  }
}

const expectations = new Map<string, Promise<readonly ExpectedTrack[]>>()

/** What is streamed, read once for all tests of a file. */
function expectedMedia(directory: string, seconds: number): Promise<readonly ExpectedTrack[]> {
  const key = `${seconds} ${directory}`
  const tracks = () => [
    expectedVideo(directory, 'h264', seconds * 1000),
    expectedAudio(directory, 'aac', seconds * 1000),
  ]
  const read = expectations.get(key) ?? Promise.all(tracks())
  expectations.set(key, read)
  return read
}

/** Every fragment once; one that is stored again is the same to the byte, and the client had not heard that it was stored. */
async function assertOnce(media: StoredMedia, lines: readonly JsonLine[]): Promise<readonly StoredCluster[]> {
  const heard = new Set(lines.filter((line) => line['EventType'] === 'PERSISTED').map((line) => line['FragmentNumber']))
  const byTimecode = new Map<number, { readonly number: string; readonly bytes: Buffer }>()
  for (const fragment of media.fragments()) {
    const bytes = clusterOf(await fragmentBytes(media, fragment))
    const earlier = byTimecode.get(fragment.timecode)
    if (earlier !== undefined) {
      assert.ok(!heard.has(earlier.number), `fragment ${fragment.timecode} was sent again after its PERSISTED`)
      const both = Math.min(bytes.length, earlier.bytes.length)
      const same = bytes.subarray(0, both).equals(earlier.bytes.subarray(0, both))
      assert.ok(same, `fragment ${fragment.timecode} is stored twice, with other bytes`)
    }
    byTimecode.set(fragment.timecode, { number: fragment.number, bytes })
  }
  const clusters = new Map((await storedClusters(media)).map((cluster) => [cluster.timecode, cluster]))
  return [...clusters.values()].sort((a, b) => a.timecode - b.timecode)
}

/** A fragment without the header of its session, which is another one each time. The tag of its end may follow or not. */
function clusterOf(document: Buffer): Buffer {
  return document.subarray(document.indexOf(Buffer.of(0x1f, 0x43, 0xb6, 0x75)))
}

/** Whatever the client has heard to be stored is there, and the summary counts it. */
function assertHeard(end: JsonLine, lines: readonly JsonLine[], stored: readonly StoredCluster[]): void {
  const there = new Set(stored.map(({ timecode }) => timecode))
  const heard = new Set(
    lines.filter((line) => line['EventType'] === 'PERSISTED').map((line) => Number(line['FragmentTimecode'])),
  )
  for (const timecode of heard) assert.ok(there.has(timecode), `${timecode} counts as persisted, but is not stored`)
  assert.equal(heard.size, Number(end['fragmentsPersisted']))
}
