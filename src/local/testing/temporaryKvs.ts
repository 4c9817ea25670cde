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

/** Options for a client of the AWS SDK that works with an endpoint and trusts its authority alone. */
export async function clientOptions(local: LocalKvs) {
  const ca = local.caFile === null ? undefined : await readFile(local.caFile, 'utf8')
  const { accessKeyId, secretAccessKey } = local.credentials
  return {
    region: local.region,
    endpoint: local.url,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ ...(ca !== undefined && { ca }), keepAlive: true }) },
  }
}

/** The AWS SDK's client for the control plane. The caller destroys it. */
export async function controlClient(local: LocalKvs): Promise<KinesisVideoClient> {
  return new KinesisVideoClient(await clientOptions(local))
}
