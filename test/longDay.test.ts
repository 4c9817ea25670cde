/** A working day of a camera on the fake clock. Not in the device's engine, which would take long over it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { framesLost } from '../src/core/stats.ts'
import type { Fault } from '../src/core/testing/simulation/faults.ts'
import type { Scenario } from '../src/core/testing/simulation/plan.ts'
import { play } from '../src/core/testing/simulation/simulate.ts'

const secondMs = 1000
const minuteMs = 60 * secondMs
const hours = 8

/** What happens every ten minutes; the last of six costs the session, or no session would grow old. */
const outages: readonly ((atMs: number) => readonly Fault[])[] = [
  (fromMs) => [{ kind: 'hold', direction: 'both', windowBytes: 2000, fromMs, untilMs: fromMs + 20 * secondMs }],
  (fromMs) => [{ kind: 'dial', host: '', how: 'name', fromMs, untilMs: fromMs + 3 * minuteMs }],
  (fromMs) => [{ kind: 'acks', type: 'PERSISTED', delayMs: 15 * secondMs, fromMs, untilMs: fromMs + minuteMs }],
  // Just when a session is 40 minutes old, and for the half of the five that it has left.
  (fromMs) => [
    { kind: 'dial', host: 'data', how: 'silence', fromMs: fromMs - minuteMs, untilMs: fromMs + 2 * minuteMs },
    { kind: 'provider', how: 'fails', fromMs: fromMs - minuteMs, untilMs: fromMs + minuteMs },
  ],
  (fromMs) => [
    { kind: 'close', atMs: fromMs, inOrder: false },
    { kind: 'dial', host: '', how: 'refused', fromMs, untilMs: fromMs + 40 * secondMs },
  ],
  (fromMs) => [{ kind: 'source', how: 'late', track: 0, fromMs, untilMs: fromMs + 5 * secondMs }],
]

function day(connectionLimit: number): Scenario {
  const faults = Array.from({ length: 6 * hours - 1 }, (_, n) => outages[n % 6]?.((n + 1) * 10 * minuteMs) ?? [])
  return {
    seed: 0,
    source: {
      durationMs: hours * 60 * minuteMs,
      sound: 'with',
      framesPerSecond: 1,
      gopFrames: 2,
      leadingFrames: 0,
      reordered: false,
      pictureBytes: 60,
      keyPictureBytes: 90,
      packetMs: 1000,
      firstPts: 0,
    },
    service: {
      retentionHours: 2,
      persistMs: [5, 300],
      connectionLimit,
      sessionLifeMs: 45 * minuteMs,
      tokenLifeMs: 60 * minuteMs,
      exists: true,
      endsResponse: true,
    },
    options: { bufferBytes: 128 * 1024, create: true, overflow: 'block' },
    blockBytes: 4096,
    spoolBytes: undefined,
    metadataEvery: undefined,
    faults: faults.flat(),
    stopTimeoutMs: 120 * secondMs,
    mayEnd: false,
    mustDeliver: true,
  }
}

for (const connectionLimit of [1, 2]) {
  test(`${hours} hours, sessions of 40 minutes, an outage every ten: all adds up (${connectionLimit} at a time)`, async () => {
    const { objections, summary, lines } = await play(day(connectionLimit))
    assert.deepEqual([...objections], [])
    const { stats, error } = summary ?? assert.fail('it has not ended')
    assert.equal(error, null)
    const frames = hours * 3600 * 2
    assert.equal(stats.framesPut, frames)
    assert.equal(stats.framesPersisted, frames)
    assert.equal(framesLost(stats) + stats.framesDiscarded + stats.silentFrames, 0)
    assert.equal(stats.fragmentsPersisted, hours * 1800)
    assert.equal(
      lines.some((line) => line.includes(' ack ERROR 4003')),
      false,
    )
    // Each hour one breaks, and its follower is handed over once.
    const accepted = lines.filter((line) => line.endsWith('operation putMedia')).length
    assert.equal(accepted >= 2 * hours, true)
  })
}
