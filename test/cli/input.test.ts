/** Bad input: one clear message, the right exit status, and nothing that was accepted before is lost. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { assertAccounted, breaks, refuses } from '../drive/bad.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { endOf, jsonLines, runKvs, startKvs } from '../drive/kvs.ts'
import {
  annexBUnits,
  assertMedia,
  expectedVideo,
  frameFiles,
  linkTracks,
  samples,
  writeFrames,
} from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'
import { ffmpeg } from '../drive/tools.ts'

/** Reached by no run that refuses its input at the start. */
const env = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  CONTROL_PLANE_URI: 'https://localhost:9',
}

/** Two seconds of pictures in a folder of their own. */
async function pictures(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  await writeFrames(folder, 'h264', (await frameFiles(samples, 'h264')).slice(0, 50))
  return folder
}

const frame = (folder: string, number: number) =>
  join(folder, 'h264SampleFrames', `frame-${String(number).padStart(3, '0')}.h264`)

describe('input refused at the start', { concurrency: 3 }, () => {
  test('a directory that does not exist', async (t) => {
    await refuses(t, ['-d', '/nowhere/at/all'], { env }, 66, /\/nowhere\/at\/all.*does not exist/)
  })

  test('a file for a directory', async (t) => {
    await refuses(t, ['-d', join(samples, 'README.md')], { env }, 66, /README\.md/)
  })

  test('a directory without frames', async (t) => {
    const folder = await temporaryFolder(t)
    await refuses(t, ['-d', folder], { env }, 66, /has no frames/)
    await mkdir(join(folder, 'h264SampleFrames'))
    await refuses(t, ['-d', folder], { env }, 66, /h264SampleFrames has no files/)
  })

  test('an empty first frame', async (t) => {
    const folder = await pictures(t)
    await writeFile(frame(folder, 1), '')
    await refuses(t, ['-d', folder], { env }, 66, /frame-001\.h264.*empty/)
  })

  test('a gap in the numbering', async (t) => {
    const folder = await pictures(t)
    await rm(frame(folder, 30))
    await refuses(t, ['-d', folder], { env }, 66, /frame-030\.h264 is missing/)
  })

  test('H.265 where H.264 should be', async (t) => {
    const folder = await temporaryFolder(t)
    const file = join(folder, 'other.h265')
    const coding = ['-c:v', 'libx265', '-x265-params', 'log-level=none', '-frames:v', '5']
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25', ...coding, '-f', 'hevc', file)
    await writeFrames(folder, 'h264', [await readFile(file)])
    await refuses(t, ['-d', folder], { env }, 66, /frame-001\.h264.*H\.265/)
  })

  test('a file that may not be read', async (t) => {
    const folder = await pictures(t)
    await chmod(folder, 0o755)
    await chmod(frame(folder, 1), 0)
    // Root may read everything.
    const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
    await refuses(t, ['-d', folder], { env, ...asNobody }, 66, /frame-001\.h264.*cannot be read/)
  })

  test('a frame file that leads nowhere', async (t) => {
    const folder = await pictures(t)
    await rm(frame(folder, 1))
    await symlink('nothing', frame(folder, 1))
    await refuses(t, ['-d', folder], { env }, 66, /frame-001\.h264/)
  })

  test('a codec that is not there', async (t) => {
    await refuses(t, ['-d', samples, '--audio-codec', 'alaw'], { env }, 66, /alawSampleFrames/)
  })
})

describe('input that turns bad on the way', { concurrency: 3 }, () => {
  /** Streams with frame 31 of 50 changed; all before it must be stored, in order and whole. */
  async function breaksAt31(
    t: TestContext,
    change: (path: string) => Promise<void>,
    code: string,
    args: string[] = [],
  ) {
    const folder = await pictures(t)
    const expected = await expectedVideo(folder, 'h264', 1200)
    await change(frame(folder, 31))
    const endpoint = await startEndpoint(t)
    const given = ['-n', 'bad', '-d', folder, '-D', '10', ...args]
    const { error, end } = await breaks(t, given, { env: endpoint.env }, 66, code)
    assert.match(String(error['message']), /frame-031\.h264/)
    await assertAccounted(end, endpoint, 'bad')
    assert.deepEqual([end['framesPut'], end['framesPersisted'], end['framesLost']], [30, 30, 0])
    assertMedia(await storedClusters(await endpoint.media('bad')), [expected])
    return { error, folder }
  }

  test('an empty frame', (t) => breaksAt31(t, (path) => writeFile(path, ''), 'MEDIA_INVALID').then(() => undefined))

  test('garbage bytes', async (t) => {
    await breaksAt31(
      t,
      (path) =>
        writeFile(
          path,
          randomBytes(4000).map((byte) => byte | 0x80),
        ),
      'MEDIA_INVALID',
    )
  })

  test('a unit with its forbidden bit set', async (t) => {
    await breaksAt31(t, (path) => writeFile(path, Buffer.from('00000001ffeeddccbbaa', 'hex')), 'MEDIA_INVALID')
  })

  test('a frame of another codec', async (t) => {
    // An SPS, a PPS and an IDR slice of H.265.
    const foreign = Buffer.from('000000014201010160000000014401c1720000000126010203040506', 'hex')
    await breaksAt31(t, (path) => writeFile(path, foreign), 'MEDIA_INVALID')
  })

  test('a frame larger than the buffer, and the size that the message names', async (t) => {
    const grow = async (path: string) => {
      const filler = Buffer.alloc(2_000_000, 0xff)
      await writeFile(
        path,
        Buffer.concat([await readFile(path), Buffer.from([0, 0, 0, 1, 12]), filler, Buffer.of(0x80)]),
      )
    }
    const { error, folder } = await breaksAt31(t, grow, 'FRAME_TOO_LARGE', ['-s', '1024'])
    const size = /--size (\d+)/.exec(String(error['cure']))?.[1]
    assert.ok(size, `no size is named: ${error['cure']}`)
    const endpoint = await startEndpoint(t)
    const args = ['-n', 'big', '-d', folder, '-D', '2', '-s', size, '--json']
    const exit = await runKvs(t, args, { env: endpoint.env })
    assert.equal(exit.status, 0, exit.stdout)
    await assertAccounted(endOf(jsonLines(exit.stdout)), endpoint, 'big')
    const stored = (await storedClusters(await endpoint.media('big'))).flatMap((cluster) => cluster.frames)
    const units = annexBUnits(await readFile(frame(folder, 31)))
    assert.equal(
      stored[30]?.data.length,
      units.reduce((sum, unit) => sum + 4 + unit.length, 0),
    )
  })

  test('a file that vanishes while it streams', async (t) => {
    const folder = await pictures(t)
    const endpoint = await startEndpoint(t)
    const run = startKvs(t, ['-n', 'gone', '-d', folder, '-D', '20', '--json'], { env: endpoint.env })
    await run.ack('BUFFERING')
    await rm(frame(folder, 50))
    const exit = await run.exited()
    const lines = jsonLines(exit.stdout)
    assert.equal(exit.status, 66)
    assert.match(JSON.stringify(lines.filter((line) => line['event'] === 'error')), /frame-050\.h264/)
    // In whichever round of the 50 pictures it was noticed.
    assert.equal(Number(endOf(lines)['framesPut']) % 50, 49)
    await assertAccounted(endOf(lines), endpoint, 'gone')
  })

  test('sound turns bad, the pictures before it are stored', async (t) => {
    const folder = await temporaryFolder(t)
    await linkTracks(samples, folder, ['h264'])
    const packets = (await frameFiles(samples, 'aac')).slice(0, 100)
    await writeFrames(folder, 'aac', packets)
    const names = (await readdir(join(folder, 'aacSampleFrames'))).sort()
    await writeFile(join(folder, 'aacSampleFrames', names[80] ?? ''), '')
    const endpoint = await startEndpoint(t)
    const args = ['-n', 'sound', '-d', folder, '-D', '10']
    const { error, end } = await breaks(t, args, { env: endpoint.env }, 66, 'MEDIA_INVALID')
    assert.match(String(error['message']), /sample-081\.aac/)
    assert.equal(end['framesLost'], 0)
    await assertAccounted(end, endpoint, 'sound')
  })
})
