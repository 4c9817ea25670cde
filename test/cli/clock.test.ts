/** Clocks that are wrong: by minutes and hours corrected, by decades told; either way media ends up in the right time. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startEndpoint } from '../drive/endpoint.ts'
import { endOf, type JsonLine, jsonLines, runKvs, startKvs } from '../drive/kvs.ts'
import { shown, startRelayed } from '../drive/relay.ts'
import { assertMedia, expectedAudio, expectedVideo, samples } from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** What the service's Date, in whole seconds, and the way of the answer leave open. */
const slackMs = 5000

/** Streams 2 s to an endpoint that is ahead by `aheadMs`; returns what `kvs` said on standard output and error. */
async function streamed(t: TestContext, aheadMs: number, ...more: readonly string[]) {
  const nowMs = () => Date.now() + aheadMs
  const endpoint = await startEndpoint(t, { nowMs })
  const fromMs = nowMs()
  const exit = await runKvs(t, ['-n', 'clock', '-d', samples, '-D', '2', ...more], { env: endpoint.env })
  const toMs = nowMs()
  assert.equal(exit.status, 0, exit.stderr + exit.stdout)
  const clusters = await storedClusters(await endpoint.media('clock'))
  assertMedia(clusters, [await expectedVideo(samples, 'h264', 2000), await expectedAudio(samples, 'aac', 2000)])
  const firstMs = clusters[0]?.timecode ?? 0
  assert.ok(firstMs > fromMs - slackMs && firstMs < toMs + slackMs, `${firstMs} is not between ${fromMs} and ${toMs}`)
  return { ...exit, endpoint }
}

function warnings(lines: readonly JsonLine[]): readonly string[] {
  return lines.filter((line) => line['event'] === 'warning').map((line) => String(line['message']))
}

const wrongClocks: readonly (readonly [aheadMs: number, said: string, refused: number])[] = [
  [3 * hourMs, '3 h behind', 1],
  [-3 * hourMs, '3 h ahead of', 1],
  [3 * minuteMs, '3 min behind', 0],
  [-3 * minuteMs, '3 min ahead of', 0],
]

describe('a clock that is wrong', { concurrency: 2 }, () => {
  for (const [aheadMs, said, refused] of wrongClocks) {
    const message = `the clock of this machine is ${said} the service's: corrected for this run; set the clock`

    test(`${said} the service's: corrected for signatures and timecodes, and said once`, async (t) => {
      const { stdout, endpoint } = await streamed(t, aheadMs, '--json')
      const lines = jsonLines(stdout)
      assert.deepEqual(warnings(lines), [message])
      const { sessions, sessionsFailed, timesRepaired } = endOf(lines)
      assert.deepEqual(
        { sessions, sessionsFailed, timesRepaired },
        { sessions: 1, sessionsFailed: 0, timesRepaired: 0 },
      )
      const late = endpoint.events.filter((event) => event.type === 'refused' && /Signature/.test(event.error.message))
      assert.equal(late.length, refused)
    })
  }

  test('people are told, too', async (t) => {
    const { stderr } = await streamed(t, 3 * hourMs)
    const line = "kvs: the clock of this machine is 3 h behind the service's: corrected for this run; set the clock"
    assert.equal(stderr.split('\n').filter((each) => each === line).length, 1, stderr)
  })

  test('by a second: that is nothing to speak of', async (t) => {
    const { stdout } = await streamed(t, 1000, '--json')
    assert.deepEqual(warnings(jsonLines(stdout)), [])
  })
})

test('before the certificate is valid, as in 1970: says so, goes on trying, and streams when the time has come', async (t) => {
  const { relay, endpoint } = await startRelayed(t, {
    tls: (authority) => shown(authority.serverCertificate(['localhost'], Date.now() + 2 * dayMs)),
  })
  const run = startKvs(t, ['-n', 'early', '-d', samples, '-D', '30', '--json'], { env: endpoint.env })
  let tries = 0
  await run.line((line) => line['event'] === 'retry' && ++tries === 2)
  assert.equal(relay.receivedBytes, 0)
  relay.show(relay.authority.serverCertificate(['localhost'], Date.now()))
  await run.ack('PERSISTED')
  run.signal('SIGINT')
  const { status, stdout } = await run.exited()
  const lines = jsonLines(stdout)
  const retries = lines.filter((line) => line['event'] === 'retry')
  for (const { code, cause, cure } of retries) {
    assert.deepEqual([code, cause, cure], ['CERTIFICATE_TIME', 'the clock of this machine is wrong', 'set the clock'])
  }
  assert.equal(status, 130, stdout)
  const { framesPut, framesPersisted } = endOf(lines)
  assert.equal(framesPersisted, framesPut)
})

test('before the certificate is valid, for all of the duration: given up with the cure', async (t) => {
  const { endpoint } = await startRelayed(t, {
    tls: (authority) => shown(authority.serverCertificate(['localhost'], Date.now() + 2 * dayMs)),
  })
  const { status, stderr } = await runKvs(t, ['-n', 'never', '-d', samples, '-D', '2'], { env: endpoint.env })
  assert.equal(status, 75, stderr)
  assert.match(stderr, /certificate of localhost:\d+ is not yet valid; next try in/)
  assert.match(
    stderr,
    /gave up: the certificate of localhost:\d+ is not yet valid\n.*is wrong\n {2}cure: set the clock\n$/,
  )
})
