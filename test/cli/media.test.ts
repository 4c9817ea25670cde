/** What `kvs` streams is what is stored, shown and read back: frame by frame, for every kind of media it takes. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../drive/folder.ts'
import { prove } from '../drive/proof.ts'
import {
  annexBUnits,
  expectedAudio,
  expectedVideo,
  frameFiles,
  linkTracks,
  samples,
  writeFrames,
} from '../drive/source.ts'
import { ffmpeg } from '../drive/tools.ts'

describe('media', { concurrency: 3 }, () => {
  test('H.264 and AAC together', async (t) => {
    const expected = [await expectedVideo(samples, 'h264', 4000), await expectedAudio(samples, 'aac', 4000)]
    const { streams, mediaType } = await prove(t, samples, expected, ['-D', '4'])
    assert.equal(mediaType, 'video/h264,audio/aac')
    const [video, audio] = streams
    assert.deepEqual(
      [video?.codec_name, video?.profile, video?.width, video?.height, video?.r_frame_rate],
      ['h264', 'High', 640, 360, '25/1'],
    )
    assert.deepEqual(
      [audio?.codec_name, audio?.profile, audio?.sample_rate, audio?.channels],
      ['aac', 'LC', '48000', 2],
    )
  })

  test('video alone', async (t) => {
    const folder = await temporaryFolder(t)
    await linkTracks(samples, folder, ['h264'])
    const { streams, mediaType } = await prove(t, folder, [await expectedVideo(samples, 'h264', 3000)], ['-D', '3'])
    assert.deepEqual(
      streams.map((track) => track.codec_name),
      ['h264'],
    )
    assert.equal(mediaType, 'video/h264')
  })

  test('audio alone, in fragments of a second', async (t) => {
    const folder = await temporaryFolder(t)
    await linkTracks(samples, folder, ['aac'])
    const expected = [await expectedAudio(samples, 'aac', 3000)]
    const { endpoint, mediaType } = await prove(t, folder, expected, ['-D', '3'])
    assert.equal(mediaType, 'audio/aac')
    assert.equal((await endpoint.media('proof')).fragments().length, 3)
  })

  test('a loop shorter than the duration goes on without a gap in time', async (t) => {
    const folder = await temporaryFolder(t)
    await writeFrames(folder, 'h264', (await frameFiles(samples, 'h264')).slice(0, 30))
    await writeFrames(folder, 'aac', (await frameFiles(samples, 'aac')).slice(0, 50))
    const expected = [await expectedVideo(folder, 'h264', 3000), await expectedAudio(folder, 'aac', 3000)]
    await prove(t, folder, expected, ['-D', '3'])
  })

  test('length-prefixed H.264', async (t) => {
    const folder = await temporaryFolder(t)
    const frames = (await frameFiles(samples, 'h264')).slice(0, 50)
    await writeFrames(folder, 'h264', frames.map(lengthPrefixed))
    const { streams } = await prove(t, folder, [await expectedVideo(samples, 'h264', 2000)], ['-D', '2'])
    assert.equal(streams[0]?.width, 640)
  })

  test('AAC in ADTS: rate and channels are found, headers taken off', async (t) => {
    const folder = await temporaryFolder(t)
    const file = join(folder, 'tone.adts')
    await ffmpeg('-f', 'lavfi', '-i', 'sine=440:r=44100:d=3', '-ac', '1', '-c:a', 'aac', '-f', 'adts', file)
    await writeFrames(folder, 'aac', adtsFrames(await readFile(file)))
    const options = { rateHz: 44_100, stripBytes: 7 }
    const { streams } = await prove(t, folder, [await expectedAudio(folder, 'aac', 2000, options)], ['-D', '2'])
    assert.deepEqual([streams[0]?.sample_rate, streams[0]?.channels], ['44100', 1])
  })

  test('mu-law with H.264', async (t) => {
    const folder = await temporaryFolder(t)
    const file = join(folder, 'tone.raw')
    await ffmpeg('-f', 'lavfi', '-i', 'sine=440:r=8000:d=3', '-ac', '1', '-c:a', 'pcm_mulaw', '-f', 'mulaw', file)
    await linkTracks(samples, folder, ['h264'])
    await writeFrames(folder, 'mulaw', pieces(await readFile(file), 160))
    const sound = await expectedAudio(folder, 'mulaw', 2000, { rateHz: 8000, samplesPerFrame: 160 })
    const { streams, mediaType } = await prove(
      t,
      folder,
      [await expectedVideo(samples, 'h264', 2000), sound],
      ['-D', '2'],
    )
    assert.deepEqual([streams[1]?.codec_name, streams[1]?.sample_rate, streams[1]?.channels], ['pcm_mulaw', '8000', 1])
    assert.equal(mediaType, 'video/h264,audio/mulaw')
  })
})

/** The same NAL units, each behind its length instead of a start code. */
function lengthPrefixed(frame: Buffer): Buffer {
  return Buffer.concat(
    annexBUnits(frame).flatMap((unit) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(unit.length)
      return [length, unit]
    }),
  )
}

/** An ADTS stream cut into its frames (ISO/IEC 13818-7 section 6.2: 13 bits of length from bit 30 on). */
function adtsFrames(stream: Buffer): readonly Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < stream.length; ) {
    const length = (stream.readUInt32BE(at + 3) >>> 13) & 0x1fff
    frames.push(stream.subarray(at, at + length))
    at += length
  }
  return frames
}

function pieces(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
}
