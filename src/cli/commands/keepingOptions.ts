/** The options on what is kept, for how long, and what gives way: for networks that are slow or gone. */

import type { Overflow } from '../../core/buffer/pressure.ts'
import { KvsError } from '../../core/errors.ts'
import type { ProducerOptions } from '../../core/options.ts'
import type { Storage } from '../../core/platform.ts'
import type { Option, Options } from '../options.ts'

const spoolBytes = 64 * 1024 * 1024

export const keepingOptions: readonly Option[] = [
  {
    name: 'overflow',
    value: 'WAY',
    choices: ['block', 'drop-oldest', 'drop-newest'],
    default: 'block',
    help: 'when the buffer is full: let the source wait, or give up the oldest or the newest fragments',
  },
  {
    name: 'buffer-duration',
    value: 'SECONDS',
    kind: 'number',
    min: 20,
    max: 86_400,
    help: 'the buffer is full, too, when it spans so much time',
  },
  {
    name: 'max-latency',
    value: 'SECONDS',
    kind: 'number',
    min: 2,
    max: 86_400,
    help: 'skip ahead to what is live when further behind',
  },
  {
    name: 'spool',
    value: 'DIR',
    help: 'folder for what the buffer has no room for and what is left at the end; sent first by the next run (wears flash)',
  },
  {
    name: 'spool-size',
    value: 'BYTES',
    kind: 'integer',
    min: 1_048_576,
    max: 1e15,
    default: String(spoolBytes),
    help: 'how large it may grow',
  },
  {
    name: 'spool-rate',
    value: 'KBIT',
    kind: 'number',
    min: 1,
    max: 1e9,
    help: 'how many kbit/s of the uplink it may take to catch up, beside what is live; default: all',
  },
  {
    name: 'rotation-period',
    value: 'SECONDS',
    kind: 'number',
    min: 1,
    max: 2400,
    default: '2400',
    help: 'hand over to another session after this long',
  },
]

type Keeping = Pick<
  ProducerOptions,
  'overflow' | 'bufferDurationMs' | 'maxLatencyMs' | 'spool' | 'rotateAfterMs' | 'giveUpAfterMs'
>

/** What a producer is told of them. */
export function keepingOf(options: Options, storage: Storage): Keeping {
  const directory = options.text('spool')
  const idle = options.has('spool-rate') || options.origin('spool-size') !== 'default'
  if (directory === undefined && idle) {
    throw new KvsError('USAGE', '--spool-size and --spool-rate are about a spool, and there is none', {
      cure: 'name its folder with --spool, or leave them out',
    })
  }
  const kilobits = options.number('spool-rate')
  const bytesPerSecond = kilobits === undefined ? undefined : kilobits * 125
  const capacityBytes = options.number('spool-size') ?? spoolBytes
  return {
    overflow: options.text('overflow') as Overflow,
    bufferDurationMs: milliseconds(options, 'buffer-duration'),
    maxLatencyMs: milliseconds(options, 'max-latency'),
    spool: directory === undefined ? undefined : { storage, directory, capacityBytes, bytesPerSecond },
    rotateAfterMs: milliseconds(options, 'rotation-period'),
    giveUpAfterMs: milliseconds(options, 'give-up-after'),
  }
}

/** An option in seconds. */
export function milliseconds(options: Options, name: string): number | undefined {
  const seconds = options.number(name)
  return seconds === undefined ? undefined : seconds * 1000
}
