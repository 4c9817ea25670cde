/** `kvs`: streams a directory of frames. */

import { controlPlaneOrigin } from '../../core/aws/endpoints.ts'
import { userAgent } from '../../core/aws/userAgent.ts'
import { KvsError } from '../../core/errors.ts'
import type { TrackOptions } from '../../core/frame/frame.ts'
import { hostHeader, type Origin } from '../../core/http/origin.ts'
import type { FragmentEvent } from '../../core/mux/metadata.ts'
import { checkOptions, type ProducerOptions } from '../../core/options.ts'
import { type DirectoryOptions, type DirectoryTrack, openDirectory } from '../../core/source/directory.ts'
import { version } from '../../core/version.ts'
import type { Command, CredentialSource, Host } from '../command.ts'
import { chooseCredentials } from '../credentials.ts'
import { openDump } from '../dump.ts'
import type { Options } from '../options.ts'
import { makeReport } from '../report/makeReport.ts'
import { mediaText } from '../report/media.ts'
import type { StartFields } from '../report/report.ts'
import { Streaming } from '../streaming.ts'
import { keepingOf, milliseconds } from './keepingOptions.ts'
import { streamNotes, streamOptions } from './streamOptions.ts'

export const streamCommand: Command = {
  name: '',
  summary: 'Streams a directory of video and audio frames to Amazon Kinesis Video Streams.',
  usage: '[-n NAME] [-d DIR] [-D SECONDS] [-s KB] [OPTION …]',
  options: streamOptions,
  notes: streamNotes,
  run: (options, host) => stream(options, host),
}

/** Streams as the options say and reports; resolves with the exit status. */
async function stream(options: Options, host: Host): Promise<number> {
  const [operand] = options.operands
  if (operand !== undefined) throw unknownCommand(operand)
  const platform = host.platform(options.text('ca'))
  const streamName = options.text('channel-name') ?? ''
  const credentials = chooseCredentials(options, host, platform, streamName)
  const accessKeyId = await knownKeyId(credentials)
  const endpoint = endpointOf(options)
  const tracks = openDirectory(host.files, platform.search, directoryOptions(options))
  const report = makeReport(options, host.process, platform.clock)
  const wanted: ProducerOptions = {
    streamName,
    region: options.text('region') ?? '',
    endpoint,
    credentials: credentials.provider,
    tracks: tracks.map(trackOptions),
    bufferBytes: (options.number('size') ?? 0) * 1024,
    create: !options.flag('no-create'),
    retentionHours: options.number('retention-period'),
    mediaType: options.text('content-type'),
    kmsKeyId: options.text('kms-key-id'),
    tags: options.pairs('tag'),
    ...keepingOf(options, host.storage),
    userAgent: userAgent(version, host.process.system),
  }
  checkOptions(wanted)
  const dump = openDump(options, host.files, (message) => report.warn(message))
  report.start(startFields(options, endpoint, { accessKeyId, credentialsFrom: credentials.from }, tracks))
  const streaming = new Streaming({
    host,
    platform,
    producerOptions: { ...wanted, dump },
    tracks,
    report,
    durationMs: milliseconds(options, 'duration') ?? 0,
    stopTimeoutMs: milliseconds(options, 'stop-timeout') ?? 0,
    metadata: options.pairs('metadata'),
    events: eventsOf(options),
    tellMemory: options.flag('stats'),
  })
  return await streaming.run()
}

function unknownCommand(operand: string): KvsError {
  return new KvsError('USAGE', `"${operand}" is no command of kvs`, {
    cause: 'it is misspelt, does not stand first, or is a value without its option',
    cure: 'see kvs --help for the commands, and for the options that take values: a folder is given with -d',
  })
}

function endpointOf(options: Options): Origin {
  return controlPlaneOrigin({
    region: options.text('region') ?? '',
    endpoint: options.text('endpoint'),
    dualStack: options.flag('dual-stack'),
    fips: options.flag('fips'),
  })
}

function directoryOptions(options: Options): DirectoryOptions {
  return {
    directory: options.text('directory') ?? '',
    videoCodec: options.text('video-codec') as DirectoryOptions['videoCodec'],
    audioCodec: options.text('audio-codec') as DirectoryOptions['audioCodec'],
    framesPerSecond: options.number('fps'),
    sampleRateHz: options.number('audio-rate'),
    channels: options.number('audio-channels'),
  }
}

function trackOptions({ codec, format }: DirectoryTrack): TrackOptions {
  const { sampleRateHz, channels } = format
  return { codec, ...(sampleRateHz !== undefined && { sampleRateHz }), ...(channels !== undefined && { channels }) }
}

function eventsOf(options: Options): readonly FragmentEvent[] {
  const kind = options.text('event')
  if (kind === 'both') return ['image-generation', 'notification']
  if (kind === undefined) return []
  return [kind === 'image' ? 'image-generation' : 'notification']
}

function startFields(
  options: Options,
  endpoint: Origin,
  credentials: Pick<StartFields, 'accessKeyId' | 'credentialsFrom'>,
  tracks: readonly DirectoryTrack[],
): StartFields {
  return {
    stream: options.text('channel-name') ?? '',
    region: options.text('region') ?? '',
    regionFrom: options.origin('region'),
    endpoint: `${endpoint.tls ? 'https' : 'http'}://${hostHeader(endpoint)}`,
    endpointFrom: options.has('endpoint') ? options.origin('endpoint') : 'region',
    ...credentials,
    directory: options.text('directory') ?? '',
    media: tracks.map(mediaText).join(' + '),
    durationSeconds: options.number('duration') ?? 0,
    bufferKilobytes: options.number('size') ?? 0,
  }
}

/** Whose keys they are, where that is known without the network: others are asked for when they are needed. */
async function knownKeyId({ provider }: CredentialSource): Promise<string | null> {
  return provider.local === true ? masked((await provider()).accessKeyId) : null
}

/** Enough of a key id to recognise it. */
function masked(accessKeyId: string): string {
  return accessKeyId.length > 8 ? `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}` : '…'
}
