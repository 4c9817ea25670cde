/**
 * What is to be reached and what there is to compare with. The C programs were measured once, on Debian 12 x86-64, on the
 * same frames over loopback TLS: the original `kvs` application on the C SDK that it pins, and the sample application of
 * AWS's embedded C SDK, both linked statically with mbedTLS.
 */

export interface Target {
  readonly what: string
  readonly unit: string
  readonly original?: number
  readonly embeddedC?: number
  /** What must not be exceeded. */
  readonly bar?: number
  /** What would be good. */
  readonly aim?: number
}

export const targets = {
  sizeArm: { what: 'executable, ARM 32-bit', unit: 'bytes', original: 1_200_000, bar: 850_000, aim: 780_000 },
  sizeX64: {
    what: 'executable, x86-64',
    unit: 'bytes',
    original: 1_801_096,
    embeddedC: 1_404_456,
    bar: 850_000,
    aim: 780_000,
  },
  peakH264: {
    what: 'peak resident, H.264 + AAC, -s 2048',
    unit: 'KiB',
    original: 4334,
    embeddedC: 1948,
    bar: 2600,
    aim: 2200,
  },
  peakUnconfirmed: { what: 'the same, nothing PERSISTED', unit: 'KiB', bar: 3600, aim: 3100 },
  peakH265: { what: 'peak resident, H.265 + AAC, -s 1024', unit: 'KiB', original: 2668, bar: 1800, aim: 1400 },
  instructions: {
    what: 'instructions a second, AES-GCM',
    unit: 'M',
    original: 79,
    embeddedC: 30,
    bar: 24,
    aim: 12,
  },
  instructionsNoAes: { what: 'without AES instructions: AES-GCM', unit: 'M', bar: 62, aim: 45 },
  instructionsChaCha: { what: 'without AES instructions: ChaCha20', unit: 'M', bar: 28, aim: 24 },
  start: { what: 'start to first media on the wire', unit: 'ms', original: 40, embeddedC: 190, bar: 35, aim: 20 },
  slope: { what: 'slope of resident memory', unit: 'KiB/min', bar: 0, aim: 0 },
  cpu: { what: 'CPU a stream minute', unit: 's' },
} as const satisfies Record<string, Target>
