/** Independent programs that judge what was sent: ffmpeg's and mkvtoolnix's. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const maxBuffer = 64 * 1024 * 1024

export interface ProbedStream {
  readonly codec_name: string
  readonly codec_type: string
  readonly profile?: string
  readonly width?: number
  readonly height?: number
  readonly sample_rate?: string
  readonly channels?: number
  readonly r_frame_rate?: string
  readonly nb_read_packets: string
}

/** Tracks of a file, every packet read. Fails where ffprobe has anything to complain about. */
export async function ffprobe(file: string): Promise<readonly ProbedStream[]> {
  const options = ['-v', 'warning', '-count_packets', '-show_streams', '-of', 'json', file]
  const { stdout, stderr } = await run('ffprobe', options, { maxBuffer })
  assert.equal(stderr, '', `ffprobe complains about ${file}`)
  return (JSON.parse(stdout) as { streams: ProbedStream[] }).streams
}

/** Decodes a file. Fails where ffmpeg reports an error. */
export async function decodes(file: string): Promise<void> {
  const { stderr } = await run('ffmpeg', ['-nostdin', '-v', 'error', '-i', file, '-f', 'null', '-'], { maxBuffer })
  assert.equal(stderr, '', `ffmpeg cannot decode ${file}`)
}

/** The structure of a file. Fails where mkvinfo finds anything that it does not like or know. */
export async function mkvinfo(file: string): Promise<string> {
  const { stdout, stderr } = await run('mkvinfo', ['--ui-language', 'en_US', '-v', '-v', file], { maxBuffer })
  assert.equal(stderr, '')
  for (const line of stdout.split('\n')) assert.doesNotMatch(line, /warning|error|unknown element|damaged/i, file)
  return stdout
}

interface Identified {
  readonly container: { readonly recognized: boolean; readonly supported: boolean; readonly type: string }
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  readonly tracks: readonly {
    readonly type: string
    readonly codec: string
    readonly properties: { codec_id: string }
  }[]
}

/** What mkvmerge makes of a file. Fails where it does not recognise it, or warns. */
export async function mkvmerge(file: string): Promise<Identified> {
  const { stdout } = await run('mkvmerge', ['--ui-language', 'en_US', '-J', file], { maxBuffer })
  const identified = JSON.parse(stdout) as Identified
  assert.deepEqual(identified.errors, [], file)
  assert.deepEqual(identified.warnings, [], file)
  assert.ok(identified.container.recognized && identified.container.supported, file)
  assert.equal(identified.container.type, 'Matroska')
  return identified
}

/** All of them; returns the tracks. */
export async function judge(file: string): Promise<readonly ProbedStream[]> {
  assert.ok(existsSync(file), `${file} is missing`)
  await mkvinfo(file)
  await mkvmerge(file)
  await decodes(file)
  return await ffprobe(file)
}

/** Makes media of ffmpeg's own test sources. */
export async function ffmpeg(...args: readonly string[]): Promise<void> {
  await run('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { maxBuffer })
}

/** Writes a Matroska file as mkvmerge does. */
export async function mux(output: string, ...inputs: readonly string[]): Promise<void> {
  await run('mkvmerge', ['--ui-language', 'en_US', '-o', output, ...inputs], { maxBuffer })
}
