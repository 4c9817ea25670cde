/** Makes sure that a stream is there and ready for media. */

import { KvsError } from '../errors.ts'
import type { MonotonicMs } from '../frame/time.ts'
import type { Clock } from '../platform.ts'
import type { CancelSignal } from './cancellation.ts'
import type { ControlPlane, StreamInfo, Tags } from './controlPlane.ts'
import { reactionTo } from './errors.ts'

export interface PrepareOptions {
  readonly name: string
  /** False: a stream that does not exist is an error. */
  readonly create: boolean
  /** For a new stream, and compared with one that exists. Hours, 0 to 87600. */
  readonly retentionHours?: number | undefined
  readonly mediaType?: string | undefined
  /** For a new stream, where nothing was asked for. */
  readonly defaults: { readonly retentionHours: number; readonly mediaType: string }
  readonly kmsKeyId?: string | undefined
  /** Set on a new stream and on one that exists; other tags stay. */
  readonly tags?: Tags | undefined
  readonly clock: Clock
  readonly cancel?: CancelSignal | undefined
}

/** A stream that is there and ACTIVE. */
export interface PreparedStream {
  readonly arn: string
  /** As the service has it: this is what holds. */
  readonly retentionHours: number
  readonly mediaType: string | undefined
  readonly status: string
  /** True where this call has created it. */
  readonly created: boolean
  /** What differs from what was asked for, in sentences. */
  readonly warnings: readonly string[]
}

/** How long a stream may take to become ACTIVE, and how often it is looked at meanwhile. */
export const activeTimeoutMs = 60_000
const firstPollMs = 250
const longestPollMs = 2000

/**
 * Describes the stream, creates it where it is missing and that is allowed, waits until it is ACTIVE, tags it. Rejects
 * with STREAM_NOT_FOUND, SERVICE_REFUSED, ACCESS_DENIED and the like; with errors worth retrying as they come, for the
 * caller to retry; with TIMED_OUT where the stream is not ACTIVE after a minute; with STOPPED when called off.
 */
export async function prepareStream(controlPlane: ControlPlane, options: PrepareOptions): Promise<PreparedStream> {
  const { clock, cancel } = options
  const deadlineMs = clock.monotonicMs() + activeTimeoutMs
  throwIfCalledOff(cancel)
  let info = await describe(controlPlane, options.name)
  let created = false
  if (info === undefined) {
    created = await create(controlPlane, options)
    info = await describe(controlPlane, options.name)
  }
  for (let pollMs = firstPollMs; info?.status !== 'ACTIVE'; pollMs = Math.min(2 * pollMs, longestPollMs)) {
    if (info?.status === 'DELETING') throw beingDeleted(options)
    await pause(options, pollMs, deadlineMs, info)
    // Straight after its creation a stream may not be known everywhere yet.
    info = await describe(controlPlane, options.name)
  }
  throwIfCalledOff(cancel)
  const warnings = differences(info, options)
  if (!created) await tag(controlPlane, info.arn, options.tags, warnings)
  const { arn, retentionHours, mediaType, status } = info
  return { arn, retentionHours, mediaType, status, created, warnings }
}

async function describe(controlPlane: ControlPlane, name: string): Promise<StreamInfo | undefined> {
  try {
    return await controlPlane.describeStream(name)
  } catch (error) {
    if (error instanceof KvsError && reactionTo(error) === 'notFound') return undefined
    throw error
  }
}

/** True where this call has created it, false where somebody else was faster. */
async function create(controlPlane: ControlPlane, options: PrepareOptions): Promise<boolean> {
  if (!options.create) {
    const { region } = controlPlane
    throw new KvsError('STREAM_NOT_FOUND', `there is no stream "${options.name}" in region ${region}`, {
      cause: 'the name or the region is wrong, or the stream was never created',
      cure: `check --channel-name and --region, or leave out --no-create to have it created in ${region}`,
    })
  }
  throwIfCalledOff(options.cancel)
  try {
    const { name, kmsKeyId, tags, defaults } = options
    const retentionHours = options.retentionHours ?? defaults.retentionHours
    const mediaType = options.mediaType ?? defaults.mediaType
    await controlPlane.createStream({ name, retentionHours, mediaType, kmsKeyId, tags })
    return true
  } catch (error) {
    if (error instanceof KvsError && error.aws === 'ResourceInUseException') return false
    throw error
  }
}

async function tag(controlPlane: ControlPlane, arn: string, tags: Tags | undefined, warnings: string[]): Promise<void> {
  const wanted = Object.entries(tags ?? {})
  if (tags === undefined || wanted.length === 0) return
  try {
    const present = await presentTags(controlPlane, arn)
    if (wanted.some(([name, value]) => present.get(name) !== value)) await controlPlane.tagStream(arn, tags)
  } catch (error) {
    // Media is worth more than a label: a policy that forbids tagging does not keep it from going out.
    if (!(error instanceof KvsError) || reactionTo(error) !== 'fatal') throw error
    warnings.push(`the stream has not been tagged: ${error.message}`)
  }
}

/** The tags that the stream has; none where the policy does not let them be read: they are then set in any case. */
async function presentTags(controlPlane: ControlPlane, arn: string): Promise<ReadonlyMap<string, string>> {
  try {
    return await controlPlane.listTagsForStream(arn)
  } catch (error) {
    if (error instanceof KvsError && reactionTo(error) === 'fatal') return new Map()
    throw error
  }
}

function differences(info: StreamInfo, options: PrepareOptions): string[] {
  const warnings: string[] = []
  const { retentionHours } = options
  if (retentionHours !== undefined && info.retentionHours !== retentionHours) {
    warnings.push(
      `the stream keeps media for ${info.retentionHours} hours, not ${retentionHours} as asked for: what the stream says holds`,
    )
  }
  if (options.mediaType && info.mediaType !== undefined && info.mediaType !== options.mediaType) {
    warnings.push(`the stream's media type is ${info.mediaType}, not ${options.mediaType} as asked for`)
  }
  return warnings
}

/** Where streams are created, it is made again as soon as it is gone. */
function beingDeleted({ name, create }: PrepareOptions): KvsError {
  return new KvsError('SERVICE_REFUSED', `the stream "${name}" is being deleted`, {
    retry: create,
    cause: 'somebody has deleted it',
    cure: 'wait until it is gone and start again, or use another name',
  })
}

/** Waits before the next look; rejects when there is no time left for one, or when called off. */
function pause(options: PrepareOptions, pollMs: number, deadlineMs: MonotonicMs, info?: StreamInfo): Promise<void> {
  const { clock, cancel, name } = options
  if (clock.monotonicMs() + pollMs > deadlineMs) {
    const status = info?.status ?? 'not there yet'
    const what = `the stream "${name}" is ${status} and not ACTIVE after ${activeTimeoutMs / 1000} s`
    return Promise.reject(new KvsError('TIMED_OUT', what))
  }
  return new Promise((resolve, reject) => {
    const stop = () => {
      timer.cancel()
      cancel?.removeEventListener('abort', stop)
      reject(calledOff())
    }
    const timer = clock.setTimer(pollMs, () => {
      cancel?.removeEventListener('abort', stop)
      resolve()
    })
    if (cancel?.aborted) stop()
    else cancel?.addEventListener('abort', stop)
  })
}

function throwIfCalledOff(cancel: CancelSignal | undefined): void {
  if (cancel?.aborted) throw calledOff()
}

function calledOff(): KvsError {
  return new KvsError('STOPPED', 'the producer has been stopped')
}
