import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KinesisVideoClient } from '@aws-sdk/client-kinesis-video'
import { LocalKvs, type LocalKvsOptions } from '../index.ts'

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

/** Runs `task` in a folder of its own that is gone afterwards. */
export async function inTemporaryFolder<T>(task: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-local-'))
  try {
    return await task(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Runs `task` against an endpoint that is stopped afterwards. */
export async function withLocalKvs<T>(
  options: Partial<LocalKvsOptions>,
  task: (local: LocalKvs) => Promise<T>,
): Promise<T> {
  return await inTemporaryFolder(async (directory) => {
    const local = await LocalKvs.start({ directory, ...options })
    try {
      return await task(local)
    } finally {
      await local.stop()
    }
  })
}

/** The AWS SDK's client for an endpoint, trusting its authority alone. The caller destroys it. */
export async function controlClient(local: LocalKvs): Promise<KinesisVideoClient> {
  const ca = local.caFile === null ? undefined : await readFile(local.caFile, 'utf8')
  return new KinesisVideoClient({
    region: local.region,
    endpoint: local.url,
    credentials: {
      accessKeyId: local.credentials.accessKeyId,
      secretAccessKey: local.credentials.secretAccessKey,
    },
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ ...(ca !== undefined && { ca }), keepAlive: true }) },
  })
}
