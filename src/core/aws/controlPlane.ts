/** The calls of the control plane that a producer makes (Kinesis Video Streams API 2017-09-30). */

import { KvsError } from '../errors.ts'
import { type ClientPlatform, HttpClient, type HttpResponse } from '../http/client.ts'
import { hostHeader, type Origin } from '../http/origin.ts'
import type { Crypto } from '../platform.ts'
import { hex, utf8Bytes } from '../text.ts'
import type { CredentialProvider, Credentials } from './credentials/credentials.ts'
import { parseEndpoint } from './endpoints.ts'
import { serviceError } from './errors.ts'
import { type JsonObject, numberOf, objectOf, parseJsonObject, stringOf } from './json.ts'
import type { ServiceClock } from './serviceClock.ts'
import { type Headers, SigningKeys, signRequest } from './sigv4.ts'

export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'

export interface StreamInfo {
  readonly name: string
  readonly arn: string
  readonly status: StreamStatus | (string & {})
  /** 0: nothing is kept, and no fragment is ever PERSISTED. */
  readonly retentionHours: number
  readonly mediaType?: string
}

export interface CreateStreamInput {
  readonly name: string
  /** 0 to 87600. */
  readonly retentionHours: number
  readonly mediaType?: string | undefined
  readonly kmsKeyId?: string | undefined
  /** At most 50. */
  readonly tags?: Tags | undefined
}

export type Tags = Readonly<Record<string, string>>

export interface ControlPlanePlatform extends ClientPlatform {
  readonly crypto: Crypto
}

export interface ControlPlaneOptions {
  readonly origin: Origin
  readonly region: string
  readonly credentials: CredentialProvider
  /** What requests are dated with; learns from every answer. */
  readonly time: ServiceClock
  readonly userAgent: string
}

/** The name that requests to every part of Kinesis Video Streams are signed for. */
export const signingService = 'kinesisvideo'

/** A service that goes on giving new pages of at most 50 tags is not listened to for ever. */
const maxTagPages = 20

/**
 * Every call rejects with a KvsError as `serviceError` makes it, or with one of the connection. A call that failed
 * because this machine's clock is wrong is made once more where the answer has told the service's time.
 */
export class ControlPlane {
  readonly region: string
  readonly #platform: ControlPlanePlatform
  readonly #options: ControlPlaneOptions
  readonly #client: HttpClient
  readonly #keys: SigningKeys

  constructor(platform: ControlPlanePlatform, options: ControlPlaneOptions) {
    this.region = options.region
    this.#platform = platform
    this.#options = options
    this.#client = new HttpClient(platform, options.origin)
    this.#keys = new SigningKeys(platform.crypto)
  }

  /** Rejects with STREAM_NOT_FOUND where there is none of that name. */
  async describeStream(name: string): Promise<StreamInfo> {
    const reply = await this.#call('DescribeStream', { StreamName: name })
    const info = objectOf(reply.StreamInfo)
    const arn = stringOf(info?.StreamARN)
    const status = stringOf(info?.Status)
    if (info === undefined || arn === undefined || status === undefined) throw this.#unintelligible('DescribeStream')
    const mediaType = stringOf(info.MediaType)
    return {
      name: stringOf(info.StreamName) ?? name,
      arn,
      status,
      retentionHours: numberOf(info.DataRetentionInHours) ?? 0,
      ...(mediaType === undefined ? {} : { mediaType }),
    }
  }

  /** Begins the creation of a stream and resolves with its ARN; SERVICE_BUSY with ResourceInUseException if it exists. */
  async createStream(input: CreateStreamInput): Promise<string> {
    const tags = input.tags && Object.keys(input.tags).length > 0 ? { Tags: input.tags } : {}
    const reply = await this.#call('CreateStream', {
      StreamName: input.name,
      DataRetentionInHours: input.retentionHours,
      ...(input.mediaType ? { MediaType: input.mediaType } : {}),
      ...(input.kmsKeyId ? { KmsKeyId: input.kmsKeyId } : {}),
      ...tags,
    })
    const arn = stringOf(reply.StreamARN)
    if (arn === undefined) throw this.#unintelligible('CreateStream')
    return arn
  }

  /** Sets tags; others that the stream has stay. */
  async tagStream(arn: string, tags: Tags): Promise<void> {
    await this.#call('TagStream', { StreamARN: arn, Tags: tags })
  }

  async listTagsForStream(arn: string): Promise<ReadonlyMap<string, string>> {
    const tags = new Map<string, string>()
    let token: string | undefined
    for (let page = 0; page < maxTagPages; page++) {
      const next: JsonObject = token === undefined ? {} : { NextToken: token }
      const reply: JsonObject = await this.#call('ListTagsForStream', { StreamARN: arn, ...next })
      for (const [name, value] of Object.entries(objectOf(reply.Tags) ?? {})) {
        if (typeof value === 'string') tags.set(name, value)
      }
      token = stringOf(reply.NextToken)
      if (token === undefined) break
    }
    return tags
  }

  /** Where to send media, or ask for it: `apiName` is `PUT_MEDIA`, `GET_MEDIA` and so on. */
  async getDataEndpoint(name: string, apiName: string): Promise<Origin> {
    const reply = await this.#call('GetDataEndpoint', { StreamName: name, APIName: apiName })
    const endpoint = stringOf(reply.DataEndpoint)
    if (endpoint === undefined) throw this.#unintelligible('GetDataEndpoint')
    return parseEndpoint(endpoint)
  }

  /** Drops the connection; calls under way are rejected with STOPPED. */
  close(): void {
    this.#client.close()
  }

  async #call(operation: string, input: JsonObject): Promise<JsonObject> {
    const body = utf8Bytes(JSON.stringify(input))
    const credentials = await this.#options.credentials()
    let { response, newTime } = await this.#send(operation, body, credentials)
    let error = failure(operation, response, credentials)
    if (error?.code === 'CLOCK_SKEWED' && newTime) {
      response = (await this.#send(operation, body, credentials)).response
      error = failure(operation, response, credentials)
    }
    if (error !== undefined) throw error
    const reply = parseJsonObject(response.body)
    if (reply === undefined && response.body.length > 0) throw this.#unintelligible(operation)
    return reply ?? {}
  }

  async #send(
    operation: string,
    body: Uint8Array,
    credentials: Credentials,
  ): Promise<{ readonly response: HttpResponse; readonly newTime: boolean }> {
    const { origin, region, userAgent, time } = this.#options
    const { clock, crypto } = this.#platform
    const path = `${origin.path ?? ''}/${operation.slice(0, 1).toLowerCase()}${operation.slice(1)}`
    const headers: Headers = [
      ['host', hostHeader(origin)],
      ['accept', '*/*'],
      ['content-type', 'application/json'],
      ['user-agent', userAgent],
    ]
    const payloadHash = hex(crypto.sha256(body))
    const wallMs = time.nowMs()
    const request = {
      method: 'POST',
      path,
      query: '',
      headers,
      payloadHash,
      region,
      service: signingService,
      credentials,
      wallMs,
    }
    const signed = signRequest(request, crypto, this.#keys)
    const askedMs = clock.monotonicMs()
    const response = await this.#client.request({ method: 'POST', path, headers: [...headers, ...signed], body })
    return { response, newTime: response.dateMs !== undefined && time.learn(response.dateMs, askedMs) }
  }

  #unintelligible(operation: string): KvsError {
    const { host } = this.#options.origin
    return new KvsError(
      'HTTP_INVALID',
      `${host} answered ${operation} with something that is not Kinesis Video Streams`,
    )
  }
}

function failure(operation: string, response: HttpResponse, credentials: Credentials): KvsError | undefined {
  if (response.status >= 200 && response.status < 300) return undefined
  return serviceError(operation, response, secretsOf(credentials))
}

/** What must not be repeated to anybody. */
export function secretsOf(credentials: Credentials): string[] {
  return [credentials.secretAccessKey, credentials.sessionToken ?? '']
}
