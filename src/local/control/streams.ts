import { invalidArgument, ServiceError } from '../errors.ts'
import { accountId, type ControlContext, findStream, type Operation, requireSame } from './context.ts'
import {
  newTags,
  optionalChoice,
  optionalInteger,
  optionalObject,
  optionalTags,
  optionalText,
  requiredChoice,
  requiredInteger,
  requiredText,
} from './fields.ts'
import { newVersion } from './registry.ts'
import { type StreamRecord, statusOf } from './stream.ts'

/** Ten years, the most that may be asked for (CreateStream, UpdateDataRetention). */
const maxRetentionHours = 87_600

const mostResults = 10_000

export const createStream: Operation = async (input, context) => {
  const name = requiredText(input, 'StreamName', 'streamName')
  const deviceName = optionalText(input, 'DeviceName', 'deviceName') ?? null
  const mediaType = optionalText(input, 'MediaType', 'mediaType') ?? null
  const kmsKeyId = optionalText(input, 'KmsKeyId', 'kmsKeyId') ?? defaultKey(context.region)
  const retentionHours = optionalInteger(input, 'DataRetentionInHours', 0, maxRetentionHours) ?? 0
  const tags = optionalTags(input, 'Tags') ?? newTags([])
  const storage = optionalObject(input, 'StreamStorageConfiguration')
  // Storage is the same in both tiers here.
  if (storage !== undefined) requiredChoice(storage, 'DefaultStorageTier', ['HOT', 'WARM'])
  const stream = await context.registry.update(name, (existing) => {
    if (existing !== undefined) {
      throw new ServiceError('ResourceInUseException', 400, `The stream ${name} already exists.`)
    }
    const createdMs = context.registry.nextCreationMs(context.nowMs())
    const arn = `arn:aws:kinesisvideo:${context.region}:${accountId}:stream/${name}/${createdMs}`
    const activeMs = createdMs + context.createDelayMs
    const settings = { retentionHours, mediaType, deviceName, kmsKeyId, tags }
    return { name, arn, createdMs, version: newVersion(), activeMs, deleting: false, ...settings }
  })
  context.changed(stream, 'created')
  return { StreamARN: stream.arn }
}

function defaultKey(region: string): string {
  return `arn:aws:kms:${region}:${accountId}:alias/aws/kinesisvideo`
}

export const describeStream: Operation = (input, context) => {
  return { StreamInfo: streamInfo(findStream(input, context.registry), context.nowMs()) }
}

/** Members without a value are there as null, as the service has them. */
function streamInfo(stream: StreamRecord, nowMs: number): object {
  return {
    CreationTime: stream.createdMs / 1000,
    DataRetentionInHours: stream.retentionHours,
    DeviceName: stream.deviceName,
    IngestionConfiguration: null,
    KmsKeyId: stream.kmsKeyId,
    MediaType: stream.mediaType,
    Status: statusOf(stream, nowMs),
    StreamARN: stream.arn,
    StreamName: stream.name,
    Version: stream.version,
  }
}

export const listStreams: Operation = (input, context) => {
  const limit = optionalInteger(input, 'MaxResults', 1, mostResults) ?? mostResults
  const after = readToken(optionalText(input, 'NextToken', 'nextToken'))
  const condition = optionalObject(input, 'StreamNameCondition') ?? {}
  optionalChoice(condition, 'ComparisonOperator', ['BEGINS_WITH'])
  const prefix = optionalText(condition, 'ComparisonValue', 'streamName') ?? ''
  const rest = context.registry.list().filter(({ name }) => name > after && name.startsWith(prefix))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return {
    NextToken: last !== undefined && rest.length > page.length ? Buffer.from(last.name).toString('base64') : null,
    StreamInfoList: page.map((stream) => streamInfo(stream, context.nowMs())),
  }
}

/** A token holds the last name of the page before, so that streams made or deleted meanwhile disturb nothing. */
function readToken(token: string | undefined): string {
  if (token === undefined || token === '') return ''
  const name = Buffer.from(token, 'base64').toString()
  if (!/^[a-zA-Z0-9_.-]{1,256}$/.test(name)) throw invalidArgument('The NextToken is not valid.')
  return name
}

export const deleteStream: Operation = async (input, context) => {
  requiredText(input, 'StreamARN', 'arn')
  const version = optionalText(input, 'CurrentVersion', 'version')
  const found = findStream({ StreamARN: input.StreamARN }, context.registry)
  const stream = await context.registry.update(found.name, (now) => {
    const same = requireSame(found, now, context.nowMs())
    if (version !== undefined) requireVersion(same, version)
    return { ...same, deleting: true, version: newVersion() }
  })
  await finishDeletion(stream, context)
  context.changed(stream, 'deleted')
  return {}
}

/** Removes the media, then the stream: a crash in between leaves the stream DELETING, to be finished at the next start. */
export async function finishDeletion(
  stream: StreamRecord,
  context: Pick<ControlContext, 'registry' | 'removeMedia'>,
): Promise<void> {
  await context.removeMedia(stream)
  await context.registry.update(stream.name, () => null)
}

export const updateStream: Operation = async (input, context) => {
  const version = requiredText(input, 'CurrentVersion', 'version')
  const deviceName = optionalText(input, 'DeviceName', 'deviceName')
  const mediaType = optionalText(input, 'MediaType', 'mediaType')
  const found = findStream(input, context.registry)
  const stream = await context.registry.update(found.name, (now) => {
    const same = requireVersion(requireSame(found, now, context.nowMs()), version)
    const changes = { deviceName: deviceName ?? same.deviceName, mediaType: mediaType ?? same.mediaType }
    return { ...same, ...changes, version: newVersion() }
  })
  context.changed(stream, 'updated')
  return {}
}

export const updateDataRetention: Operation = async (input, context) => {
  const version = requiredText(input, 'CurrentVersion', 'version')
  const operation = requiredChoice(input, 'Operation', ['INCREASE_DATA_RETENTION', 'DECREASE_DATA_RETENTION'])
  const hours = requiredInteger(input, 'DataRetentionChangeInHours', 1, Number.MAX_SAFE_INTEGER)
  const found = findStream(input, context.registry)
  const stream = await context.registry.update(found.name, (now) => {
    const same = requireVersion(requireSame(found, now, context.nowMs()), version)
    const retentionHours = same.retentionHours + (operation === 'INCREASE_DATA_RETENTION' ? hours : -hours)
    if (retentionHours < 0 || retentionHours > maxRetentionHours) {
      throw invalidArgument(`Data retention must be between 0 and ${maxRetentionHours} hours.`)
    }
    return { ...same, retentionHours, version: newVersion() }
  })
  await context.retentionChanged(stream)
  context.changed(stream, 'updated')
  return {}
}

function requireVersion(stream: StreamRecord, version: string): StreamRecord {
  if (stream.version === version) return stream
  throw new ServiceError(
    'VersionMismatchException',
    400,
    'The stream version that you specified is not the latest version. Use DescribeStream to get the latest version.',
  )
}

const apiNames = [
  'PUT_MEDIA',
  'GET_MEDIA',
  'LIST_FRAGMENTS',
  'GET_MEDIA_FOR_FRAGMENT_LIST',
  'GET_HLS_STREAMING_SESSION_URL',
  'GET_DASH_STREAMING_SESSION_URL',
  'GET_CLIP',
  'GET_IMAGES',
] as const

export const getDataEndpoint: Operation = (input, context) => {
  requiredChoice(input, 'APIName', apiNames)
  findStream(input, context.registry)
  return { DataEndpoint: context.dataEndpoint() }
}
