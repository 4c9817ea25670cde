/** A live source: pictures come when they come, and Ctrl-C ends it without losing what is on its way. */

import { readdirSync, readFileSync } from 'node:fs'
import { setInterval } from 'node:timers/promises'
import { Producer } from 'kvs-producer'

const frames = new URL('../samples/h264SampleFrames/', import.meta.url)
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())

const producer = new Producer({ streamName: 'camera-example', tracks: [{ codec: 'h264' }] })
producer.on('stream', ({ arn, created }) => console.log(created ? 'created' : 'found', arn))
producer.on('ack', ({ type, timecodeMs }) => console.log(type, timecodeMs))
producer.on('retry', (error, delayMs) => console.warn(`${error.message}; next try in ${delayMs} ms`))
producer.on('lost', ({ frames, reason }) => console.warn(`${frames} frames lost: ${reason}`))

/** Stands for a camera: 25 pictures a second, with the time at which each was taken. */
async function* camera() {
  const names = readdirSync(frames).sort()
  const startMs = performance.now()
  for await (const _ of setInterval(40, undefined, { signal: stop.signal })) {
    const pts = performance.now() - startMs
    const name = names[Math.floor(pts / 40) % names.length] ?? ''
    yield { pts, data: readFileSync(new URL(name, frames)) }
    if (pts > 10_000) return
  }
}

try {
  // Waiting here holds the camera up; a camera that cannot wait would skip to its next key frame instead.
  for await (const frame of camera()) while (!producer.putFrame(frame)) await producer.drained()
} catch (error) {
  if (!stop.signal.aborted) throw error
} finally {
  const { stats, error } = await producer.stop({ timeoutMs: 5000 })
  console.log(`${stats.framesPut} frames put, ${stats.framesPersisted} stored`)
  if (error !== null) console.error(error.explain())
}
