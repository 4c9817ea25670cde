/** Metadata and events: which fragment they come with, whatever happens to it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from './frame/frame.ts'
import { read } from './mux/testing/recording.ts'
import { picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const videoOnly = { tracks: [{ codec: 'h264' }] } as const
const endMark = 'AWS_KINESISVIDEO_END_OF_FRAGMENT='

function frame(ms: number): Frame {
  return { track: 1, pts: ms, dts: ms, data: picture(ms / 100, ms % 1000 === 0) }
}

/** The tags behind each cluster of a session, end marks left out. */
function tagsOf(rig: Rig, session = 0): string[][] {
  const tags: string[][] = []
  for (const line of read(rig.service.sessions[session]?.bytes ?? new Uint8Array(0))) {
    if (line.startsWith('cluster ')) tags.push([])
    if (line.startsWith('tag ') && !line.endsWith(endMark)) tags[tags.length - 1]?.push(line.slice(4))
  }
  return tags
}

test('what is put belongs to the fragment that is open, or else to the next', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.producer.putMetadata('before', 'the first')
  for (let ms = 0; ms < 4000; ms += 100) {
    await rig.put(frame(ms))
    if (ms === 0) rig.producer.putMetadata('site', 'gate', { persistent: true })
    if (ms === 1900) rig.producer.putEvent('image-generation', { imagePrefix: 'motion' })
    if (ms === 2000) rig.producer.putMetadata('door', 'open')
    if (ms === 3000) rig.producer.putMetadata('site', '', { persistent: true })
    if (ms === 3900) rig.producer.putEvent('notification', { pairs: [{ name: 'last', value: 'yes' }] })
    await rig.clock.advance(100)
  }
  const { exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.deepEqual(tagsOf(rig), [
    ['site=gate', 'before=the first'],
    ['site=gate', 'AWS_KINESISVIDEO_IMAGE_GENERATION=', 'AWS_KINESISVIDEO_IMAGE_PREFIX=motion'],
    ['site=gate', 'door=open'],
    ['AWS_KINESISVIDEO_NOTIFICATION=', 'last=yes'],
  ])
  assert.throws(() => rig.producer.putMetadata('late', ''), { code: 'STOPPED' })
  assert.throws(() => rig.producer.putEvent('notification'), { code: 'STOPPED' })
})

test('a fragment is sent again with its tags, byte for byte', async () => {
  const rig = await new Rig(videoOnly).ready()
  rig.service.persistMs = 60_000
  rig.service.cut = (number) => (number === 1 ? 4000 : undefined)
  rig.producer.putMetadata('site', 'gate', { persistent: true })
  for (let ms = 0; ms < 6000; ms += 100) {
    await rig.put(frame(ms))
    if (ms % 1000 === 500) rig.producer.putMetadata('second', String(ms))
    await rig.clock.advance(100)
  }
  rig.service.persistMs = 5
  const { stats, exitStatus } = await rig.finish()
  rig.assertSound()
  assert.equal(exitStatus, 0)
  assert.equal(stats.sessions, 2)
  assert.deepEqual(
    tagsOf(rig, 1),
    Array.from({ length: 6 }, (_, n) => ['site=gate', `second=${n * 1000 + 500}`]),
  )
})

test('metadata with which no fragment comes is told', async () => {
  const rig = await new Rig(videoOnly).ready()
  await rig.put(frame(0))
  // Long enough to be taken for silence: the fragment is complete.
  await rig.clock.advance(45_000)
  rig.producer.putMetadata('too', 'late')
  await rig.finish()
  assert.equal(rig.of('warning').length, 1)
  assert.deepEqual(tagsOf(rig), [[]])
})

test('metadata has its room in every block of the buffer, and where it has none it goes with a later fragment', async () => {
  for (const bytes of [80, 500, 950]) {
    const rig = await new Rig({ ...videoOnly, bufferBytes: 16 * 1024 }, 512).ready()
    for (let n = 0; n < 60; n++) {
      await rig.put({ track: 1, pts: n * 500, dts: n * 500, data: picture(n, n % 2 === 0, bytes + 37 * n) })
      for (let tag = 0; tag < 4; tag++) rig.producer.putMetadata(`tag${tag}`, 'x'.repeat(200))
      await rig.clock.advance(100)
    }
    const { exitStatus } = await rig.finish()
    rig.assertSound()
    assert.equal(exitStatus, 0)
    assert.equal(tagsOf(rig).flat().length, 120)
  }
})

test('a full buffer: the tags wait, the fragment does not', async () => {
  const rig = await new Rig({ ...videoOnly, bufferBytes: 4096 }, 512).ready()
  rig.service.persistMs = Number.POSITIVE_INFINITY
  // As many frames as fit: what is left is less than the tags take.
  for (
    let ms = 0;
    rig.producer.putFrame({ ...frame(0), pts: ms, dts: ms, data: picture(ms, ms === 0, 100) });
    ms += 10
  );
  for (let tag = 0; tag < 9; tag++) rig.producer.putMetadata(`tag${tag}`, 'x'.repeat(256))
  rig.service.persistMs = 5
  const ended = rig.producer.stop(120_000)
  await rig.clock.until(() => rig.summary !== undefined)
  assert.equal((await ended).exitStatus, 0)
  assert.deepEqual(tagsOf(rig), [[]])
  assert.equal(rig.of('warning').length, 2)
})
