/** Frames as fast as a producer takes them, until the last of them is confirmed. */

import type { Credentials } from '../src/core/aws/credentials/credentials.ts'
import { cpuSeconds } from './children.ts'
import { FrameLoop, type Recording } from './media.ts'
import { loadProducer } from './product.ts'

export interface Target {
  readonly url: string
  /** PEM of the authority to trust. */
  readonly ca: string
  readonly credentials: Credentials
}

export interface ProducerRun {
  readonly frames: number
  readonly frameBytes: number
  /** Matroska. */
  readonly bytesSent: number
  /** From the first frame put until the last PERSISTED. */
  readonly seconds: number
  /** CPU time of this process in that time. */
  readonly cpuSeconds: number
}

const { Producer, nodePlatform, parseEndpoint, staticCredentials } = await loadProducer()

/** Media of many seconds, and still little enough for a processor's cache, as media on its way is in real life. */
const bufferBytes = 8 * 1024 * 1024

/** @param frames how many to put, over all tracks */
export function runProducer(target: Target, recording: Recording, frames: number): Promise<ProducerRun> {
  const loop = new FrameLoop(recording)
  let left = frames
  let began = { ms: 0, cpuSeconds: 0 }
  let endedMs = 0
  return new Promise((resolve, reject) => {
    const feed = () => {
      while (left > 0 && producer.putFrame(loop.frame)) {
        loop.advance()
        left--
      }
      if (left > 0) producer.whenRoom(feed)
      else producer.stop(60_000).catch(reject)
    }
    const producer = new Producer(
      nodePlatform({ ca: [Buffer.from(target.ca)] }),
      optionsOf(target, recording),
      (event) => {
        if (event.type === 'state' && event.state === 'streaming') {
          began = now()
          // Not from within the session that is just opening: as a caller would.
          setImmediate(feed)
        } else if (event.type === 'ack' && event.ack.type === 'PERSISTED') {
          endedMs = performance.now()
        } else if (event.type === 'retry') {
          reject(event.error)
        } else if (event.type === 'end') {
          const { stats, error } = event.summary
          if (error !== null || stats.framesPersisted !== frames) {
            reject(error ?? new Error(`${stats.framesPersisted} of ${frames} frames are persisted`))
            return
          }
          resolve({
            frames,
            frameBytes: stats.bytesPersisted,
            bytesSent: stats.bytesSent,
            seconds: (endedMs - began.ms) / 1000,
            cpuSeconds: cpuSeconds() - began.cpuSeconds,
          })
        }
      },
    )
    // A session opens when there is media: the first frame is put at once.
    if (producer.putFrame(loop.frame)) {
      loop.advance()
      left--
    }
    producer.start()
  })
}

function optionsOf({ url, credentials }: Target, { tracks }: Recording) {
  return {
    streamName: 'bench',
    region: 'us-west-2',
    endpoint: parseEndpoint(url),
    credentials: staticCredentials(credentials),
    tracks: tracks.map(({ options }) => options),
    bufferBytes,
    create: true,
    retentionHours: 2,
    mediaType: 'video/h264',
    tags: {},
    fragmentsPerSecond: Number.POSITIVE_INFINITY,
    // Media outruns the clock: its times begin long ago, or the service would refuse them as of the future.
    ptsOriginMs: Date.now() - 48 * 3_600_000,
    userAgent: 'kvs-producer-bench',
  }
}

function now() {
  return { ms: performance.now(), cpuSeconds: cpuSeconds() }
}
