/** What a folder of frame files is expected to become. */

import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { root, temporaryFolder } from './folder.ts'
import { type StoredCluster, sizedUnits } from './stored.ts'

/** The sample frames of this repository. */
export const samples = join(root, 'samples')

export const folders = {
  h264: 'h264SampleFrames',
  h265: 'h265SampleFrames',
  aac: 'aacSampleFrames',
  alaw: 'alawSampleFrames',
  mulaw: 'mulawSampleFrames',
} as const
export type Codec = keyof typeof folders

/** One track as it must come back. */
export interface ExpectedTrack {
  readonly codec: Codec
  /** Frames in their order, as loop after loop brings them, each as the units that must be stored. */
  readonly frames: readonly (readonly Buffer[])[]
  /** When frame `n` is shown, in milliseconds from the start; not rounded. */
  timeMs(n: number): number
}

/** The frame files of one codec, in the order of their numbers. */
export async function frameFiles(directory: string, codec: Codec): Promise<readonly Buffer[]> {
  const folder = join(directory, folders[codec])
  const names = (await readdir(folder)).sort()
  assert.ok(names.length > 0, `${folder} is empty`)
  return await Promise.all(names.map((name) => readFile(join(folder, name))))
}

/** Pictures of a folder in Annex B for so long; 25 a second. */
export async function expectedVideo(directory: string, codec: Codec, durationMs: number): Promise<ExpectedTrack> {
  const files = (await frameFiles(directory, codec)).map(annexBUnits)
  return looped(codec, files, durationMs, (n) => n * 40)
}

/** Sound of a folder for so long, `samples` to a frame. */
export async function expectedAudio(
  directory: string,
  codec: Codec,
  durationMs: number,
  { rateHz = 48_000, samplesPerFrame = 1024, stripBytes = 0 } = {},
): Promise<ExpectedTrack> {
  const files = (await frameFiles(directory, codec)).map((file) => [file.subarray(stripBytes)])
  return looped(codec, files, durationMs, (n) => (n * samplesPerFrame * 1000) / rateHz)
}

function looped(
  codec: Codec,
  files: readonly (readonly Buffer[])[],
  durationMs: number,
  timeMs: (n: number) => number,
): ExpectedTrack {
  const frames: (readonly Buffer[])[] = []
  while (timeMs(frames.length) < durationMs) frames.push(files[frames.length % files.length] ?? [])
  return { codec, frames, timeMs }
}

/** The NAL units of a byte stream (ITU-T H.264 Annex B). */
export function annexBUnits(bytes: Buffer): readonly Buffer[] {
  const startCode = Buffer.from([0, 0, 1])
  const units: Buffer[] = []
  let at = bytes.indexOf(startCode)
  assert.ok(at >= 0, 'no start code')
  while (at >= 0) {
    const next = bytes.indexOf(startCode, at + 3)
    let end = next < 0 ? bytes.length : next
    while (end > at + 3 && bytes[end - 1] === 0) end--
    units.push(bytes.subarray(at + 3, end))
    at = next
  }
  return units
}

/** Frame by frame, unit by unit, time by time: exactly what was expected, from the start on. */
export function assertMedia(
  clusters: readonly StoredCluster[],
  expected: readonly ExpectedTrack[],
  whole = true,
): void {
  const originMs = clusters[0]?.timecode ?? 0
  const frames = clusters.flatMap((cluster) => cluster.frames)
  assert.ok(
    frames.every((frame) => frame.track <= expected.length),
    'a track that nobody expects',
  )
  for (const [index, track] of expected.entries()) {
    const stored = frames.filter((frame) => frame.track === index + 1)
    if (whole) assert.equal(stored.length, track.frames.length, `frames of ${track.codec}`)
    else assert.ok(stored.length > 0 && stored.length <= track.frames.length, `frames of ${track.codec}`)
    for (const [n, frame] of stored.entries()) {
      const units = track.codec === 'h264' || track.codec === 'h265' ? sizedUnits(frame.data) : [frame.data]
      const wanted = track.frames[n] ?? []
      const same = units.length === wanted.length && units.every((unit, i) => unit.equals(wanted[i] ?? Buffer.alloc(0)))
      assert.ok(same, `frame ${n} of ${track.codec} has come back different`)
      assert.equal(frame.timeMs, originMs + Math.round(track.timeMs(n)), `time of frame ${n} of ${track.codec}`)
    }
  }
}

/** Writes frames as `kvs` takes them: `frame-001.h264` and so on, from 1 (A-law and mu-law: from 0). */
export async function writeFrames(directory: string, codec: Codec, frames: readonly Uint8Array[]): Promise<void> {
  const folder = join(directory, folders[codec])
  const prefix = codec === 'h264' || codec === 'h265' ? 'frame' : 'sample'
  const first = codec === 'alaw' || codec === 'mulaw' ? 0 : 1
  await mkdir(folder, { recursive: true })
  await Promise.all(
    frames.map((frame, index) =>
      writeFile(join(folder, `${prefix}-${String(index + first).padStart(3, '0')}.${codec}`), frame),
    ),
  )
}

/** A folder with some of the tracks of another one. */
export async function linkTracks(from: string, to: string, codecs: readonly Codec[]): Promise<void> {
  for (const codec of codecs) await symlink(join(from, folders[codec]), join(to, folders[codec]))
}

/** A folder of two seconds of pictures, a megabyte in each second: filler data (ITU-T H.264 section 7.3.2.7) behind every one. */
export async function largePictures(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  const filler = Buffer.concat([Buffer.of(0, 0, 0, 1, 12), Buffer.alloc(40_000, 0xff), Buffer.of(0x80)])
  const frames = (await frameFiles(samples, 'h264')).slice(0, 50)
  await writeFrames(
    folder,
    'h264',
    frames.map((frame) => Buffer.concat([frame, filler])),
  )
  return folder
}
