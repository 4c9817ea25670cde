import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../core/errors.ts'
import type { Process } from '../core/platform.ts'
import { FakeClock } from '../core/testing/fakeClock.ts'
import { FakeService } from '../core/testing/fakeService.ts'
import { packet, picture } from '../core/testing/media.ts'
import { MemoryFiles } from '../core/testing/memoryFiles.ts'
import { CountedBlocks, CountedClock, testPlatform } from '../core/testing/rig.ts'
import type { Host } from './command.ts'
import { localSyntax } from './commands/localSyntax.ts'
import { needsNode } from './commands/needsNode.ts'
import { streamCommand } from './commands/stream.ts'
import { main } from './main.ts'

const refusedConnection = new KvsError('CONNECT_FAILED', 'connection refused by control.test')

/** `kvs` on a fake host: what it says, and how it ends. */
class Kvs {
  readonly clock = new FakeClock()
  readonly ownClock = new CountedClock(this.clock)
  readonly service = new FakeService(this.clock)
  readonly files = new MemoryFiles()
  readonly env: Record<string, string | undefined> = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE1234',
    AWS_SECRET_ACCESS_KEY: 'topsecret',
    AWS_SESSION_TOKEN: 'tokensecret',
    CONTROL_PLANE_URI: 'https://control.test',
  }
  stdout = ''
  stderr = ''
  columns = 0
  handlers = new Set<(signal: number) => void>()
  exitStatus: number | undefined

  constructor() {
    this.service.addStream('cam')
    for (let n = 1; n <= 10; n++) {
      const number = String(n).padStart(3, '0')
      this.files.contents.set(`m/h264SampleFrames/frame-${number}.h264`, picture(n, n === 1, 900))
      this.files.contents.set(`m/aacSampleFrames/sample-${number}.aac`, packet(n))
    }
  }

  start(args: string): void {
    const kvs = this
    const process: Process = {
      args: args === '' ? [] : args.split(' '),
      env: (name) => this.env[name],
      stdout: (text) => {
        this.stdout += text
      },
      stderr: (text) => {
        this.stderr += text
      },
      get stderrColumns() {
        return kvs.columns
      },
      onSignal: (handler) => {
        this.handlers.add(handler)
        return () => this.handlers.delete(handler)
      },
      memory: () => [
        { name: 'heap', nowBytes: 1_500_000, peakBytes: null },
        { name: 'resident', nowBytes: 3_000_000, peakBytes: 4_000_000 },
      ],
      runtime: 'Fake/1',
      system: 'Fake',
    }
    const host: Host = {
      process,
      files: this.files,
      platform: () => testPlatform(this.ownClock, this.service, new CountedBlocks(4096)),
    }
    void main([streamCommand, needsNode(localSyntax)], host).then((exitStatus) => {
      this.exitStatus = exitStatus
    })
  }

  signal(number: number): void {
    for (const handler of this.handlers) handler(number)
  }

  /** Runs until it ends; a run that goes on beyond `limitMs` fails. */
  async run(args: string, limitMs = 600_000): Promise<number | undefined> {
    this.start(args)
    return await this.end(limitMs)
  }

  async end(limitMs = 600_000): Promise<number | undefined> {
    await this.clock.until(() => this.exitStatus !== undefined, limitMs)
    assert.equal(this.ownClock.pending, 0, 'no timer is left')
    assert.equal(this.service.network.open.size, 0, 'no socket is left')
    assert.equal(this.handlers.size, 0, 'no signal is listened to')
    const said = this.stdout + this.stderr
    assert.equal(said.includes('topsecret') || said.includes('tokensecret'), false, 'no secret is said')
    return this.exitStatus
  }

  get lines(): Record<string, unknown>[] {
    return this.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

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

test("JSON lines parse, and acks carry AWS's own names", async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n cam -d m -D 3 --fps 10 --json'), 0)
  assert.equal(kvs.stderr, '')
  const { lines } = kvs
  for (const line of lines) assert.equal(typeof line['event'] === 'string' && typeof line['time'] === 'string', true)
  const events = new Set(lines.map((line) => line['event']))
  for (const event of ['start', 'state', 'stream', 'ack', 'status', 'end']) assert.equal(events.has(event), true, event)
  const acks = lines.filter((line) => line['event'] === 'ack')
  assert.deepEqual(
    acks.slice(0, 3).map((ack) => ack['EventType']),
    ['BUFFERING', 'RECEIVED', 'BUFFERING'],
  )
  for (const ack of acks) {
    assert.deepEqual(Object.keys(ack), ['event', 'time', 'EventType', 'FragmentTimecode', 'FragmentNumber'])
    assert.equal(typeof ack['FragmentTimecode'], 'number')
  }
  const end = lines[lines.length - 1] ?? {}
  assert.deepEqual([end['event'], end['exitStatus'], end['framesLost'], end['fragmentsPersisted']], ['end', 0, 0, 3])
  assert.equal(end['framesPut'], end['framesPersisted'])
})

test('a refused fragment is a JSON line with the id, a loss, and 74', async () => {
  const kvs = new Kvs()
  let refusals = 1
  kvs.service.error = (_fragment, _session, at) => (at === 'end' && refusals-- > 0 ? 4006 : undefined)
  assert.equal(await kvs.run('-n cam -d m -D 4 --fps 10 --json'), 74)
  const of = (event: string) => kvs.lines.filter((line) => line['event'] === event)
  const [ack] = of('ack').filter((line) => line['EventType'] === 'ERROR')
  assert.deepEqual([ack?.['ErrorId'], ack?.['ErrorCode']], [4006, 'CODE_4006'])
  assert.equal(of('lost')[0]?.['reason'], 'refused')
  assert.equal(of('lost')[0]?.['aws'], '4006')
  assert.equal(of('retry').length, 1)
  assert.equal(of('error')[0]?.['code'], 'DATA_LOST')
})

test('bad settings: one message with cause and cure, the right status, nothing asked of the service', async () => {
  const cases: [string, number, string, ((kvs: Kvs) => void)?][] = [
    ['-n cam -d m -s 10', 1, '-s must be 1024 or more'],
    ['-n cam -d m -D -1', 1, '-D must be'],
    ['--colour', 1, '--colour is no option'],
    ['-n cam -d m extra', 1, '"extra" is no command'],
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
    ['-n cam -d m --dump /ro', 74, '/ro', (kvs) => kvs.files.unwritable.add('/ro')],
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
  assert.match(
    kvs.stderr,
    /the command local needs Node\.js\n {2}likely cause: .*\n {2}cure: .*npx kvs-producer local\n/,
  )
  const help = new Kvs()
  assert.equal(await help.run('local --help'), 0)
  assert.match(help.stdout, /^Usage: kvs local/)
  const list = new Kvs()
  assert.equal(await list.run('--help'), 0)
  assert.match(list.stdout, /^ {2}kvs local /m)
})

test('--stats ends with what memory was used, and nothing is said of it otherwise', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n cam -d m -D 2 --stats'), 0)
  assert.match(kvs.stderr, /memory {7}heap 1\.5 MB\n {2}memory {7}resident 3\.0 MB, at most 4\.0 MB\n$/)
  const json = new Kvs()
  assert.equal(await json.run('-n cam -d m -D 2 --stats --json'), 0)
  const [memory, end] = json.lines.slice(-2)
  assert.deepEqual(memory?.['heap'], { nowBytes: 1_500_000, peakBytes: null })
  assert.deepEqual(memory?.['resident'], { nowBytes: 3_000_000, peakBytes: 4_000_000 })
  assert.deepEqual([memory?.['event'], end?.['event']], ['memory', 'end'])
  for (const args of ['-n cam -d m -D 2', '-n cam -d m -D 2 --json']) {
    const without = new Kvs()
    assert.equal(await without.run(args), 0)
    assert.equal(`${without.stdout}${without.stderr}`.includes('memory'), false)
  }
})

test('an endpoint that refuses is tried until the duration is over, and that is said: 75', async () => {
  const kvs = new Kvs()
  kvs.service.dial = () => refusedConnection
  assert.equal(await kvs.run('-n cam -d m -D 20', 30_000), 75)
  assert.equal(kvs.clock.monotonicMs() >= 10_000 && kvs.clock.monotonicMs() <= 30_000, true)
  assert.equal(kvs.stderr.includes('connection refused by control.test'), true)
  assert.equal(kvs.stderr.includes('next try in'), true)
})

test('--give-up-after ends it before', async () => {
  const kvs = new Kvs()
  kvs.service.dial = () => refusedConnection
  assert.equal(await kvs.run('-n cam -d m -D 600 --give-up-after 5', 6000), 75)
})

test('a data endpoint that never answers does not hold it up for ever', async () => {
  const kvs = new Kvs()
  kvs.service.dial = (host) => (host === 'data.test' ? 'silence' : undefined)
  assert.equal(await kvs.run('-n cam -d m -D 10 -s 1024'), 75)
})

test('a service that stores nothing does not hold it up for ever: what it took is reported lost', async () => {
  const kvs = new Kvs()
  kvs.service.persistMs = Number.POSITIVE_INFINITY
  for (let n = 1; n <= 10; n++) {
    const name = `m/h264SampleFrames/frame-${String(n).padStart(3, '0')}.h264`
    kvs.files.contents.set(name, picture(n, n === 1, 100_000))
  }
  assert.equal(await kvs.run('-n cam -d m -D 10 -s 1024'), 75)
  assert.equal(kvs.stderr.includes('not delivered before the end'), true)
})

test('a network that goes for good after the time is over ends it', async () => {
  const kvs = new Kvs()
  kvs.service.bytesPerMs = 5
  for (let n = 1; n <= 10; n++) {
    const name = `m/h264SampleFrames/frame-${String(n).padStart(3, '0')}.h264`
    kvs.files.contents.set(name, picture(n, n === 1, 50_000))
  }
  kvs.start('-n cam -d m -D 10 -s 1024')
  await kvs.clock.advance(15_000)
  kvs.service.dial = () => refusedConnection
  for (const connection of kvs.service.network.open) connection.close(refusedConnection)
  assert.equal(await kvs.end(), 75)
})

test('a slow network is waited for as long as it gets on', async () => {
  const kvs = new Kvs()
  kvs.service.bytesPerMs = 50
  for (let n = 1; n <= 10; n++) {
    const name = `m/h264SampleFrames/frame-${String(n).padStart(3, '0')}.h264`
    kvs.files.contents.set(name, picture(n, n === 1, 40_000))
  }
  assert.equal(await kvs.run('-n cam -d m -D 30 -s 1024 --fps 10'), 0)
  assert.equal(kvs.clock.monotonicMs() > 200_000, true)
})

test('denied: 77 at once', async () => {
  const kvs = new Kvs()
  kvs.service.refuse = () => ({ status: 403, type: 'AccessDeniedException', message: 'User: x is not authorized' })
  assert.equal(await kvs.run('-n cam -d m', 1000), 77)
  assert.equal(kvs.stderr.includes('not authorized'), true)
})

test('a missing stream that may not be created: 69', async () => {
  const kvs = new Kvs()
  assert.equal(await kvs.run('-n other -d m --no-create', 5000), 69)
  assert.equal(kvs.stderr.includes('--no-create'), true)
})

test('a frame that turns out to be none ends the source with 66, after what was taken is stored', async () => {
  for (const content of [new Uint8Array(0), new Uint8Array(50).fill(0x5a)]) {
    const kvs = new Kvs()
    kvs.files.contents.set('m/h264SampleFrames/frame-008.h264', content)
    assert.equal(await kvs.run('-n cam -d m -D 5 --fps 10'), 66)
    assert.equal(kvs.stderr.includes('frame-008.h264'), true)
    assert.equal(kvs.stderr.includes('lost         nothing'), true)
    assert.equal(kvs.service.stored.length, 1)
  }
})

test('a frame larger than the buffer: 66 with the size needed', async () => {
  const kvs = new Kvs()
  kvs.files.contents.set('m/h264SampleFrames/frame-008.h264', picture(8, false, 3_000_000))
  assert.equal(await kvs.run('-n cam -d m -D 5 -s 1024 --fps 10'), 66)
  assert.equal(kvs.stderr.includes('use --size 29'), true)
})

test('a signal brings home what is on its way; nothing lost is 130 or 143', async () => {
  for (const [signal, status] of [
    [2, 130],
    [15, 143],
  ] as const) {
    const kvs = new Kvs()
    kvs.start('-n cam -d m -D 600 --fps 10')
    await kvs.clock.advance(3500)
    kvs.signal(signal)
    assert.equal(await kvs.end(2000), status)
    assert.equal(kvs.stderr.includes('stopping; once more to stop at once'), true)
    assert.equal(kvs.service.stored.length, 4)
  }
})

test('after a signal it ends within 5 s, at a second one at once, and loss goes before the signal', async () => {
  const kvs = new Kvs()
  kvs.service.persistMs = Number.POSITIVE_INFINITY
  kvs.start('-n cam -d m -D 600 --fps 10 --json')
  await kvs.clock.advance(3500)
  kvs.signal(2)
  assert.equal(await kvs.end(5000), 74)
  const twice = new Kvs()
  twice.service.persistMs = Number.POSITIVE_INFINITY
  twice.start('-n cam -d m -D 600 --fps 10 --json')
  await twice.clock.advance(3500)
  twice.signal(2)
  await twice.clock.advance(1000)
  assert.equal(twice.exitStatus, undefined)
  twice.signal(2)
  assert.equal(await twice.end(1), 74)
  assert.equal(twice.lines[twice.lines.length - 1]?.['signal'], 2)
  const early = new Kvs()
  early.service.dial = () => refusedConnection
  early.start('-n cam -d m')
  await early.clock.advance(1500)
  early.signal(15)
  assert.equal(await early.end(5000), 143)
})

test('cut off as the signal comes, what is lost goes before the signal', async () => {
  const kvs = new Kvs()
  kvs.start('-n cam -d m -D 600 --fps 10')
  await kvs.clock.advance(3500)
  kvs.service.dial = () => refusedConnection
  for (const connection of kvs.service.network.open) connection.close(refusedConnection)
  await kvs.clock.advance(2000)
  kvs.signal(2)
  assert.equal(await kvs.end(5000), 74)
})

test('on a terminal one line is written over and over, cut to its width, and cleared', async () => {
  const kvs = new Kvs()
  kvs.columns = 60
  assert.equal(await kvs.run('-n cam -d m -D 5 --fps 10'), 0)
  const shown = kvs.stderr.split('\r\x1b[K').slice(1)
  assert.equal(shown.length > 15, true)
  for (const each of shown) assert.equal((each.split('\n')[0] ?? '').length < 60 || each.includes('kvs:'), true, each)
  assert.equal(
    shown.some((each) => /^00:03\/00:05 live \| \d\.\d Mbit\/s \| \d+ frames\/s/.test(each)),
    true,
  )
  assert.equal(kvs.stderr.includes('\r\x1b[Kkvs: done'), true)
})

test('--quiet says errors only, --log-level silent not even those', async () => {
  const quiet = new Kvs()
  assert.equal(await quiet.run('-n cam -d m -D 2 --quiet'), 0)
  assert.equal(quiet.stderr, '')
  const failing = new Kvs()
  failing.service.refuse = () => ({ status: 403, type: 'AccessDeniedException' })
  assert.equal(await failing.run('-n cam -d m --quiet'), 77)
  assert.equal(failing.stderr.includes('AccessDenied'), true)
  const silent = new Kvs()
  assert.equal(await silent.run('-n cam -d m -D 2 --log-level silent'), 0)
  assert.equal(silent.stderr, '')
  const debug = new Kvs()
  assert.equal(await debug.run('-n cam -d m -D 2 --log-level 2'), 0)
  assert.equal(debug.stderr.includes('PERSISTED'), true)
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
