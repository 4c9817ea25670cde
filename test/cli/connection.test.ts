/** Connections that break, are refused, or are slow: all that was put arrives once, and nothing turns in circles meanwhile. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { picture } from '../../src/core/testing/media.ts'
import { assertAccounted, breaks } from '../drive/bad.ts'
import { startEndpoint, type TestEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { endOf, type JsonLine, jsonLines, type KvsRun, startKvs } from '../drive/kvs.ts'
import { processTimeMs } from '../drive/processTime.ts'
import { type Relay, type RelayOptions, shown, startRelayed } from '../drive/relay.ts'
import { assertMedia, expectedAudio, expectedVideo, samples, writeFrames } from '../drive/source.ts'
import { once, storedClusters } from '../drive/stored.ts'

/** The run has ended well and the endpoint has each frame of the samples; returns the lines of `--json`. */
async function assertWhole(
  run: KvsRun,
  endpoint: TestEndpoint,
  name: string,
  seconds: number,
): Promise<readonly JsonLine[]> {
  const { status, stdout, stderr } = await run.exited()
  assert.equal(status, 0, stderr + stdout)
  const lines = jsonLines(stdout)
  await assertAccounted(endOf(lines), endpoint, name)
  const expected = [
    await expectedVideo(samples, 'h264', seconds * 1000),
    await expectedAudio(samples, 'aac', seconds * 1000),
  ]
  assertMedia(once(await storedClusters(await endpoint.media(name))), expected)
  return lines
}

function retryCodes(lines: readonly JsonLine[]): readonly unknown[] {
  return lines.filter((line) => line['event'] === 'retry').map((line) => line['code'])
}

describe('the connection breaks in mid-stream', { concurrency: 2 }, () => {
  const manners: readonly (readonly [how: string, breakOff: (relay: Relay) => void])[] = [
    ['with a reset', (relay) => relay.reset()],
    ['with an end of TCP and none of TLS', (relay) => relay.cut()],
  ]
  for (const [how, breakOff] of manners) {
    test(`${how}: all is sent again, and waiting costs no processor time`, async (t) => {
      const { relay, endpoint } = await startRelayed(t)
      const run = startKvs(t, ['-n', 'break', '-d', samples, '-D', '8', '--json'], { env: endpoint.env })
      await run.ack('PERSISTED')
      relay.away = true
      breakOff(relay)
      await run.line((line) => line['event'] === 'retry')
      await assertCalm(run)
      relay.away = false
      const lines = await assertWhole(run, endpoint, 'break', 8)
      assert.ok(retryCodes(lines).every((code) => code === 'CONNECTION_LOST' || code === 'CONNECT_FAILED'))
      assert.equal(endOf(lines)['framesLost'], 0)
    })
  }
})

/** A process that turns in circles uses all of a processor, or half where it shares it; one that waits next to nothing. */
async function assertCalm(run: KvsRun): Promise<void> {
  const pid = run.pid ?? 0
  const [fromMs, fromUsedMs] = [performance.now(), await processTimeMs(pid)]
  await delay(2000)
  const usedMs = (await processTimeMs(pid)) - fromUsedMs
  const share = usedMs / (performance.now() - fromMs)
  assert.ok(share < 0.3, `it used ${Math.round(share * 100)} % of a processor while there was nothing to do`)
}

describe('nobody listens', { concurrency: 2 }, () => {
  test('refused, given up', async (t) => {
    const { env, port } = await closedPort(t)
    const args = ['-n', 'refused', '-d', samples, '-D', '5', '--give-up-after', '2']
    const { error } = await breaks(t, args, { env }, 75, 'GAVE_UP')
    assert.equal(error['message'], `gave up: localhost:${port} refused the connection`)
    assert.equal(error['cause'], 'nothing listens there, or a firewall is in the way')
  })

  test('refused, until somebody does', async (t) => {
    const { env, port } = await closedPort(t)
    const run = startKvs(t, ['-n', 'later', '-d', samples, '-D', '8', '--json'], { env })
    await run.line((line) => line['event'] === 'retry')
    const endpoint = await startEndpoint(t, { port, directory: env.directory })
    assert.deepEqual(new Set(retryCodes(await assertWhole(run, endpoint, 'later', 8))), new Set(['CONNECT_FAILED']))
  })
})

/** Where an endpoint has been and will be, on a port where nobody listens now. */
async function closedPort(t: TestContext) {
  const directory = await temporaryFolder(t)
  const endpoint = await startEndpoint(t, { directory })
  await endpoint.local.stop()
  return { env: { ...endpoint.env, directory }, port: endpoint.local.port }
}

describe('a slow connection', { concurrency: 2 }, () => {
  const overTls: RelayOptions['tls'] = (authority) => shown(authority.serverCertificate(['localhost'], Date.now()))

  test('acks that come byte by byte', async (t) => {
    const { endpoint } = await startRelayed(t, { tls: overTls, byteByByte: true })
    const run = startKvs(t, ['-n', 'bytes', '-d', samples, '-D', '4', '--json'], { env: endpoint.env })
    const lines = await assertWhole(run, endpoint, 'bytes', 4)
    const { sessions, sessionsFailed, acks } = endOf(lines)
    assert.deepEqual({ sessions, sessionsFailed }, { sessions: 1, sessionsFailed: 0 })
    const fragments = (await endpoint.media('bytes')).fragments().length
    assert.deepEqual(acks, { BUFFERING: fragments, RECEIVED: fragments, PERSISTED: fragments, ERROR: 0, IDLE: 0 })
  })

  test('a reader that stops, then reads slowly: the source waits, nothing is lost', async (t) => {
    const { relay, endpoint } = await startRelayed(t)
    const directory = await temporaryFolder(t)
    // Far more than the buffer and what kernels keep on the way.
    const frames = Array.from({ length: 100 }, (_, n) => picture(n, n % 25 === 0, 200_000))
    await writeFrames(directory, 'h264', frames)
    const args = ['-n', 'slow', '-d', directory, '-D', '4', '-s', '2048', '--json']
    const run = startKvs(t, args, { env: endpoint.env })
    await run.line((line) => line['event'] === 'state' && line['state'] === 'streaming')
    relay.readSlowly(0)
    await run.line((line) => line['event'] === 'status' && Number(line['bufferedBytes']) > 1_500_000)
    relay.readSlowly(4_000_000)
    const { status, stdout } = await run.exited()
    assert.equal(status, 0, stdout)
    const end = endOf(jsonLines(stdout))
    await assertAccounted(end, endpoint, 'slow')
    const { framesPut, framesPersisted, framesLost, sessions } = end
    assert.deepEqual([framesPut, framesPersisted, framesLost, sessions], [100, 100, 0, 1])
  })
})
