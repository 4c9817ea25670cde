/**
 * A Kinesis Video Streams endpoint on this machine, for development and tests without an AWS account: control plane,
 * PutMedia, GetMedia and the fragment operations over TLS with verified signatures. Producers and the AWS SDKs work
 * with it unmodified. Nothing leaves the machine, and what has been acknowledged as persisted survives a crash.
 */

import { EventEmitter } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Credentials } from '../core/aws/credentials/credentials.ts'
import { keepCredentials } from './auth/credentials.ts'
import { type StreamRecord, type StreamStatus, statusOf } from './control/stream.ts'
import { Endpoint } from './endpoint.ts'
import type { LocalKvsEvent } from './events.ts'
import type { Fault } from './faults/fault.ts'
import { parseFaults } from './faults/parse.ts'
import { unwritable } from './files.ts'
import { Listener } from './http/listener.ts'
import { type ContainerAccess, Identity, type IotAccess } from './identity/identity.ts'
import { KeyRing, type TemporaryCredentials } from './identity/keyRing.ts'
import type { StoredMedia } from './media.ts'
import { baseUrl, type LocalKvsOptions, type LocalKvsSettings, settingsOf } from './options.ts'
import { DirectoryClaim } from './running.ts'
import { Authority, serverNames } from './tls/authority.ts'

export type { Credentials, Moment } from '../core/aws/credentials/credentials.ts'
export { type ErrorCode, type ErrorDetails, KvsError } from '../core/errors.ts'
export type { StreamStatus } from './control/stream.ts'
export { ServiceError } from './errors.ts'
export type { LocalKvsEvent } from './events.ts'
export type {
  AckType as FaultAckType,
  BreakFault,
  CallFault,
  Calls,
  ChangeEndpointFault,
  CutFault,
  DelayFault,
  EndSessionFault,
  ErrorAckFault,
  ExpireCredentialsFault,
  Fault,
  HalfOpenFault,
  Moment as FaultMoment,
  NoAcksFault,
  OperationName,
  Place,
  RefuseFault,
  StallFault,
  ThrottleFault,
  TimedFault,
} from './faults/fault.ts'
export { parseFaults } from './faults/parse.ts'
export type { CredentialRoute } from './identity/credentialRoutes.ts'
export type { ContainerAccess, IotAccess } from './identity/identity.ts'
export type { TemporaryCredentials } from './identity/keyRing.ts'
export type { Ack, ErrorAck, FragmentAck } from './ingest/ack.ts'
export type { MediaFragment, MediaReader, MediaTrack, StoredMedia } from './media.ts'
export type { LocalKvsOptions } from './options.ts'

/** How long connections may take to end when the endpoint stops. */
const stopGraceMs = 500

const dayMs = 86_400_000
/** A server certificate is valid for 397 days, one of them gone by at the start. */
const certificateUseMs = 360 * dayMs

/** A stream as DescribeStream tells of it. */
export interface LocalStream {
  readonly name: string
  readonly arn: string
  readonly status: StreamStatus
  /** Hours; 0: media is not kept. */
  readonly retentionHours: number
  readonly mediaType: string | null
  readonly createdMs: number
  readonly tags: Readonly<Record<string, string>>
}

/** A running endpoint. Emits `event` with a LocalKvsEvent for everything that happens. */
export class LocalKvs extends EventEmitter<{ event: [LocalKvsEvent] }> implements AsyncDisposable {
  /** Where clients reach it, e.g. `https://localhost:8443`: the control plane's URL and every data endpoint. */
  readonly url: string
  /** TCP port that it listens on. */
  readonly port: number
  /** Folder of its files. */
  readonly directory: string
  /** PEM file of the authority that clients must trust; null over plain HTTP. */
  readonly caFile: string | null
  /** What clients must sign with. */
  readonly credentials: Credentials
  /** The region that clients must sign for. */
  readonly region: string
  /** How a device gets temporary credentials with its certificate, as from AWS IoT; null over plain HTTP. */
  readonly iot: IotAccess | null
  /** Where instances get temporary credentials: the base URL of the instance metadata service, version 2. */
  readonly imdsUrl: string
  /** How containers get temporary credentials. */
  readonly container: ContainerAccess
  readonly #endpoint: Endpoint
  readonly #keys: KeyRing
  readonly #tokenLifeMs: number
  readonly #identity: Identity
  readonly #listener: Listener
  readonly #claim: DirectoryClaim
  readonly #renewal: NodeJS.Timeout
  readonly #nowMs: () => number
  #stopping: Promise<void> | null = null

  private constructor(parts: Parts) {
    super()
    const { settings, credentials, keys, authority, endpoint, listener, identity, claim } = parts
    this.url = baseUrl(settings, listener.port, hostname())
    this.port = listener.port
    this.directory = settings.directory
    this.caFile = authority?.certificateFile ?? null
    this.credentials = credentials
    this.region = settings.region
    this.iot = identity.iot
    this.imdsUrl = identity.machineUrl
    this.container = identity.container
    this.#endpoint = endpoint
    this.#keys = keys
    this.#tokenLifeMs = settings.tokenLifeMs
    this.#identity = identity
    this.#listener = listener
    this.#claim = claim
    this.#nowMs = settings.nowMs
    let certifiedMs = settings.nowMs()
    this.#renewal = setInterval(() => {
      const nowMs = settings.nowMs()
      if (authority === null || nowMs - certifiedMs < certificateUseMs) return
      const certificate = authority.serverCertificate(certificateNames(settings), nowMs)
      listener.setCertificate(certificate)
      identity.setCertificate(certificate)
      certifiedMs = nowMs
    }, dayMs).unref()
  }

  /**
   * Starts an endpoint; resolves when it listens.
   *
   * @throws KvsError CONFIGURATION where an option is unusable, the port is taken, or another endpoint runs in the
   *   folder; OUTPUT_UNWRITABLE where the folder cannot be written.
   */
  static async start(options: LocalKvsOptions): Promise<LocalKvs> {
    const settings = settingsOf(options)
    try {
      return await LocalKvs.#start(settings)
    } catch (thrown) {
      throw unwritable(thrown, settings.directory)
    }
  }

  static async #start(settings: LocalKvsSettings): Promise<LocalKvs> {
    await mkdir(settings.directory, { recursive: true, mode: 0o700 })
    const claim = await DirectoryClaim.take(settings.directory)
    let endpoint: Endpoint | null = null
    let listener: Listener | null = null
    let identity: Identity | null = null
    try {
      const warnings: string[] = []
      const credentials = settings.credentials ?? (await ownCredentials(settings.directory, warnings))
      const authority = settings.http ? null : await Authority.open(settings.directory, settings.nowMs())
      if (authority?.repaired) warnings.push('others could read ca-key.pem: its mode has been set to 600')
      const keys = new KeyRing(credentials, settings.nowMs)
      const opened = await Endpoint.open(settings, keys, (message) => warnings.push(message))
      endpoint = opened
      const certificate = authority?.serverCertificate(certificateNames(settings), settings.nowMs()) ?? null
      listener = await Listener.open({ ...settings, certificate, onRequest: opened.handle })
      let emit: (event: LocalKvsEvent) => void = () => undefined
      identity = await Identity.open({
        settings,
        port: listener.port,
        keys,
        faults: opened.faults,
        served: authority === null || certificate === null ? null : { authority, certificate },
        emit: (event) => emit(event),
      })
      const local = new LocalKvs({ settings, credentials, keys, authority, endpoint, listener, identity, claim })
      emit = (event) => local.#tell(event)
      opened.begin(local.url, emit)
      const { url, port, region, caFile } = local
      const { iotPort, machineUrl } = identity
      await claim.announce({ url, host: settings.host, port, region, caFile, iotPort, machineUrl })
      // Later than everything that the caller does at once, such as to listen.
      setImmediate(() => {
        opened.beginPlan()
        for (const message of warnings) local.#tell({ type: 'warning', message })
      })
      return local
    } catch (thrown) {
      await Promise.all([listener?.close(0), identity?.close(0)])
      await endpoint?.close()
      await claim.release()
      throw thrown
    }
  }

  /** The streams, by name. */
  get streams(): readonly LocalStream[] {
    const nowMs = this.#nowMs()
    return this.#endpoint.registry.list().map((stream) => describe(stream, nowMs))
  }

  /** The media of a stream, undefined where there is no such stream. */
  async media(streamName: string): Promise<StoredMedia | undefined> {
    return await this.#endpoint.media(streamName)
  }

  /**
   * Begins another fault plan, at once and for requests to come; those that are open keep what the plan before had for them.
   *
   * @throws KvsError CONFIGURATION for what is no fault
   */
  setFaults(faults: readonly Fault[]): void {
    this.#endpoint.setFaults(parseFaults(faults, 'faults'))
  }

  /** Gives out temporary credentials, as the three routes do; `lifeMs` is the option `tokenLifeMs` by default. */
  temporaryCredentials(lifeMs = this.#tokenLifeMs): TemporaryCredentials {
    return this.#keys.mint(lifeMs)
  }

  /** Ends all connections in order, finishes what is being stored, and closes the files. Once is enough. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** `stop()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** A listener that throws must not be taken for a fault of the request that is being served. */
  #tell(event: LocalKvsEvent): void {
    try {
      this.emit('event', event)
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown
      })
    }
  }

  async #stop(): Promise<void> {
    clearInterval(this.#renewal)
    try {
      await this.#endpoint.end()
      await Promise.all([this.#listener.close(stopGraceMs), this.#identity.close(stopGraceMs)])
      await this.#endpoint.close()
    } finally {
      await this.#claim.release()
    }
  }
}

interface Parts {
  readonly settings: LocalKvsSettings
  readonly credentials: Credentials
  readonly keys: KeyRing
  readonly authority: Authority | null
  readonly endpoint: Endpoint
  readonly listener: Listener
  readonly identity: Identity
  readonly claim: DirectoryClaim
}

function certificateNames(settings: LocalKvsSettings): string[] {
  return serverNames(settings.host, settings.advertise === undefined ? [] : [settings.advertise.host])
}

async function ownCredentials(directory: string, warnings: string[]): Promise<Credentials> {
  const { credentials, repaired } = await keepCredentials(directory)
  if (repaired) warnings.push('others could read credentials.json: its mode has been set to 600')
  return credentials
}

function describe(stream: StreamRecord, nowMs: number): LocalStream {
  const { name, arn, retentionHours, mediaType, createdMs, tags } = stream
  return { name, arn, status: statusOf(stream, nowMs), retentionHours, mediaType, createdMs, tags }
}
