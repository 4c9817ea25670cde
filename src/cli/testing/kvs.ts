import type { Process } from '../../core/platform.ts'
import { FakeClock } from '../../core/testing/fakeClock.ts'
import { FakeService } from '../../core/testing/fakeService.ts'
import { ForgetfulFiles } from '../../core/testing/forgetfulFiles.ts'
import { packet, picture } from '../../core/testing/media.ts'
import { MemoryFiles } from '../../core/testing/memoryFiles.ts'
import { must, mustBe } from '../../core/testing/must.ts'
import { CountedBlocks, CountedClock, testPlatform } from '../../core/testing/rig.ts'
import type { Host } from '../command.ts'
import { localSyntax } from '../commands/localSyntax.ts'
import { needsNode } from '../commands/needsNode.ts'
import { streamCommand } from '../commands/stream.ts'
import { main } from '../main.ts'

/** `kvs` on a fake host: what it says, and how it ends. */
export class Kvs {
  readonly clock = new FakeClock()
  readonly ownClock = new CountedClock(this.clock)
  readonly service = new FakeService(this.clock)
  readonly files = new MemoryFiles()
  readonly storage = new ForgetfulFiles()
  readonly env: Record<string, string | undefined> = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE1234',
    AWS_SECRET_ACCESS_KEY: 'topsecret',
    AWS_SESSION_TOKEN: 'tokensecret',
    CONTROL_PLANE_URI: 'https://control.test',
  }
  stdout = ''
  stderr = ''
  columns = 0
  readonly handlers = new Set<(signal: number) => void>()
  exitStatus: number | undefined

  constructor() {
    this.service.addStream('cam')
    this.putPictures(900)
    for (let n = 1; n <= 10; n++) this.files.contents.set(`m/aacSampleFrames/sample-${numbered(n)}.aac`, packet(n))
  }

  /** Ten pictures of this size, the first of them a key frame, in place of those that were there. */
  putPictures(sizeBytes: number): void {
    for (let n = 1; n <= 10; n++) {
      this.files.contents.set(`m/h264SampleFrames/frame-${numbered(n)}.h264`, picture(n, n === 1, sizeBytes))
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
      storage: this.storage,
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
    mustBe(this.ownClock.pending, 0, 'timers left')
    mustBe(this.service.network.open.size, 0, 'sockets left')
    mustBe(this.handlers.size, 0, 'signals listened to')
    const said = this.stdout + this.stderr
    must(!said.includes('topsecret') && !said.includes('tokensecret'), 'no secret is said')
    return this.exitStatus
  }

  get lines(): Record<string, unknown>[] {
    return this.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

function numbered(n: number): string {
  return String(n).padStart(3, '0')
}
