/** What `kvs` says, where, and what it never says. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { assertAccounted, assertBalanced } from '../drive/bad.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { root } from '../drive/folder.ts'
import { endOf, jsonLines, runKvs, startKvs } from '../drive/kvs.ts'
import { samples } from '../drive/source.ts'

const options = [
  ...['-n, --channel-name', '-d, --directory', '-D, --duration', '-s, --size', '-h, --help', '--region', '--endpoint'],
  ...['--ca', '--retention-period', '--fps', '--video-codec', '--audio-codec', '--audio-rate', '--audio-channels'],
  ...['--tag', '--kms-key-id', '--content-type', '--log-level', '--json', '--quiet', '--dump', '--version'],
  ...['--no-create', '--give-up-after', '--stop-timeout'],
]

describe('what kvs says', { concurrency: 3 }, () => {
  test('--help lists every option, with what it is by default', async (t) => {
    for (const flag of ['--help', '-h']) {
      const { status, stdout, stderr } = await runKvs(t, [flag])
      assert.deepEqual([status, stderr], [0, ''])
      for (const option of options) assert.ok(stdout.includes(`${option} `), `${option} is not in the help`)
      for (const part of ['your-kvs-name', '2048', '600', 'us-west-2', 'AWS_ACCESS_KEY_ID', 'Exit status']) {
        assert.ok(stdout.includes(part), `${part} is not in the help`)
      }
    }
  })

  test('--version', async (t) => {
    const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as { version: string }
    const { status, stdout, stderr } = await runKvs(t, ['--version'])
    assert.deepEqual([status, stderr], [0, ''])
    assert.ok(stdout.includes(version) && stdout.trimEnd().split('\n').length === 1, stdout)
  })

  test('where each setting comes from; the flag wins over the environment', async (t) => {
    const { env } = await startEndpoint(t, { region: 'eu-west-1' })
    const { AWS_REGION: _, CONTROL_PLANE_URI = '', ...rest } = env
    const given = { ...rest, AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL_KINESIS_VIDEO: CONTROL_PLANE_URI }
    const args = ['-d', samples, '-D', '1', '--region', 'eu-west-1']
    const { status, stdout, stderr } = await runKvs(t, args, { env: given })
    assert.equal(status, 0, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, /region +eu-west-1 \(--region\)/)
    assert.match(stderr, /endpoint +https:\/\/localhost:\d+ \(AWS_ENDPOINT_URL_KINESIS_VIDEO\)/)
    assert.match(stderr, /credentials .*environment/)
    const again = await runKvs(t, ['-d', samples, '-D', '1'], { env: { ...given, AWS_DEFAULT_REGION: 'eu-west-1' } })
    assert.equal(again.status, 0)
    assert.match(again.stderr, /region +eu-west-1 \(AWS_DEFAULT_REGION\)/)
  })

  test('--quiet says nothing where all is well', async (t) => {
    const { env } = await startEndpoint(t)
    const { status, stdout, stderr } = await runKvs(t, ['-d', samples, '-D', '1', '--quiet'], { env })
    assert.deepEqual([status, stdout, stderr], [0, '', ''])
  })

  test('--json: every line is an object, acks have the names of AWS', async (t) => {
    const endpoint = await startEndpoint(t)
    const args = ['-n', 'json', '-d', samples, '-D', '3', '--json']
    const { status, stdout, stderr } = await runKvs(t, args, { env: endpoint.env })
    assert.deepEqual([status, stderr], [0, ''])
    const lines = jsonLines(stdout)
    for (const line of lines) assert.equal(typeof line['event'], 'string')
    assert.equal(lines[0]?.['event'], 'start')
    const acks = lines.filter((line) => line['event'] === 'ack')
    const numbers = (await endpoint.media('json')).fragments().map((fragment) => fragment.number)
    assert.equal(numbers.length, 2)
    for (const type of ['BUFFERING', 'RECEIVED', 'PERSISTED']) {
      const ofType = acks.filter((ack) => ack['EventType'] === type)
      assert.deepEqual(
        ofType.map((ack) => ack['FragmentNumber']),
        numbers,
        type,
      )
      for (const ack of ofType) assert.ok(Number.isSafeInteger(ack['FragmentTimecode']))
    }
    await assertAccounted(endOf(lines), endpoint, 'json')
    assert.equal(endOf(lines)['framesDiscarded'], 0)
  })

  test('what a stream is created with, and what differs when it is there already', async (t) => {
    const endpoint = await startEndpoint(t)
    const base = ['-n', 'made', '-d', samples, '-D', '1', '--json']
    const made = ['--retention-period', '5', '--content-type', 'video/h264', '--tag', 'a=1', '--tag', 'b=x=y']
    assert.equal((await runKvs(t, [...base, ...made], { env: endpoint.env })).status, 0)
    const [stream] = endpoint.local.streams
    assert.deepEqual([stream?.retentionHours, stream?.mediaType], [5, 'video/h264'])
    assert.deepEqual({ ...stream?.tags }, { a: '1', b: 'x=y' })
    const asked = ['--retention-period', '2', '--content-type', 'video/h264,audio/aac', '--tag', 'c=3']
    const { status, stdout } = await runKvs(t, [...base, ...asked], { env: endpoint.env })
    assert.equal(status, 0)
    const warnings = jsonLines(stdout).filter((line) => line['event'] === 'warning')
    assert.match(JSON.stringify(warnings), /5 hours, not 2[\s\S]*video\/h264, not video\/h264,audio\/aac/)
    assert.deepEqual({ ...endpoint.local.streams[0]?.tags }, { a: '1', b: 'x=y', c: '3' })
  })

  test('without retention what is received counts as stored', async (t) => {
    const { env } = await startEndpoint(t)
    const { status, stdout } = await runKvs(t, ['-d', samples, '-D', '2', '--retention-period', '0', '--json'], { env })
    assert.equal(status, 0)
    const end = endOf(jsonLines(stdout))
    assertBalanced(end)
    assert.equal(end['framesPersisted'], end['framesPut'])
    assert.ok(!stdout.includes('"PERSISTED","'))
  })

  test('secrets are said nowhere', async (t) => {
    const credentials = {
      accessKeyId: 'AKIASECRETTEST00',
      secretAccessKey: 'TopSecretKey/ofATest+0123456789abcdefghi',
      sessionToken: 'VerySecretTokenOfATest/0123456789==',
    }
    const { env } = await startEndpoint(t, { credentials })
    const given = { ...env, AWS_SESSION_TOKEN: credentials.sessionToken }
    const runs = await Promise.all([
      runKvs(t, ['-d', samples, '-D', '1', '--log-level', 'debug'], { env: given }),
      runKvs(t, ['-d', samples, '-D', '1', '--json', '-n', 'two', '--log-level', 'debug'], { env: given }),
      runKvs(t, ['--help'], { env: given }),
      runKvs(t, ['-d', samples], { env: { ...given, AWS_ACCESS_KEY_ID: 'AKIAWRONG0000000' } }),
      runKvs(t, ['-d', samples], { env: { ...given, AWS_SESSION_TOKEN: `${credentials.sessionToken}\n` } }),
      runKvs(t, ['-d', samples, '--give-up-after', '0'], {
        env: { ...given, CONTROL_PLANE_URI: 'https://localhost:9' },
      }),
    ])
    assert.deepEqual(
      runs.map((run) => run.status),
      [0, 0, 0, 77, 77, 75],
      runs.map((run) => run.stderr).join('\n'),
    )
    for (const { stdout, stderr } of runs) {
      for (const text of [stdout, stderr]) {
        assert.ok(!text.includes(credentials.secretAccessKey), text)
        assert.ok(!text.includes(credentials.sessionToken), text)
      }
    }
  })

  test('standard output that is closed early ends nothing', async (t) => {
    const endpoint = await startEndpoint(t)
    const run = startKvs(t, ['-n', 'head', '-d', samples, '-D', '3', '--json'], { env: endpoint.env })
    await run.line((line) => line['event'] === 'start')
    run.closeStdout()
    const { status, stderr } = await run.exited()
    assert.equal(stderr, '')
    assert.equal(status, 0)
    assert.equal((await endpoint.media('head')).fragments().length, 2)
  })
})
