import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  type KinesisVideoClient,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  TagStreamCommand,
  UntagStreamCommand,
  UpdateDataRetentionCommand,
  UpdateStreamCommand,
} from '@aws-sdk/client-kinesis-video'
import { LocalKvs } from '../index.ts'
import { controlClient, inTemporaryFolder, withLocalKvs } from '../testing/temporaryKvs.ts'

/** What the SDK made of an error reply. */
interface Refusal {
  readonly name: string
  readonly message: string
  readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string }
}

async function refused(task: Promise<unknown>, type: string, status: number, message = /./): Promise<void> {
  await assert.rejects(task, (thrown) => {
    const error = thrown as Refusal
    assert.equal(error.name, type)
    assert.equal(error.$metadata.httpStatusCode, status)
    assert.match(error.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/)
    assert.match(error.message, message)
    return true
  })
}

describe('control plane, by the AWS SDK', () => {
  let local: LocalKvs
  let client: KinesisVideoClient
  let finish: () => void = () => undefined
  let running: Promise<void>

  before(async () => {
    await new Promise<void>((ready, failed) => {
      running = withLocalKvs({ region: 'eu-central-1' }, async (started) => {
        local = started
        client = await controlClient(started)
        ready()
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        client.destroy()
      })
      running.catch(failed)
    })
  })
  after(async () => {
    finish()
    await running
  })

  const create = (name: string, more = {}) => client.send(new CreateStreamCommand({ StreamName: name, ...more }))
  const describeIt = async (name: string) => {
    const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: name }))
    assert.ok(StreamInfo)
    return StreamInfo
  }

  it('creates a stream and describes it, by name and by ARN', async () => {
    const beforeMs = Date.now()
    const settings = {
      DataRetentionInHours: 24,
      MediaType: 'video/h264,audio/aac',
      DeviceName: 'door',
      Tags: { a: 'b' },
    }
    const { StreamARN } = await create('front.door_1-x', settings)
    const info = await describeIt('front.door_1-x')
    assert.equal(info.StreamARN, StreamARN)
    assert.match(StreamARN ?? '', /^arn:aws:kinesisvideo:eu-central-1:\d{12}:stream\/front\.door_1-x\/\d{13}$/)
    assert.ok((info.CreationTime?.getTime() ?? 0) >= beforeMs)
    assert.match(info.Version ?? '', /^[A-Za-z0-9]{20}$/)
    assert.deepEqual(
      [info.Status, info.DataRetentionInHours, info.MediaType, info.DeviceName, info.StreamName],
      ['ACTIVE', 24, 'video/h264,audio/aac', 'door', 'front.door_1-x'],
    )
    const byArn = await client.send(new DescribeStreamCommand({ StreamARN }))
    assert.deepEqual(byArn.StreamInfo, info)
    const both = await client.send(new DescribeStreamCommand({ StreamARN, StreamName: 'front.door_1-x' }))
    assert.deepEqual(both.StreamInfo, info)
  })

  it('refuses to create what exists or breaks a constraint', async () => {
    await create('twice', { StreamStorageConfiguration: { DefaultStorageTier: 'WARM' } })
    await refused(create('twice'), 'ResourceInUseException', 400, /already exists/)
    const wrong: [string, object][] = [
      ['a b', {}],
      ['x'.repeat(257), {}],
      ['ok', { DataRetentionInHours: -1 }],
      ['ok', { DataRetentionInHours: 87_601 }],
      ['ok', { DataRetentionInHours: 1.5 }],
      ['ok', { MediaType: 'video' }],
      ['ok', { DeviceName: 'a/b' }],
      ['ok', { StreamStorageConfiguration: {} }],
      ['ok', { StreamStorageConfiguration: { DefaultStorageTier: 'COLD' } }],
      ['ok', { KmsKeyId: 'k'.repeat(2049) }],
      ['ok', { Tags: { 'a*': 'b' } }],
      ['ok', { Tags: { a: 'x'.repeat(257) } }],
      ['ok', { Tags: {} }],
      ['ok', { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, ''])) }],
    ]
    for (const [name, more] of wrong) await refused(create(name, more), 'InvalidArgumentException', 400, /constraint/)
    await refused(client.send(new DescribeStreamCommand({ StreamName: 'ok' })), 'ResourceNotFoundException', 404)
  })

  it('lets one of several creations of a name through', async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => create('race')))
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('wants a stream named, and named right', async () => {
    await refused(
      client.send(new DescribeStreamCommand({})),
      'InvalidArgumentException',
      400,
      /StreamName or StreamARN/,
    )
    await refused(client.send(new DescribeStreamCommand({ StreamName: 'none' })), 'ResourceNotFoundException', 404)
    const { StreamARN } = await create('named')
    await create('other-named')
    const mixed = new DescribeStreamCommand({ StreamARN, StreamName: 'other-named' })
    await refused(client.send(mixed), 'InvalidArgumentException', 400)
    const stale = StreamARN?.replace(/\d+$/, '1')
    await refused(client.send(new DescribeStreamCommand({ StreamARN: stale })), 'ResourceNotFoundException', 404)
    await refused(client.send(new DescribeStreamCommand({ StreamARN: 'arn:x' })), 'InvalidArgumentException', 400)
  })

  it('lists streams by prefix and in pages', async () => {
    for (const n of [3, 1, 2, 4, 5]) await create(`page-${n}`)
    const names: (string | undefined)[] = []
    let NextToken: string | undefined
    const condition = { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'page-' } as const
    do {
      const page = await client.send(
        new ListStreamsCommand({ MaxResults: 2, NextToken, StreamNameCondition: condition }),
      )
      assert.ok((page.StreamInfoList ?? []).length <= 2)
      names.push(...(page.StreamInfoList ?? []).map(({ StreamName }) => StreamName))
      NextToken = page.NextToken ?? undefined
    } while (NextToken !== undefined)
    assert.deepEqual(names, ['page-1', 'page-2', 'page-3', 'page-4', 'page-5'])
    const all = await client.send(new ListStreamsCommand({}))
    assert.ok((all.StreamInfoList ?? []).length > 5)
    await refused(client.send(new ListStreamsCommand({ MaxResults: 0 })), 'InvalidArgumentException', 400)
    await refused(client.send(new ListStreamsCommand({ NextToken: '%' })), 'InvalidArgumentException', 400)
    await refused(client.send(new ListStreamsCommand({ NextToken: 'AAAA' })), 'InvalidArgumentException', 400)
  })

  it('updates a stream and its retention, each time under the version it has', async () => {
    await create('changing', { DataRetentionInHours: 2, MediaType: 'video/h264' })
    const first = await describeIt('changing')
    const StreamName = 'changing'
    await client.send(new UpdateStreamCommand({ StreamName, CurrentVersion: first.Version, DeviceName: 'd' }))
    const second = await describeIt('changing')
    assert.notEqual(second.Version, first.Version)
    assert.deepEqual([second.DeviceName, second.MediaType], ['d', 'video/h264'])
    const stale = new UpdateStreamCommand({ StreamName, CurrentVersion: first.Version, DeviceName: 'e' })
    await refused(client.send(stale), 'VersionMismatchException', 400)

    const retain = (
      Operation: 'INCREASE_DATA_RETENTION' | 'DECREASE_DATA_RETENTION',
      hours: number,
      version?: string,
    ) =>
      new UpdateDataRetentionCommand({
        StreamName,
        CurrentVersion: version,
        Operation,
        DataRetentionChangeInHours: hours,
      })
    await client.send(retain('INCREASE_DATA_RETENTION', 5, second.Version))
    const third = await describeIt('changing')
    assert.equal(third.DataRetentionInHours, 7)
    await refused(client.send(retain('DECREASE_DATA_RETENTION', 1, second.Version)), 'VersionMismatchException', 400)
    await refused(client.send(retain('DECREASE_DATA_RETENTION', 8, third.Version)), 'InvalidArgumentException', 400)
    await refused(client.send(retain('INCREASE_DATA_RETENTION', 0, third.Version)), 'InvalidArgumentException', 400)
    await refused(
      client.send(retain('INCREASE_DATA_RETENTION', 90_000, third.Version)),
      'InvalidArgumentException',
      400,
    )
    await refused(client.send(retain('INCREASE_DATA_RETENTION', 1)), 'InvalidArgumentException', 400, /currentVersion/)
    await client.send(retain('DECREASE_DATA_RETENTION', 7, third.Version))
    assert.equal((await describeIt('changing')).DataRetentionInHours, 0)
  })

  it('tags a stream up to the limit', async () => {
    const { StreamARN } = await create('tagged', { Tags: { place: 'door' } })
    const list = async () => (await client.send(new ListTagsForStreamCommand({ StreamARN }))).Tags
    assert.deepEqual({ ...(await list()) }, { place: 'door' })
    await client.send(new TagStreamCommand({ StreamARN, Tags: { place: 'gate', 'größe@1': '', __proto__x: 'y' } }))
    assert.deepEqual({ ...(await list()) }, { place: 'gate', 'größe@1': '', __proto__x: 'y' })
    await client.send(new UntagStreamCommand({ StreamARN, TagKeyList: ['__proto__x', 'unknown'] }))
    assert.deepEqual(Object.keys((await list()) ?? {}).sort(), ['größe@1', 'place'])
    const many = Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`k${n}`, 'v']))
    const tooMany = client.send(new TagStreamCommand({ StreamARN, Tags: many }))
    await refused(tooMany, 'TagsPerResourceExceededLimitException', 400)
    assert.equal(Object.keys((await list()) ?? {}).length, 2)
    const bad = new TagStreamCommand({ StreamARN: 'nonsense', Tags: { a: 'b' } })
    await refused(client.send(bad), 'InvalidResourceFormatException', 400)
    await refused(client.send(new UntagStreamCommand({ StreamARN, TagKeyList: [] })), 'InvalidArgumentException', 400)
    const unnamed = client.send(new TagStreamCommand({ StreamARN, Tags: undefined }))
    await refused(unnamed, 'InvalidArgumentException', 400, /tags/)
    const missing = new ListTagsForStreamCommand({ StreamName: 'nowhere' })
    await refused(client.send(missing), 'ResourceNotFoundException', 404)
  })

  it('deletes a stream, and makes another of its name', async () => {
    const { StreamARN } = await create('mortal')
    const { Version } = await describeIt('mortal')
    const wrong = new DeleteStreamCommand({ StreamARN, CurrentVersion: 'other' })
    await refused(client.send(wrong), 'VersionMismatchException', 400)
    await client.send(new DeleteStreamCommand({ StreamARN, CurrentVersion: Version }))
    await refused(client.send(new DescribeStreamCommand({ StreamName: 'mortal' })), 'ResourceNotFoundException', 404)
    await refused(client.send(new DeleteStreamCommand({ StreamARN })), 'ResourceNotFoundException', 404)
    const again = await create('mortal')
    assert.notEqual(again.StreamARN, StreamARN)
    await refused(client.send(new DescribeStreamCommand({ StreamARN })), 'ResourceNotFoundException', 404)
    await refused(client.send(new DeleteStreamCommand({ StreamARN: undefined })), 'InvalidArgumentException', 400)
  })

  it('gives its own address as the endpoint of every API', async () => {
    await create('ends')
    const names = [
      'PUT_MEDIA',
      'GET_MEDIA',
      'LIST_FRAGMENTS',
      'GET_MEDIA_FOR_FRAGMENT_LIST',
      'GET_CLIP',
      'GET_IMAGES',
      'GET_HLS_STREAMING_SESSION_URL',
      'GET_DASH_STREAMING_SESSION_URL',
    ] as const
    for (const APIName of names) {
      const { DataEndpoint } = await client.send(new GetDataEndpointCommand({ StreamName: 'ends', APIName }))
      assert.equal(DataEndpoint, local.url)
    }
    const wrong = { StreamName: 'ends', APIName: 'PUT' as 'PUT_MEDIA' }
    await refused(client.send(new GetDataEndpointCommand(wrong)), 'InvalidArgumentException', 400, /enum/)
    const unnamed = { StreamName: 'ends', APIName: undefined }
    await refused(client.send(new GetDataEndpointCommand(unnamed)), 'InvalidArgumentException', 400, /aPIName/)
    const missing = { StreamName: 'nowhere', APIName: 'PUT_MEDIA' } as const
    await refused(client.send(new GetDataEndpointCommand(missing)), 'ResourceNotFoundException', 404)
  })
})

describe('control plane', () => {
  it('keeps a new stream CREATING for as long as asked', async () => {
    await withLocalKvs({ createDelayMs: 3_600_000 }, async (local) => {
      const client = await controlClient(local)
      const { StreamARN } = await client.send(new CreateStreamCommand({ StreamName: 'slow' }))
      const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamARN }))
      assert.equal(StreamInfo?.Status, 'CREATING')
      const Tags = { a: 'b' }
      await refused(client.send(new TagStreamCommand({ StreamARN, Tags })), 'ResourceInUseException', 400, /CREATING/)
      client.destroy()
    })
  })

  it('has its streams again after a restart, and finishes deletions', async () => {
    await inTemporaryFolder(async (directory) => {
      const first = await withLocalKvs({ directory }, async (local) => {
        const client = await controlClient(local)
        await client.send(new CreateStreamCommand({ StreamName: 'kept', Tags: { a: 'b' }, DataRetentionInHours: 3 }))
        await client.send(new CreateStreamCommand({ StreamName: 'going' }))
        const { StreamInfo } = await client.send(new DescribeStreamCommand({ StreamName: 'kept' }))
        client.destroy()
        return { StreamInfo, credentials: local.credentials, authority: await readFile(local.caFile ?? '', 'utf8') }
      })

      const file = join(directory, 'streams.json')
      const records = JSON.parse(await readFile(file, 'utf8')) as { name: string; deleting: boolean }[]
      for (const record of records) record.deleting = record.name === 'going'
      await writeFile(file, JSON.stringify(records))

      await withLocalKvs({ directory }, async (local) => {
        const client = await controlClient(local)
        assert.deepEqual(local.credentials, first.credentials)
        assert.equal(await readFile(local.caFile ?? '', 'utf8'), first.authority)
        const again = await client.send(new DescribeStreamCommand({ StreamName: 'kept' }))
        assert.deepEqual(again.StreamInfo, first.StreamInfo)
        const tags = await client.send(new ListTagsForStreamCommand({ StreamName: 'kept' }))
        assert.deepEqual(tags.Tags, { a: 'b' })
        assert.deepEqual(
          local.streams.map(({ name }) => name),
          ['kept'],
        )
        client.destroy()
      })
    })
  })

  it('refuses to start over a list of streams that is damaged', async () => {
    await inTemporaryFolder(async (directory) => {
      await writeFile(join(directory, 'streams.json'), '[{"name":"half"')
      await assert.rejects(LocalKvs.start({ directory }), { code: 'CONFIGURATION' })
      await writeFile(join(directory, 'streams.json'), '[]')
      const local = await LocalKvs.start({ directory })
      await local.stop()
    })
  })
})
