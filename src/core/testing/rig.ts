/** A producer in front of the fake service: everything that a scenario needs, and the sums that must hold after each. */

import type { CredentialProvider } from '../aws/credentials/credentials.ts'
import type { ProducerEvent } from '../events.ts'
import { portableSearch } from '../frame/codec/search.ts'
import type { Frame } from '../frame/frame.ts'
import type { ProducerOptions } from '../options.ts'
import type { Blocks, Clock, Platform } from '../platform.ts'
import { Producer } from '../producer.ts'
import { framesLost } from '../stats.ts'
import type { Summary } from '../summary.ts'
import { hex } from '../text.ts'
import { FakeClock } from './fakeClock.ts'
import { controlOrigin, FakeService } from './fakeService.ts'
import { numberOf } from './media.ts'
import { must, mustBe } from './must.ts'
import type { StoredFragment } from './putSession.ts'
import { testCrypto } from './testCrypto.ts'

const silent = () => undefined
export const testCredentials: CredentialProvider = () =>
  Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' })

/** Blocks that are counted and never used after they are given back. */
export class CountedBlocks implements Blocks {
  readonly blockBytes: number
  held = 0
  most = 0
  /** Whether the machine has no memory left. */
  spent: () => boolean = () => false
  readonly #out = new Set<Uint8Array>()

  constructor(blockBytes: number) {
    this.blockBytes = blockBytes
  }

  take(): Uint8Array | null {
    if (this.spent()) return null
    const block = new Uint8Array(this.blockBytes).fill(0xee)
    this.#out.add(block)
    this.held += this.blockBytes
    this.most = Math.max(this.most, this.held)
    return block
  }

  give(block: Uint8Array): void {
    must(this.#out.delete(block), 'a block is given back once')
    this.held -= this.blockBytes
    // Whoever still reads it gets rubbish.
    block.fill(0xdd)
  }
}

/** Passes on to another clock, and knows how many timers set here are still to come. */
export class CountedClock implements Clock {
  pending = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  setTimer(delayMs: number, task: () => void) {
    let waiting = true
    const over = () => {
      if (waiting) this.pending--
      waiting = false
    }
    this.pending++
    const timer = this.#clock.setTimer(delayMs, () => {
      over()
      task()
    })
    return {
      cancel: () => {
        over()
        timer.cancel()
      },
    }
  }
}

export function testPlatform(clock: Clock, service: FakeService, blocks: Blocks): Platform {
  let random = 1
  return {
    clock,
    connect: service.network.connect,
    crypto: testCrypto,
    random: (bytes) => {
      for (let i = 0; i < bytes.length; i++) bytes[i] = random = (random * 75 + 74) % 65_537
    },
    blocks,
    search: portableSearch,
    log: { debug: silent, info: silent, warn: silent, error: silent },
  }
}

export class Rig {
  readonly clock = new FakeClock()
  readonly service = new FakeService(this.clock)
  /** The producer's view of the clock. */
  readonly ownClock = new CountedClock(this.clock)
  readonly blocks: CountedBlocks
  readonly events: ProducerEvent[] = []
  readonly producer: Producer
  summary: Summary | undefined
  /** Sees each event as it happens. */
  onEvent: (event: ProducerEvent) => void = silent

  constructor(options: Partial<ProducerOptions> = {}, blockBytes = 1024, platform: Partial<Platform> = {}) {
    this.blocks = new CountedBlocks(blockBytes)
    this.service.addStream('cam')
    this.producer = new Producer(
      { ...testPlatform(this.ownClock, this.service, this.blocks), ...platform },
      {
        streamName: 'cam',
        region: 'us-west-2',
        endpoint: controlOrigin,
        credentials: testCredentials,
        tracks: [{ codec: 'h264' }, { codec: 'aac', sampleRateHz: 48_000, channels: 2 }],
        bufferBytes: 256 * 1024,
        create: true,
        retentionHours: 2,
        mediaType: 'video/h264,audio/aac',
        tags: {},
        userAgent: 'test/1',
        ...options,
      },
      (event) => {
        this.events.push(event)
        this.onEvent(event)
        if (event.type === 'end') this.summary = event.summary
      },
    )
  }

  /** Puts frames when their time comes, waiting where there is no room; those after the end are dropped. */
  async play(frames: readonly Frame[]): Promise<void> {
    const { clock, producer } = this
    const startMs = clock.monotonicMs() - (frames[0]?.dts ?? 0)
    for (const frame of frames) {
      const waitMs = startMs + frame.dts - clock.monotonicMs()
      if (waitMs > 0) await clock.advance(waitMs)
      await this.put(frame)
      if (this.summary !== undefined) return
    }
    must(producer.stats.framesPut > 0, 'a frame is put')
  }

  /** Puts one frame, waiting for room; false where the producer has ended first. */
  async put(frame: Frame): Promise<boolean> {
    while (this.summary === undefined) {
      if (this.producer.putFrame(frame)) return true
      let room = false
      this.producer.whenRoom(() => {
        room = true
      })
      await this.clock.until(() => room)
    }
    return false
  }

  /** Starts, and waits until frames can go out at once. */
  async ready(): Promise<this> {
    this.producer.start()
    await this.clock.until(() => this.producer.state === 'idle')
    return this
  }

  /** Stops, waits for the end, and checks everything that holds after any scenario. */
  async finish(timeoutMs = 120_000): Promise<Summary> {
    const ended = this.producer.stop(timeoutMs)
    await this.clock.until(() => this.summary !== undefined, timeoutMs + 1)
    return this.over(await ended)
  }

  /** The invariants, and that nothing is left behind. */
  async over(summary: Summary): Promise<Summary> {
    const { stats } = summary
    const lost = framesLost(stats)
    const { recovered, spooled } = stats
    const frames = stats.framesPersisted + lost + stats.framesDiscarded + spooled.frames
    mustBe(stats.framesPut + recovered.frames, frames, 'frames, which add up')
    const bytesLost = Object.values(stats.lost).reduce((sum, loss) => sum + loss.bytes, 0)
    const bytes = stats.bytesPersisted + bytesLost + stats.bytesDiscarded + spooled.bytes
    mustBe(stats.bytesPut + recovered.bytes, bytes, 'bytes, which add up')
    mustBe(summary.exitStatus === 0, summary.error === null, 'a status of 0, as without an error')
    if (lost > 0) must(summary.exitStatus !== 0, 'a loss shows in the status')
    mustBe(this.service.network.open.size, 0, 'sockets left')
    await this.clock.advance(0)
    mustBe(this.ownClock.pending, 0, 'timers left')
    must(this.blocks.held <= this.blocks.blockBytes, 'the buffer is given back')
    return summary
  }

  /** No session has sent what the service would refuse. */
  assertSound(): void {
    for (const session of this.service.sessions) {
      mustBe(session.faults.join('; '), '', 'faults')
      if (session.fragments.length > 0) mustBe(session.ebmlHeaders, 1, 'EBML headers')
    }
  }

  /** Numbers of the frames that the service has stored, silence left out, a fragment stored twice counted once. */
  storedNumbers(): number[] {
    const once = new Map<number, StoredFragment>()
    for (const fragment of this.service.stored) {
      const { timecodeMs, bytes } = fragment
      const before = once.get(timecodeMs)
      if (before !== undefined) must(hex(bytes) === hex(before.bytes), `${timecodeMs}, stored twice, is the same`)
      once.set(timecodeMs, fragment)
    }
    const frames = [...once.values()].flatMap((fragment) => fragment.frames)
    return frames.filter((frame) => frame.data.length > 6).map((frame) => numberOf(frame.data))
  }

  of<T extends ProducerEvent['type']>(type: T): Extract<ProducerEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ProducerEvent, { type: T }> => event.type === type)
  }
}
