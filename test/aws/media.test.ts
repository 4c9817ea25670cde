/** The same proof over AWS's own sample frames, from the folder that KVS_SAMPLE_DIR names. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { temporaryFolder } from '../drive/folder.ts'
import { prove } from '../drive/proof.ts'
import { expectedAudio, expectedVideo, linkTracks } from '../drive/source.ts'

const directory = process.env['KVS_SAMPLE_DIR'] ?? ''

describe("AWS's sample frames", { concurrency: 2 }, () => {
  before(() => {
    assert.ok(
      existsSync(join(directory, 'h264SampleFrames', 'frame-001.h264')),
      `KVS_SAMPLE_DIR must name the folder with AWS's sample frames (h264SampleFrames …), and not "${directory}"`,
    )
  })

  test('H.264 and AAC', async (t) => {
    const expected = [await expectedVideo(directory, 'h264', 5000), await expectedAudio(directory, 'aac', 5000)]
    const { streams } = await prove(t, directory, expected, ['-D', '5', '-s', '4096'])
    const [video, audio] = streams
    assert.deepEqual([video?.codec_name, video?.width, video?.height], ['h264', 640, 480])
    assert.deepEqual([audio?.codec_name, audio?.sample_rate, audio?.channels], ['aac', '48000', 2])
  })

  test('H.265 and AAC', async (t) => {
    const expected = [await expectedVideo(directory, 'h265', 4000), await expectedAudio(directory, 'aac', 4000)]
    const { streams, mediaType } = await prove(t, directory, expected, ['-D', '4', '--video-codec', 'h265'])
    assert.equal(streams[0]?.codec_name, 'hevc')
    assert.equal(mediaType, 'video/h265,audio/aac')
  })

  test('H.264 and A-law, numbered from 000', async (t) => {
    const folder = await temporaryFolder(t)
    await linkTracks(directory, folder, ['h264', 'alaw'])
    const sound = await expectedAudio(folder, 'alaw', 3000, { rateHz: 8000, samplesPerFrame: 160 })
    const { streams } = await prove(t, folder, [await expectedVideo(folder, 'h264', 3000), sound], ['-D', '3'])
    assert.deepEqual([streams[1]?.codec_name, streams[1]?.sample_rate, streams[1]?.channels], ['pcm_alaw', '8000', 1])
  })

  test('H.265 alone', async (t) => {
    const folder = await temporaryFolder(t)
    await linkTracks(directory, folder, ['h265'])
    await prove(t, folder, [await expectedVideo(folder, 'h265', 3000)], ['-D', '3'])
  })
})
