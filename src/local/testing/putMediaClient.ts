/** Producers of PutMedia below HTTP, and the stream that they stream to. */

import { once } from 'node:events'
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video'
import type { LocalKvs, LocalKvsEvent, LocalKvsOptions } from '../index.ts'
import { putMediaHead, RawClient } from './rawClient.ts'
import { controlClient, withLocalKvs } from './temporaryKvs.ts'

/** Headers that name the stream. */
export const stream = { 'x-amzn-stream-name': 'cam' }
export const startMs = 1_700_000_000_000

/** An endpoint with the stream `cam`, and every event that it told. */
export async function withStream(
  options: Partial<LocalKvsOptions>,
  task: (local: LocalKvs, arn: string, events: LocalKvsEvent[]) => Promise<void>,
): Promise<void> {
  await withLocalKvs(options, async (local) => {
    const events: LocalKvsEvent[] = []
    local.on('event', (event) => events.push(event))
    const client = await controlClient(local)
    const { StreamARN } = await client.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 1 }))
    client.destroy()
    await task(local, StreamARN ?? '', events)
  })
}

/** A connection that has asked for PutMedia. */
export function open(local: LocalKvs, headers: Readonly<Record<string, string | undefined>> = stream): RawClient {
  const client = RawClient.open(local)
  client.write(putMediaHead(local, headers))
  return client
}

/** The same, once the endpoint has answered that media may come. */
export async function opened(local: LocalKvs, headers = {}): Promise<RawClient> {
  const client = open(local, { ...stream, ...headers })
  await client.untilReceived('200 OK')
  return client
}

export async function untilEvent(
  local: LocalKvs,
  events: readonly LocalKvsEvent[],
  type: LocalKvsEvent['type'],
): Promise<void> {
  while (!events.some((event) => event.type === type)) await once(local, 'event')
}
