/** A local endpoint for one test, in this process, and the environment that leads `kvs` to it. */

import type { TestContext } from 'node:test'
import { LocalKvs, type LocalKvsEvent, type LocalKvsOptions, type StoredMedia } from '../../src/local/index.ts'
import { temporaryFolder } from './folder.ts'
import { Watched } from './within.ts'

export interface TestEndpoint {
  readonly local: LocalKvs
  readonly env: Readonly<Record<string, string>>
  readonly events: readonly LocalKvsEvent[]
  /** The first event, present or to come, for which `matches` holds. */
  event(matches: (event: LocalKvsEvent) => boolean): Promise<LocalKvsEvent>
  /** The media of a stream that must be there. */
  media(streamName: string): Promise<StoredMedia>
}

/** Starts an endpoint; it is stopped with the test at the latest. */
export async function startEndpoint(t: TestContext, options: Partial<LocalKvsOptions> = {}): Promise<TestEndpoint> {
  const directory = options.directory ?? (await temporaryFolder(t))
  const local = await LocalKvs.start({ ...options, directory })
  t.after(() => local.stop())
  const events = new Watched<LocalKvsEvent>()
  local.on('event', (event) => events.add(event))
  return {
    local,
    env: environment(local),
    events: events.items,
    event: (matches) =>
      events.find(matches, () => `an event of the endpoint; it had ${JSON.stringify(events.items.slice(-5))}`),
    media: async (streamName) => {
      const stream = await local.media(streamName)
      if (stream === undefined) throw new Error(`the endpoint has no stream ${streamName}`)
      return stream
    },
  }
}

/** What `kvs local env` prints, and what the AWS SDKs understand too. */
export function environment({ credentials, region, url, caFile }: LocalKvs): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    CONTROL_PLANE_URI: url,
    ...(caFile !== null && { AWS_KVS_CACERT_PATH: caFile }),
  }
}
