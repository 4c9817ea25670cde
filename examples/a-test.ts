/** A program that streams to KVS, tested without AWS: the endpoint runs inside the test. */

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Producer } from 'kvs-producer'
import { LocalKvs } from 'kvs-producer/local'

test('every frame is stored', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-'))
  t.after(() => rm(directory, { recursive: true }))
  await using kvs = await LocalKvs.start({ directory })

  const producer = new Producer({
    streamName: 'tested',
    endpoint: kvs.url,
    region: kvs.region,
    credentials: kvs.credentials,
    caPath: kvs.caFile ?? undefined,
    tracks: [{ codec: 'h264' }],
  })
  const frames = new URL('../samples/h264SampleFrames/', import.meta.url)
  const names = (await readdir(frames)).sort()
  for (const [index, name] of names.entries()) {
    const frame = { pts: index * 40, data: await readFile(new URL(name, frames)) }
    while (!producer.putFrame(frame)) await producer.drained()
  }
  const { stats, error } = await producer.stop()

  assert.equal(error, null)
  assert.equal(stats.framesPersisted, names.length)
  const media = await kvs.media('tested')
  assert.equal(media?.fragments().length, stats.fragmentsPersisted)
})
