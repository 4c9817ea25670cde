/** Reads a stream back as a consumer does, through the AWS SDK. */

import { GetMediaForFragmentListCommand, paginateListFragments } from '@aws-sdk/client-kinesis-video-archived-media'
import { GetMediaCommand, type StartSelector } from '@aws-sdk/client-kinesis-video-media'
import type { SdkClients } from './sdk.ts'
import { clustersOf, type StoredCluster } from './stored.ts'
import { within } from './within.ts'

/** GetMedia from a selector on, until `done` says that enough has come. Ends with whole documents. */
export async function getMedia(
  clients: SdkClients,
  StreamName: string,
  StartSelector: StartSelector,
  done: (clusters: readonly StoredCluster[]) => boolean,
): Promise<readonly StoredCluster[]> {
  const client = await clients.media(StreamName)
  const abort = new AbortController()
  const { Payload } = await client.send(new GetMediaCommand({ StreamName, StartSelector }), {
    abortSignal: abort.signal,
  })
  const pieces: Uint8Array[] = []
  const read = async () => {
    for await (const piece of Payload as AsyncIterable<Uint8Array>) {
      pieces.push(piece)
      const clusters = completeClusters(Buffer.concat(pieces))
      if (clusters !== null && done(clusters)) return clusters
    }
    return clustersOf(Buffer.concat(pieces))
  }
  try {
    return await within(read(), () => `media of ${StreamName}; ${pieces.length} pieces came`)
  } finally {
    abort.abort()
  }
}

const continuation = Buffer.from('AWS_KINESISVIDEO_CONTINUATION_TOKEN')

/** What is complete: each document ends with a continuation token, whose value is 47 digits. Null: nothing yet. */
function completeClusters(bytes: Buffer): readonly StoredCluster[] | null {
  const at = bytes.lastIndexOf(continuation)
  // Behind the name: TagString's id (2 bytes), its size (4 bytes), its value.
  const end = at + continuation.length + 6 + 47
  return at < 0 || end > bytes.length ? null : clustersOf(bytes.subarray(0, end))
}

/** Everything archived: ListFragments page by page, then GetMediaForFragmentList. */
export async function archivedMedia(clients: SdkClients, StreamName: string, pageSize = 2): Promise<Buffer> {
  const client = await clients.archived(StreamName)
  const FragmentSelector = {
    FragmentSelectorType: 'PRODUCER_TIMESTAMP',
    TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 3_600_000) },
  } as const
  const numbers: string[] = []
  for await (const page of paginateListFragments({ client, pageSize }, { StreamName, FragmentSelector })) {
    for (const { FragmentNumber } of page.Fragments ?? [])
      if (FragmentNumber !== undefined) numbers.push(FragmentNumber)
  }
  numbers.sort()
  const { Payload } = await client.send(new GetMediaForFragmentListCommand({ StreamName, Fragments: numbers }))
  const pieces: Uint8Array[] = []
  for await (const piece of Payload as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}
