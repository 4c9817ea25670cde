import { invalidArgument, notFound, ServiceError } from '../errors.ts'
import { type JsonObject, optionalText } from './fields.ts'
import type { StreamRegistry } from './registry.ts'
import { type StreamRecord, statusOf } from './stream.ts'

/** What the operations of the control plane work with. */
export interface ControlContext {
  readonly registry: StreamRegistry
  readonly region: string
  /** How long a new stream stays CREATING, milliseconds. */
  readonly createDelayMs: number
  nowMs(): number
  /** URL of this server without a path, for GetDataEndpoint. */
  dataEndpoint(): string
  /** Ends what is going on with a stream that is being deleted, and removes its media. */
  removeMedia(stream: StreamRecord): Promise<void>
  /** Applies a new retention to the media that is there. */
  retentionChanged(stream: StreamRecord): Promise<void>
  /** Told of each stream made, changed and deleted, for people to read. */
  changed(stream: StreamRecord, what: 'created' | 'updated' | 'tagged' | 'deleted'): void
}

/** Takes the request's members and answers the response's. Throws ServiceError. */
export type Operation = (input: JsonObject, context: ControlContext) => Promise<object> | object

/** Names as in the C SDK and the AWS SDKs: the account is ours, and all streams are in it. */
export const accountId = '123456789012'

/** A stream that is there, even if it is not ACTIVE yet. Throws ResourceNotFoundException. */
export function findStream(input: JsonObject, registry: StreamRegistry): StreamRecord {
  const name = optionalText(input, 'StreamName', 'streamName')
  const arn = optionalText(input, 'StreamARN', 'arn')
  if (name === undefined && arn === undefined) throw invalidArgument('Either StreamName or StreamARN is required.')
  const stream = registry.get(name ?? nameInArn(arn ?? ''))
  if (stream !== undefined && (arn === undefined || arn === stream.arn)) return stream
  // Two names for different things are a mistake of the caller, not a stream that is missing.
  if (stream !== undefined && name !== undefined && name !== nameInArn(arn ?? '')) {
    throw invalidArgument('StreamName and StreamARN do not name the same stream.')
  }
  throw streamNotFound()
}

/** The same for operations on media, where exactly one of both is allowed and the stream must be ACTIVE. */
export function findActiveStream(input: JsonObject, registry: StreamRegistry, nowMs: number): StreamRecord {
  if (typeof input.StreamName === 'string' && typeof input.StreamARN === 'string') {
    throw invalidArgument('Only one of StreamName and StreamARN may be given.')
  }
  const stream = findStream(input, registry)
  if (statusOf(stream, nowMs) !== 'ACTIVE') throw streamNotFound()
  return stream
}

/** The stream under that name inside of a registry update, still the same one and fit for changes. */
export function requireSame(found: StreamRecord, now: StreamRecord | undefined, nowMs: number): StreamRecord {
  if (now === undefined || now.arn !== found.arn) throw streamNotFound()
  if (statusOf(now, nowMs) === 'ACTIVE') return now
  throw new ServiceError('ResourceInUseException', 400, `The stream is ${statusOf(now, nowMs)}, not ACTIVE.`)
}

function nameInArn(arn: string): string {
  return arn.split('/')[1] ?? ''
}

function streamNotFound(): ServiceError {
  return notFound('The requested stream is not found or not active.')
}
