/**
 * The tests judge what was sent with independent programs. Names those that are missing and the one command that
 * installs them.
 *   --install       runs that command
 *   --aws-samples   wants AWS's sample frames too, in the folder that KVS_SAMPLE_DIR names
 *   --device        wants what builds the device executables and runs those for other processors, too
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parseArgs } from 'node:util'
import { debianPackages, isInstalled } from './device/run.mjs'

const { values: wanted } = parseArgs({
  options: { install: { type: 'boolean' }, 'aws-samples': { type: 'boolean' }, device: { type: 'boolean' } },
})

/** By program, or by file where it is none that could be run. */
const packages = {
  ffmpeg: 'ffmpeg',
  ffprobe: 'ffmpeg',
  mkvinfo: 'mkvtoolnix',
  mkvmerge: 'mkvtoolnix',
  openssl: 'openssl',
  busybox: 'busybox',
  shellcheck: 'shellcheck',
  'systemd-analyze': 'systemd',
  ...(wanted.device && {
    ...debianPackages,
    '/usr/include/stdio.h': 'libc6-dev',
    'qemu-arm-static': 'qemu-user-static',
  }),
}

if (wanted.install && missingTools().length > 0) {
  const { status, error } = spawnSync('/bin/sh', ['-ec', installCommand(missingTools())], { stdio: 'inherit' })
  if (error || status !== 0) process.exit(1)
}

const missing = missingTools()
if (missing.length > 0) {
  console.error(`Missing for the tests: ${missing.join(', ')}. On Debian this installs them:

    ${installCommand(missing)}
`)
  process.exit(1)
}
if (wanted['aws-samples']) requireAwsSamples()

function missingTools() {
  return Object.keys(packages).filter((tool) => !(isAbsolute(tool) ? existsSync(tool) : isInstalled(tool)))
}

function installCommand(tools) {
  const names = new Set(tools.flatMap((tool) => packages[tool].split(' ')))
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${[...names].join(' ')}`
}

function requireAwsSamples() {
  const folder = process.env.KVS_SAMPLE_DIR
  if (folder && existsSync(join(folder, 'h264SampleFrames', 'frame-001.h264'))) return
  console.error(`These tests stream AWS's own sample frames, which are not part of this repository. Set KVS_SAMPLE_DIR to the
folder that holds h264SampleFrames, h265SampleFrames, aacSampleFrames and alawSampleFrames: "samples" in a checkout of
github.com/awslabs/amazon-kinesis-video-streams-producer-c.${folder ? ` It is ${folder} now.` : ''}
`)
  process.exit(1)
}
