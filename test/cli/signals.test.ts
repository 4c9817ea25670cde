/** Ctrl-C and SIGTERM: a quick end in which nothing is lost, and a quicker one. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertAccounted, assertBalanced } from '../drive/bad.ts'
import { startEndpoint } from '../drive/endpoint.ts'
import { EndpointProcess } from '../drive/endpointProcess.ts'
import { endOf, jsonLines, startKvs } from '../drive/kvs.ts'
import { assertMedia, expectedAudio, expectedVideo, samples } from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'

/** The bound for the end after Ctrl-C. */
const stopBoundMs = 5000

describe('signals', { concurrency: 2 }, () => {
  for (const [name, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`${name}: everything is stored, and quickly`, async (t) => {
      const endpoint = await startEndpoint(t)
      const run = startKvs(t, ['-n', 'stop', '-d', samples, '-D', '60', '--json'], { env: endpoint.env })
      await run.ack('PERSISTED')
      const startMs = performance.now()
      run.signal(name)
      const exit = await run.exited()
      assert.ok(performance.now() - startMs <= stopBoundMs)
      assert.deepEqual([exit.status, exit.signal, exit.stderr], [status, null, ''])
      const end = endOf(jsonLines(exit.stdout))
      assert.equal(end['framesLost'], 0)
      await assertAccounted(end, endpoint, 'stop')
      const expected = [await expectedVideo(samples, 'h264', 60_000), await expectedAudio(samples, 'aac', 60_000)]
      assertMedia(await storedClusters(await endpoint.media('stop')), expected, false)
    })
  }

  test('before anything has been reached', async (t) => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      CONTROL_PLANE_URI: 'https://localhost:9',
    }
    const run = startKvs(t, ['-d', samples, '--json'], { env })
    await run.line((line) => line['event'] === 'retry')
    const startMs = performance.now()
    run.signal('SIGINT')
    const exit = await run.exited()
    assert.ok(performance.now() - startMs <= stopBoundMs)
    assert.equal(exit.status, 130)
    assertBalanced(endOf(jsonLines(exit.stdout)))
  })

  test('the service hangs: within five seconds it ends, and what is not confirmed is said to be lost', async (t) => {
    const endpoint = await EndpointProcess.start(t)
    const run = startKvs(t, ['-d', samples, '-D', '60', '--json'], { env: endpoint.env })
    await run.ack('PERSISTED')
    endpoint.halt()
    run.signal('SIGINT')
    const exit = await run.exited()
    assert.equal(exit.status, 74, exit.stderr)
    const lines = jsonLines(exit.stdout)
    const end = endOf(lines)
    const stopping = lines.find((line) => line['event'] === 'stopping')
    const tookMs = Date.parse(String(end['time'])) - Date.parse(String(stopping?.['time']))
    assert.ok(tookMs <= stopBoundMs, `${tookMs} ms`)
    assertBalanced(end)
    assert.ok(Number(end['framesLost']) > 0)
    assert.match(JSON.stringify(end['lost']), /not-delivered/)
  })

  test('the service hangs: a second Ctrl-C ends at once', async (t) => {
    const endpoint = await EndpointProcess.start(t)
    const run = startKvs(t, ['-d', samples, '-D', '60', '--json'], { env: endpoint.env })
    await run.ack('PERSISTED')
    endpoint.halt()
    const startMs = performance.now()
    run.signal('SIGINT')
    await run.line((line) => line['event'] === 'stopping')
    run.signal('SIGINT')
    const exit = await run.exited()
    assert.ok(performance.now() - startMs <= stopBoundMs)
    assert.equal(exit.status, 74)
    assertBalanced(endOf(jsonLines(exit.stdout)))
  })
})
