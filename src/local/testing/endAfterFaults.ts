/**
 * A process that must end by itself: its endpoint goes wrong in every way there is, each over a connection of its own that
 * the client keeps, and stops. It says `stopped` then.
 */

import { once } from 'node:events'
import type { Fault, LocalKvsEvent } from '../index.ts'
import { fullCluster, header } from '../ingest/testing/media.ts'
import { open, startMs, withStream } from './putMediaClient.ts'
import { chunkOf, type RawClient } from './rawClient.ts'

const ms = 3_600_000
const bytes = 100
/** What strikes a request, each alone. */
const atRequests: readonly Fault[] = [
  { fault: 'refuse', operation: 'putMedia', status: 503 },
  { fault: 'delay', operation: 'putMedia', ms },
  { fault: 'delay', operation: 'putMedia', ms, before: 'ok' },
  { fault: 'delay', operation: 'putMedia', ms, before: 'acks' },
  { fault: 'cut', how: 'close', bytes },
  { fault: 'cut', how: 'fin', bytes },
  { fault: 'cut', how: 'reset', bytes },
  { fault: 'stall' },
  { fault: 'stall', bytes },
  { fault: 'halfOpen' },
  { fault: 'halfOpen', bytes },
  { fault: 'throttle', bytesPerSecond: 1 },
  { fault: 'errorAck', id: 5000 },
  { fault: 'noAcks' },
  { fault: 'endSession' },
]
const cuts = (['close', 'fin', 'reset'] as const).map((how): Fault => ({ fault: 'cut', how, atMs: 0 }))
/** What strikes a session that is open, one right after the other. */
const atSessions: readonly (readonly Fault[])[] = [
  ...cuts.map((cut) => [cut]),
  [{ fault: 'stall', atMs: 0 }],
  [{ fault: 'halfOpen', atMs: 0 }],
  [{ fault: 'expireCredentials' }],
  [...cuts],
  // It ends what is open, again and again while clients take their time; an even number of times, to be where they look for it.
  ...cuts.map((cut) => [{ fault: 'changeEndpoint' } as const, cut, { fault: 'changeEndpoint' } as const]),
  Array.from({ length: 12 }, () => ({ fault: 'changeEndpoint' })),
]

const clients: RawClient[] = []
await withStream({ limits: 'off' }, async (local, _arn, events) => {
  const media = chunkOf(Buffer.concat([header(), fullCluster(startMs), fullCluster(startMs + 3000)]))
  const stream = (): void => {
    const client = open(local)
    client.write(media)
    clients.push(client)
  }
  const struck = async (fault: Fault, since: number) => {
    const isOf = (event: LocalKvsEvent) => event.type === 'fault' && event.fault.fault === fault.fault
    while (!events.slice(since).some(isOf)) await once(local, 'event')
  }
  for (const fault of atRequests) {
    const since = events.length
    local.setFaults([fault])
    stream()
    await struck(fault, since)
  }
  for (const faults of atSessions) {
    local.setFaults([])
    const since = events.length
    stream()
    while (!events.slice(since).some((event) => event.type === 'ack')) await once(local, 'event')
    local.setFaults(faults)
  }
})
process.stdout.write('stopped\n')
for (const client of clients) client.destroy()
