/** `kvs local` under kill -9: what was acknowledged as PERSISTED is there afterwards, to the byte. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video'
import { type Ack, putMedia } from '../src/node/index.ts'
import { clusterStart, cSdk, header, simpleBlock } from './drive/cMatroska.ts'
import { startEndpoint } from './drive/endpoint.ts'
import { EndpointProcess } from './drive/endpointProcess.ts'
import { sdkClients } from './drive/sdk.ts'
import { once, storedClusters } from './drive/stored.ts'
import { within } from './drive/within.ts'

const streamName = 'killed'
const framesPerFragment = 8
const frameBytes = 20_000
const head = header(cSdk, Buffer.alloc(16, 7), { width: 16, height: 16, avcC: Buffer.alloc(45, 1) }, null)

/** A frame that nothing but its place determines. */
function frameOf(timecode: number, n: number): Buffer {
  const seed = createHash('sha256').update(`${timecode}/${n}`).digest()
  return Buffer.concat(Array.from({ length: frameBytes / 32 + 1 }, () => seed)).subarray(0, frameBytes + n)
}

function fragmentOf(timecode: number): Buffer {
  const blocks = Array.from({ length: framesPerFragment }, (_, n) => {
    return simpleBlock(1, n * 40, n === 0, frameOf(timecode, n))
  })
  return Buffer.concat([clusterStart(timecode), ...blocks])
}

/**
 * Sends fragments as fast as they are taken, without a pause in which anything else could run, and kills the endpoint after so many bytes, whatever it is doing then.
 * Returns the timecodes acknowledged as PERSISTED before.
 */
async function sendAndKill(
  endpoint: EndpointProcess,
  firstTimecode: number,
  killAt: number,
): Promise<readonly number[]> {
  const session = await putMedia({ ...endpoint.service, streamName })
  const persisted: number[] = []
  const onAck = ({ type, timecodeMs }: Ack) => {
    if (type === 'PERSISTED' && timecodeMs !== null) persisted.push(timecodeMs)
  }
  const reading = (async () => {
    for await (const ack of session.acks()) onAck(ack)
  })().catch(() => undefined)
  let sent = 0
  let killed: Promise<void> | undefined
  const send = async (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += 16_384) {
      const piece = bytes.subarray(at, at + 16_384)
      sent += piece.length
      if (sent >= killAt) killed ??= endpoint.kill()
      await session.write(piece)
    }
  }
  try {
    await send(head)
    for (let timecode = firstTimecode; ; timecode += 1000) await send(fragmentOf(timecode))
  } catch {
    // The connection has broken, as it must.
  }
  await killed
  await within(reading, () => 'the end of the acks of a broken session')
  return persisted
}

test('kill -9 at any moment of writing', async (t) => {
  const endpoint = await EndpointProcess.start(t)
  const { endpoint: url, region, caPath, credentials } = endpoint.service
  const { control } = await sdkClients(t, { url, region, caFile: caPath, credentials })
  await control.send(new CreateStreamCommand({ StreamName: streamName, DataRetentionInHours: 2 }))
  const persisted: number[] = []
  let timecode = Date.now()
  const rounds = 4
  for (let round = 0; round < rounds; round++) {
    const killAt = Math.round(2_000_000 + Math.random() * 8_000_000)
    const confirmed = await sendAndKill(endpoint, timecode, killAt)
    t.diagnostic(`killed after ${killAt} bytes, ${confirmed.length} fragments confirmed`)
    persisted.push(...confirmed)
    timecode += 1_000_000
    if (round < rounds - 1) await endpoint.restart()
  }
  assert.ok(persisted.length > 0, 'too little was confirmed to prove anything')

  const again = await startEndpoint(t, { directory: endpoint.directory })
  const clusters = once(await storedClusters(await again.media(streamName)))
  const kept = new Map(clusters.map((cluster) => [cluster.timecode, cluster]))
  for (const each of persisted) assert.ok(kept.has(each), `fragment ${each} was confirmed and is gone`)
  // What was not confirmed may be there, but then whole.
  for (const cluster of kept.values()) {
    assert.equal(cluster.frames.length, framesPerFragment)
    for (const [n, { data, timeMs }] of cluster.frames.entries()) {
      assert.ok(data.equals(frameOf(cluster.timecode, n)), `frame ${n} of fragment ${cluster.timecode}`)
      assert.equal(timeMs, cluster.timecode + n * 40)
    }
  }
  const numbers = (await again.media(streamName)).fragments().map((fragment) => BigInt(fragment.number))
  assert.ok(
    numbers.every((number, n) => n === 0 || number > (numbers[n - 1] ?? 0n)),
    'numbers rise in order of arrival',
  )
})
