/** The AWS SDK's clients as they are, told only where the endpoint is, which authority signs for it, and the keys. */

import { readFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import type { TestContext } from 'node:test'
import { type APIName, GetDataEndpointCommand, KinesisVideoClient } from '@aws-sdk/client-kinesis-video'
import { KinesisVideoArchivedMediaClient } from '@aws-sdk/client-kinesis-video-archived-media'
import { KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

export interface SdkTarget {
  readonly url: string
  readonly region: string
  readonly caFile: string | null
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export interface SdkClients {
  readonly control: KinesisVideoClient
  /** For the data endpoint that the control plane names. */
  media(streamName: string): Promise<KinesisVideoMediaClient>
  archived(streamName: string): Promise<KinesisVideoArchivedMediaClient>
}

/** Clients for an endpoint; they are closed with the test. */
export async function sdkClients(t: TestContext, target: SdkTarget): Promise<SdkClients> {
  const ca = target.caFile === null ? undefined : await readFile(target.caFile, 'utf8')
  const { accessKeyId, secretAccessKey } = target.credentials
  const agent = new Agent({ ca, keepAlive: true })
  const settings = (endpoint: string) => ({
    endpoint,
    region: target.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    requestHandler: { httpsAgent: agent },
  })
  const control = new KinesisVideoClient(settings(target.url))
  const closing: { destroy(): void }[] = [control, agent]
  t.after(() => {
    for (const each of closing) each.destroy()
  })
  const located = async (StreamName: string, APIName: APIName) => {
    const { DataEndpoint } = await control.send(new GetDataEndpointCommand({ StreamName, APIName }))
    return settings(DataEndpoint ?? '')
  }
  return {
    control,
    media: async (name) => {
      const client = new KinesisVideoMediaClient(await located(name, 'GET_MEDIA'))
      closing.push(client)
      return client
    },
    archived: async (name) => {
      const client = new KinesisVideoArchivedMediaClient(await located(name, 'GET_MEDIA_FOR_FRAGMENT_LIST'))
      closing.push(client)
      return client
    },
  }
}
