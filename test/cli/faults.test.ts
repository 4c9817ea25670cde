/** The endpoint goes away in mid-stream: nothing is lost, and what is sent twice is the same to the byte. */

import assert from 'node:assert/strict'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { assertBalanced } from '../drive/bad.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { EndpointProcess } from '../drive/endpointProcess.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { endOf, jsonLines, startKvs } from '../drive/kvs.ts'
import { assertMedia, expectedAudio, expectedVideo, samples } from '../drive/source.ts'
import { clustersOf, once, storedClusters } from '../drive/stored.ts'

const seconds = 6

async function interrupted(t: TestContext, interrupt: (endpoint: EndpointProcess) => Promise<void>): Promise<void> {
  const endpoint = await EndpointProcess.start(t)
  const dump = join(await temporaryFolder(t), 'dump')
  await mkdir(dump)
  const args = ['-n', 'fault', '-d', samples, '-D', String(seconds), '--json', '--dump', dump]
  const run = startKvs(t, args, { env: endpoint.env })
  await run.ack('PERSISTED')
  await interrupt(endpoint)
  const exit = await run.exited()
  assert.equal(exit.status, 0, exit.stdout)
  const lines = jsonLines(exit.stdout)
  const end = endOf(lines)
  assertBalanced(end)
  assert.ok(
    lines.some((line) => line['event'] === 'retry'),
    'the interruption was not noticed',
  )
  assert.ok(Number(end['sessions']) > 1)
  const expected = [
    await expectedVideo(samples, 'h264', seconds * 1000),
    await expectedAudio(samples, 'aac', seconds * 1000),
  ]
  const frames = expected.reduce((sum, track) => sum + track.frames.length, 0)
  assert.deepEqual([end['framesPut'], end['framesPersisted'], end['framesLost']], [frames, frames, 0])
  await endpoint.stop()
  const again = await startEndpoint(t, { directory: endpoint.directory })
  assertMedia(once(await storedClusters(await again.media('fault'))), expected)
  await assertDumps(dump, Number(end['sessions']))
}

/** Every session that came to send is a document of its own, with a header. */
async function assertDumps(folder: string, sessions: number): Promise<void> {
  const names = await readdir(folder)
  assert.ok(names.length > 1 && names.length <= sessions, names.join())
  for (const name of names) {
    const bytes = await readFile(join(folder, name))
    // A connection that broke has cut its dump anywhere; the first and the last tell of one that did not.
    if (name === `fault_${sessions}.mkv`) assert.ok(clustersOf(bytes).length > 0, name)
    else if (bytes.length > 0) assert.equal(bytes.readUInt32BE(0), 0x1a45dfa3, name)
  }
}

describe('the endpoint goes away', { concurrency: 2 }, () => {
  test('stopped and started again', (t) =>
    interrupted(t, async (endpoint) => {
      await endpoint.stop()
      await endpoint.restart()
    }))

  test('killed in mid-stream and started again', (t) =>
    interrupted(t, async (endpoint) => {
      await endpoint.kill()
      await endpoint.restart()
    }))

  test('killed when the last frames are on their way', async (t) => {
    const endpoint = await EndpointProcess.start(t)
    const run = startKvs(t, ['-n', 'late', '-d', samples, '-D', '2', '--json'], { env: endpoint.env })
    await run.ack('BUFFERING')
    endpoint.halt()
    const expected = [await expectedVideo(samples, 'h264', 2000), await expectedAudio(samples, 'aac', 2000)]
    const frames = expected.reduce((sum, track) => sum + track.frames.length, 0)
    await run.line((line) => line['event'] === 'status' && line['framesPut'] === frames)
    await endpoint.kill()
    await run.line((line) => line['event'] === 'retry')
    await endpoint.restart()
    const exit = await run.exited()
    assert.equal(exit.status, 0, exit.stdout)
    await endpoint.stop()
    const again = await startEndpoint(t, { directory: endpoint.directory })
    assertMedia(once(await storedClusters(await again.media('late'))), expected)
  })

  test('it never comes back: given up, and what was not delivered is counted', async (t) => {
    const endpoint = await EndpointProcess.start(t)
    const args = ['-n', 'lost', '-d', samples, '-D', '60', '--json', '--give-up-after', '2']
    const run = startKvs(t, args, { env: endpoint.env })
    await run.ack('PERSISTED')
    await endpoint.kill()
    const exit = await run.exited()
    const lines = jsonLines(exit.stdout)
    const end = endOf(lines)
    assertBalanced(end)
    assert.ok(Number(end['framesLost']) > 0)
    // Data lost comes before "gave up": who only looks at the status must know.
    assert.ok(exit.status === 74 || exit.status === 75, String(exit.status))
    const again = await startEndpoint(t, { directory: endpoint.directory })
    const stored = once(await storedClusters(await again.media('lost')))
    const frames = stored.reduce((sum, cluster) => sum + cluster.frames.length, 0)
    assert.ok(frames >= Number(end['framesPersisted']), 'what was confirmed is gone')
  })
})
