/** Longer than every watch that `kvs` keeps over a source: what is true of seconds is true of what follows. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prove } from '../drive/proof.ts'
import { expectedAudio, expectedVideo, samples } from '../drive/source.ts'

const seconds = 24

/** The sample pictures have a key frame every 40 of them. */
const keyFrameIntervalMs = 1600

test(`${seconds} s: every frame once, a fragment from key frame to key frame, to the end`, async (t) => {
  const expected = [
    await expectedVideo(samples, 'h264', seconds * 1000),
    await expectedAudio(samples, 'aac', seconds * 1000),
  ]
  const { endpoint } = await prove(t, samples, expected, ['-D', String(seconds)])
  const fragments = (await endpoint.media('proof')).fragments()
  const originMs = fragments[0]?.timecode ?? 0
  assert.deepEqual(
    fragments.map(({ timecode }) => timecode - originMs),
    Array.from({ length: Math.ceil((seconds * 1000) / keyFrameIntervalMs) }, (_, n) => n * keyFrameIntervalMs),
  )
  assert.deepEqual(endpoint.events.filter(({ type }) => type === 'closed').length, 1)
})
