/**
 * Streams video and audio into Amazon Kinesis Video Streams from Node.js.
 *
 * @packageDocumentation
 */

export type { CredentialProvider, Credentials, Moment } from '../core/aws/credentials/credentials.ts'
export type { PreparedStream } from '../core/aws/prepare.ts'
export type { Overflow, PressureReport } from '../core/buffer/pressure.ts'
export { type ErrorCode, type ErrorDetails, KvsError } from '../core/errors.ts'
export type { Ack, AckType } from '../core/frame/ack.ts'
export type { CodecName, TrackOptions } from '../core/frame/frame.ts'
export type { RepairKind } from '../core/frame/repairs.ts'
export type { Histogram } from '../core/histogram.ts'
export type { FragmentEvent, FragmentEventOptions, TagPair } from '../core/mux/metadata.ts'
export type { Log } from '../core/platform.ts'
export type { LineState } from '../core/send/states.ts'
export type { Loss, LossReason, Stats } from '../core/stats.ts'
export type { Summary } from '../core/summary.ts'
export { version } from '../core/version.ts'
export { fromCredentialFile, fromIotCertificate, type IotCertificateOptions } from './credentialProviders.ts'
export { type FrameInput, Producer, type ProducerEvents, type ProducerOptions, type SpoolOptions } from './producer.ts'
export { type PutMediaOptions, PutMediaSession, putMedia } from './putMedia.ts'
export type { ServiceOptions } from './settings.ts'
