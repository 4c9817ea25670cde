/** What memory the executable takes, by its own counters (`--stats`), which hold under an emulator as well. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startEndpoint } from '../drive/endpoint.ts'
import { EndpointProcess } from '../drive/endpointProcess.ts'
import { jsonLines, runKvs, startKvs } from '../drive/kvs.ts'
import { largePictures, samples } from '../drive/source.ts'

const bufferKiB = 1024
/** Less than a picture's worth is free. */
const nearlyFullBytes = (bufferKiB - 48) * 1024

interface Use {
  readonly nowBytes: number
  readonly peakBytes: number
}

function memoryOf(stdout: string): { readonly engine: Use; readonly TLS: Use; readonly media: Use } {
  const memory = jsonLines(stdout).find((line) => line['event'] === 'memory')
  assert.ok(memory, stdout)
  return memory as unknown as ReturnType<typeof memoryOf>
}

/** The same for all streams. */
function assertConstantPart(t: TestContext, { engine, TLS, media }: ReturnType<typeof memoryOf>): void {
  t.diagnostic(`at most ${engine.peakBytes} bytes of the engine, ${TLS.peakBytes} of TLS, ${media.peakBytes} of media`)
  for (const { nowBytes, peakBytes } of [engine, TLS, media]) assert.ok(nowBytes >= 0 && peakBytes >= nowBytes)
  assert.ok(engine.peakBytes > 0 && engine.peakBytes <= 800 * 1024, `engine: ${engine.peakBytes} bytes`)
  assert.ok(TLS.peakBytes > 0 && TLS.peakBytes <= 112 * 1024, `TLS: ${TLS.peakBytes} bytes`)
}

describe('memory', { concurrency: 2 }, () => {
  test('follows what is in flight: far below --size where the service confirms', async (t) => {
    const { env } = await startEndpoint(t)
    const args = ['-d', samples, '-D', '5', '-s', String(bufferKiB), '--json', '--stats']
    const { status, stdout } = await runKvs(t, args, { env })
    assert.equal(status, 0, stdout)
    const memory = memoryOf(stdout)
    assertConstantPart(t, memory)
    assert.ok(memory.media.peakBytes <= 400 * 1024, `media: ${memory.media.peakBytes} bytes`)
  })

  test('never exceeds --size where the service confirms nothing', async (t) => {
    const endpoint = await EndpointProcess.start(t)
    const args = ['-d', await largePictures(t), '-s', String(bufferKiB), '--json', '--stats']
    const run = startKvs(t, args, { env: endpoint.env })
    await run.ack('BUFFERING')
    endpoint.halt()
    await run.line((line) => line['event'] === 'status' && Number(line['bufferedBytes']) >= nearlyFullBytes)
    run.signal('SIGINT')
    const { status, stdout } = await run.exited()
    assert.equal(status, 74, stdout)
    const memory = memoryOf(stdout)
    assertConstantPart(t, memory)
    const { peakBytes } = memory.media
    assert.ok(peakBytes >= nearlyFullBytes && peakBytes <= bufferKiB * 1024, `media: ${peakBytes} bytes`)
  })
})
