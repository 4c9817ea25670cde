/** What is said while it streams, for people and for programs. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kvs } from './testing/kvs.ts'

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
