/** The AWS SDK for JavaScript v3, unmodified, against the local endpoint; and its credential providers in the producer. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  paginateListStreams,
} from '@aws-sdk/client-kinesis-video'
import { GetMediaForFragmentListCommand, ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media'
import { GetMediaCommand, type StartSelector } from '@aws-sdk/client-kinesis-video-media'
import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import { Producer } from '../src/node/index.ts'
import { startEndpoint, type TestEndpoint } from './drive/endpoint.ts'
import { root } from './drive/folder.ts'
import { runKvs, startKvs } from './drive/kvs.ts'
import { getMedia } from './drive/readBack.ts'
import { type SdkClients, sdkClients } from './drive/sdk.ts'
import { assertMedia, expectedAudio, expectedVideo, frameFiles, samples } from './drive/source.ts'
import { type StoredCluster, storedClusters } from './drive/stored.ts'

const StreamName = 'sdk'

/** An endpoint with five seconds of media in four fragments, and clients for it. */
async function filled(t: TestContext): Promise<{ endpoint: TestEndpoint; clients: SdkClients }> {
  // Five calls a second are what the service allows; the tests make more.
  const endpoint = await startEndpoint(t, { limits: 'off' })
  const args = ['-n', StreamName, '-d', samples, '-D', '5', '--quiet']
  assert.equal((await runKvs(t, args, { env: endpoint.env })).status, 0)
  return { endpoint, clients: await sdkClients(t, endpoint.local) }
}

describe('the AWS SDK', { concurrency: 3 }, () => {
  test('with nothing but its environment', async (t) => {
    const { local } = await startEndpoint(t)
    const program = `
      import { CreateStreamCommand, KinesisVideoClient, paginateListStreams } from '@aws-sdk/client-kinesis-video'
      const client = new KinesisVideoClient({})
      await client.send(new CreateStreamCommand({ StreamName: 'plain', DataRetentionInHours: 1 }))
      for await (const { StreamInfoList } of paginateListStreams({ client }, {})) {
        for (const { StreamName, Status } of StreamInfoList) console.log(StreamName, Status)
      }`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        AWS_ACCESS_KEY_ID: local.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: local.credentials.secretAccessKey,
        AWS_REGION: local.region,
        AWS_ENDPOINT_URL_KINESIS_VIDEO: local.url,
        NODE_EXTRA_CA_CERTS: local.caFile ?? '',
      },
    })
    assert.equal(stdout, 'plain ACTIVE\n')
  })

  test('streams come and go, and errors have the names of the API', async (t) => {
    const { local } = await startEndpoint(t)
    const { control, archived } = await sdkClients(t, local)
    const nowhere = { StreamName: 'nowhere' }
    await assert.rejects(control.send(new DescribeStreamCommand(nowhere)), { name: 'ResourceNotFoundException' })
    const endpoint = new GetDataEndpointCommand({ ...nowhere, APIName: 'GET_MEDIA' })
    await assert.rejects(control.send(endpoint), { name: 'ResourceNotFoundException' })
    for (const name of ['a', 'b', 'c']) await control.send(new CreateStreamCommand({ StreamName: name }))
    await assert.rejects(control.send(new CreateStreamCommand({ StreamName: 'a' })), { name: 'ResourceInUseException' })
    const names: (string | undefined)[] = []
    for await (const { StreamInfoList } of paginateListStreams({ client: control, pageSize: 2 }, {})) {
      names.push(...(StreamInfoList ?? []).map((stream) => stream.StreamName))
    }
    assert.deepEqual(names, ['a', 'b', 'c'])
    const { StreamInfo } = await control.send(new DescribeStreamCommand({ StreamName: 'a' }))
    assert.equal(StreamInfo?.Status, 'ACTIVE')
    await control.send(new DeleteStreamCommand({ StreamARN: StreamInfo?.StreamARN }))
    await assert.rejects(control.send(new DescribeStreamCommand({ StreamName: 'a' })), {
      name: 'ResourceNotFoundException',
    })
    const client = await archived('b')
    const empty = new GetMediaForFragmentListCommand({ StreamName: 'b', Fragments: [] })
    await assert.rejects(client.send(empty), { name: 'InvalidArgumentException' })
    await assert.rejects(client.send(new ListFragmentsCommand({ StreamName: 'a' })), {
      name: 'ResourceNotFoundException',
    })
  })

  test('keys that are none of the endpoint', async (t) => {
    const { local } = await startEndpoint(t)
    const { accessKeyId, secretAccessKey } = local.credentials
    const cases = [
      [{ accessKeyId: 'AKIANOBODY000000', secretAccessKey }, 'UnrecognizedClientException'],
      [{ accessKeyId, secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
    ] as const
    for (const [credentials, name] of cases) {
      const { url, region, caFile } = local
      const { control } = await sdkClients(t, { url, region, caFile, credentials })
      await assert.rejects(control.send(new DescribeStreamCommand({ StreamName })), { name })
    }
  })
})

describe('media through the AWS SDK', { concurrency: 3 }, () => {
  test('every start selector of GetMedia', async (t) => {
    const { endpoint, clients } = await filled(t)
    const fragments = (await endpoint.media(StreamName)).fragments()
    assert.equal(fragments.length, 4)
    const [, second, third] = fragments
    assert.ok(second && third)
    const from = async (selector: StartSelector, count: number) => {
      const clusters = await getMedia(clients, StreamName, selector, (all) => all.length >= count)
      return clusters.map(numberOf)
    }
    const numbers = fragments.map((fragment) => fragment.number)
    const inSecond = new Date(second.producerMs + 500)
    assert.deepEqual(await from({ StartSelectorType: 'EARLIEST' }, 4), numbers)
    assert.deepEqual(await from({ StartSelectorType: 'NOW' }, 1), numbers.slice(3))
    const after = { StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: second.number } as const
    assert.deepEqual(await from(after, 2), numbers.slice(2))
    const producer = { StartSelectorType: 'PRODUCER_TIMESTAMP', StartTimestamp: inSecond } as const
    assert.deepEqual(await from(producer, 3), numbers.slice(1))
    const server = { StartSelectorType: 'SERVER_TIMESTAMP', StartTimestamp: new Date(third.serverMs) } as const
    assert.deepEqual(await from(server, 2), numbers.slice(2))
    const [first] = await getMedia(clients, StreamName, { StartSelectorType: 'EARLIEST' }, (all) => all.length >= 1)
    const token = first?.tags.get('AWS_KINESISVIDEO_CONTINUATION_TOKEN') ?? ''
    assert.deepEqual(
      await from({ StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: token }, 3),
      numbers.slice(1),
    )
    for (const wrong of [
      { StartSelectorType: 'FRAGMENT_NUMBER' },
      { StartSelectorType: 'CONTINUATION_TOKEN' },
    ] as const) {
      const client = await clients.media(StreamName)
      const command = new GetMediaCommand({ StreamName, StartSelector: wrong })
      await assert.rejects(client.send(command), { name: 'InvalidArgumentException' })
    }
  })

  test('ListFragments and the fragments asked for, one of which is not there', async (t) => {
    const { endpoint, clients } = await filled(t)
    const fragments = (await endpoint.media(StreamName)).fragments()
    const client = await clients.archived(StreamName)
    const [first, second] = fragments
    assert.ok(first && second)
    const range = (from: number, to: number) =>
      client.send(
        new ListFragmentsCommand({
          StreamName,
          FragmentSelector: {
            FragmentSelectorType: 'PRODUCER_TIMESTAMP',
            TimestampRange: { StartTimestamp: new Date(from), EndTimestamp: new Date(to) },
          },
        }),
      )
    const two = (await range(first.producerMs, second.producerMs)).Fragments ?? []
    assert.deepEqual(two.map((each) => each.FragmentNumber).sort(), [first.number, second.number])
    assert.deepEqual((await range(0, first.producerMs - 1)).Fragments, [])
    const listed = two.find((each) => each.FragmentNumber === first.number)
    assert.equal(listed?.ProducerTimestamp?.getTime(), first.producerMs)
    assert.equal(listed?.ServerTimestamp?.getTime(), first.serverMs)
    assert.equal(listed?.FragmentSizeInBytes, first.sizeBytes)
    assert.equal(listed?.FragmentLengthInMilliseconds, 1600)
    const Fragments = [second.number, '12345', first.number]
    const { Payload } = await client.send(new GetMediaForFragmentListCommand({ StreamName, Fragments }))
    const bytes = await Payload?.transformToByteArray()
    assert.ok(Buffer.from(bytes ?? []).includes('AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE'))
  })

  test('NOW follows a producer live', async (t) => {
    const endpoint = await startEndpoint(t)
    const run = startKvs(t, ['-n', StreamName, '-d', samples, '-D', '6', '--json'], { env: endpoint.env })
    await run.ack('BUFFERING')
    const clients = await sdkClients(t, endpoint.local)
    const clusters = await getMedia(clients, StreamName, { StartSelectorType: 'NOW' }, (all) => all.length >= 3)
    const expected = [await expectedVideo(samples, 'h264', 6000), await expectedAudio(samples, 'aac', 6000)]
    assertMedia(clusters, expected, false)
    assert.equal((await run.exited()).status, 0)
  })

  test("its credential chain is the producer's", async (t) => {
    const endpoint = await startEndpoint(t)
    const { local } = endpoint
    const frames = await frameFiles(samples, 'h264')
    process.env['AWS_ACCESS_KEY_ID'] = local.credentials.accessKeyId
    process.env['AWS_SECRET_ACCESS_KEY'] = local.credentials.secretAccessKey
    t.after(() => {
      delete process.env['AWS_ACCESS_KEY_ID']
      delete process.env['AWS_SECRET_ACCESS_KEY']
    })
    const producer = new Producer({
      streamName: 'chain',
      tracks: [{ codec: 'h264' }],
      region: local.region,
      endpoint: local.url,
      caPath: local.caFile ?? '',
      // As the README says it.
      credentials: fromNodeProviderChain(),
    })
    for (const [n, data] of frames.slice(0, 50).entries()) assert.ok(producer.putFrame({ pts: n * 40, data }))
    const { error } = await producer.stop()
    assert.equal(error, null)
    assertMedia(await storedClusters(await endpoint.media('chain')), [await expectedVideo(samples, 'h264', 2000)])
  })
})

function numberOf({ tags }: StoredCluster): string | undefined {
  return tags.get('AWS_KINESISVIDEO_FRAGMENT_NUMBER')
}
