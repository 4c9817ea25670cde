import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kvs } from './testing/kvs.ts'

test('a few seconds of frames are streamed, stored and summed up', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n cam -d m -D 5 --fps 10'), 0)
  assert.equal(kvs.service.stored.length, 5)
  assert.equal(kvs.stdout, '')
  for (const text of [
    'us-west-2 (default)',
    'https://control.test (CONTROL_PLANE_URI)',
    'AKID…1234 (environment)',
    'H.264 640x360 10 fps + AAC 48 kHz stereo',
    'stream found',
    'done after',
    'persisted    285 frames in 5 fragments',
    'lost         nothing',
    'ack latency',
  ]) {
    assert.equal(kvs.stderr.includes(text), true, `${text} in ${kvs.stderr}`)
  }
})

test('a stream that is missing is created with tags, retention and media type', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n new -d m -D 1 --tag a=1 --tag b=2 --retention-period 24'), 0)
  const stream = kvs.service.streams.get('new')
  assert.deepEqual(
    [stream?.tags, stream?.retentionHours, stream?.mediaType],
    [{ a: '1', b: '2' }, 24, 'video/h264,audio/aac'],
  )
  assert.equal(kvs.stderr.includes('stream created'), true)
})

test('bad settings: one message with cause and cure, the right status, nothing asked of the service', async () => {
  const cases: [string, number, string, ((kvs: Kvs) => void)?][] = [
    ['-n cam -d m -s 10', 1, '-s must be 1024 or more'],
    ['-n cam -d m -D -1', 1, '-D must be'],
    ['--colour', 1, '--colour is no option'],
    ['-n cam -d m extra', 1, '"extra" is no command of kvs\n  likely cause: it is misspelt'],
    ['-n cam -d nowhere', 66, 'nowhere'],
    ['-n cam -d m --video-codec h265', 66, 'h265SampleFrames'],
    ['-n b@d -d m', 78, 'b@d'],
    ['-n cam -d m --fips', 78, 'FIPS'],
    ['-n cam -d m --endpoint ftp://x', 78, 'ftp'],
    ['-n cam -d m --region moon', 78, 'moon', (kvs) => delete kvs.env['CONTROL_PLANE_URI']],
    [
      '-n cam -d m',
      77,
      'AWS_ACCESS_KEY_ID',
      (kvs) => {
        delete kvs.env['AWS_ACCESS_KEY_ID']
        delete kvs.env['AWS_SECRET_ACCESS_KEY']
      },
    ],
    ['-n cam -d m', 77, 'AWS_SECRET_ACCESS_KEY is not', (kvs) => delete kvs.env['AWS_SECRET_ACCESS_KEY']],
    ['-n cam -d m --dump /ro', 78, '/ro', (kvs) => kvs.files.unwritable.add('/ro')],
    ['-n cam -d m', 66, 'frame-005.h264', (kvs) => kvs.files.contents.delete('m/h264SampleFrames/frame-005.h264')],
  ]
  for (const [args, status, text, prepare] of cases) {
    const kvs = new Kvs()
    prepare?.(kvs)
    assert.equal(await kvs.run(args), status, `${args}: ${kvs.stderr}`)
    assert.equal(kvs.stderr.includes(text), true, `${args}: ${kvs.stderr}`)
    assert.equal(kvs.stderr.match(/likely cause: \S/g)?.length, 1, kvs.stderr)
    assert.equal(kvs.stderr.match(/cure: \S/g)?.length, 1, kvs.stderr)
    assert.deepEqual(kvs.service.operations, [])
    const json = new Kvs()
    prepare?.(json)
    assert.equal(await json.run(`${args} --json`), status)
    assert.equal(json.lines.filter((line) => line['event'] === 'error').length, 1)
  }
})

test('help and version say what they are asked and end with 0', async () => {
  for (const args of ['--help', '-h', '-s 10 --help']) {
    const kvs = new Kvs()
    assert.equal(await kvs.run(args), 0)
    assert.equal(kvs.stdout.startsWith('Usage: kvs ['), true)
  }
  const kvs = new Kvs()
  assert.equal(await kvs.run('--version'), 0)
  assert.equal(kvs.stdout.includes('kvs'), true)
})

test('a command that needs Node.js is in the help all the same, and says what it needs where there is none', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('local --port 0'), 1)
  assert.match(kvs.stderr, /the command local needs Node\.js\n {2}likely cause: .*\n {2}cure: .*npx kvs local\n/)
  const help = new Kvs()
  assert.equal(await help.run('local --help'), 0)
  assert.match(help.stdout, /^Usage: kvs local/)
  const list = new Kvs()
  assert.equal(await list.run('--help'), 0)
  assert.match(list.stdout, /^ {2}kvs local /m)
})

test('--dump writes exactly what each session sent; a full disk ends the dump only', async () => {
  const kvs = new Kvs()
  kvs.service.cut = (session) => (session === 1 ? 20_000 : undefined)
  assert.equal(await kvs.run('-n cam -d m -D 5 --fps 10 --dump out'), 0)
  const [, second] = kvs.service.sessions
  assert.deepEqual(kvs.files.contents.get('out/cam_2.mkv'), second?.bytes)
  assert.equal((kvs.files.contents.get('out/cam_1.mkv')?.length ?? 0) > 10_000, true)
  const full = new Kvs()
  full.service.cut = (session) => (session === 1 ? 20_000 : undefined)
  full.files.unwritable.add('out/cam_2')
  assert.equal(await full.run('-n cam -d m -D 5 --fps 10 --dump out'), 0)
  assert.equal(full.stderr.includes('the dump ends here'), true)
})
