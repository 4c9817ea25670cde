/** A small model of Kinesis Video Streams on the fake network: what it has stored, and a script of what it does wrong. */

import type { KvsError } from '../errors.ts'
import { utf8Bytes } from '../text.ts'
import type { FakeClock } from './fakeClock.ts'
import { type Connection, FakeNetwork, type Far } from './fakeNetwork.ts'
import { jsonOf, jsonResponse, type RequestHead, RequestReader } from './httpServer.ts'
import { type AckFields, PutSession, type StoredFragment } from './putSession.ts'

export interface FakeStream {
  retentionHours: number
  mediaType: string
  status: string
  tags: Record<string, string>
}

export interface Refusal {
  readonly status: number
  readonly type: string
  readonly message?: string
}

/** Where the service is found; TLS is the host's business and not looked at here. */
export const controlOrigin = { host: 'control.test', port: 443, tls: true }

export class FakeService {
  readonly clock: FakeClock
  readonly network: FakeNetwork
  readonly streams = new Map<string, FakeStream>()
  /** Operations in the order they came. */
  readonly operations: string[] = []
  readonly sessions: PutSession[] = []

  // The script. All of it may change while a test runs.

  /** What meets a new connection to this host; undefined: it is accepted. */
  dial: (host: string) => KvsError | 'silence' | undefined = () => undefined
  /** How an operation is refused; undefined: it is not. */
  refuse: (operation: string, head: RequestHead) => Refusal | undefined = () => undefined
  /** At which byte connection `number` (from 1) to the data endpoint is cut, request head included. */
  cut: (number: number) => number | undefined = () => undefined
  /** Back-pressure of PutMedia: bytes per millisecond, see `Connection`. */
  bytesPerMs: number | undefined
  /** What the Date of its answers says; undefined: they have none. */
  nowMs: (() => number) | undefined
  /** Error id that meets a fragment as it begins or, after ':end', as it is complete. */
  error: (fragment: StoredFragment, session: PutSession, at: 'begin' | 'end') => number | undefined = () => undefined
  /** False: an ERROR ack names no fragment. */
  errorTimecode = true
  /** How long PERSISTED takes after RECEIVED; Infinity: it never comes. */
  persistMs = 5
  /** False: the service keeps silent instead of 100 Continue, until its time-out has passed. */
  continues = true
  /** False: the response to a PutMedia never ends by itself. */
  endsResponse = true
  /** How much later an ack goes out than it could; Infinity: never. */
  ackDelayMs: (session: PutSession, fields: AckFields) => number = () => 0
  /** PutMedia connections that a stream may have at a time (quota: 5 calls a second, one at a time is what counts on). */
  connectionLimit = Number.POSITIVE_INFINITY
  /** How long a session lasts before the service ends it with 4003. */
  sessionLifeMs = Number.POSITIVE_INFINITY
  /** A session without media is ended after this long. */
  idleMs = Number.POSITIVE_INFINITY
  /** Sees each session that is ended for that. */
  onIdle: (session: PutSession) => void = () => undefined
  /** The host that GetDataEndpoint names. */
  dataHost = 'data.test'
  /** Sees each connection as it opens, and says what it is to meet. */
  onConnection: (connection: Connection) => void = () => undefined
  mostSessionsAtOnce = 0
  /** A request has been accepted. */
  onSession: (session: PutSession) => void = () => undefined

  #dataConnections = 0

  constructor(clock: FakeClock) {
    this.clock = clock
    this.network = new FakeNetwork(clock, (connection) => this.#accept(connection))
  }

  addStream(name: string, retentionHours = 2): void {
    this.streams.set(name, { retentionHours, mediaType: 'video/h264,audio/aac', status: 'ACTIVE', tags: {} })
  }

  /** All fragments stored, in the order they were. */
  get stored(): readonly StoredFragment[] {
    return this.sessions.flatMap((session) => session.fragments.filter((fragment) => fragment.persisted))
  }

  #accept(connection: Connection): Far | KvsError | 'silence' {
    const failure = this.dial(connection.options.host)
    if (failure !== undefined) return failure
    const far = connection.options.host === controlOrigin.host ? this.#control(connection) : this.#data(connection)
    this.onConnection(connection)
    return far
  }

  #control(connection: Connection): Far {
    let head: RequestHead | undefined
    let pieces: Uint8Array[] = []
    const reader = new RequestReader({
      head: (next) => {
        head = next
        pieces = []
      },
      body: (bytes) => pieces.push(bytes.slice()),
      end: () => {
        if (head !== undefined) connection.send(this.#answer(head, jsonOf(pieces)))
      },
    })
    return { onData: (bytes) => reader.push(bytes), onEnd: () => undefined }
  }

  #answer(head: RequestHead, input: Record<string, unknown>): Uint8Array {
    const operation = head.path.slice(1)
    this.operations.push(operation)
    const ok = (body: object) => jsonResponse(200, body, this.#date())
    const refused = (refusal: Refusal) => refusedWith(refusal, this.#date())
    const refusal = this.refuse(operation, head)
    if (refusal !== undefined) return refused(refusal)
    const name = String(input['StreamName'] ?? String(input['StreamARN']).split('/')[1])
    const stream = this.streams.get(name)
    if (operation === 'createStream') return this.#create(name, input)
    if (stream === undefined) return refused({ status: 404, type: 'ResourceNotFoundException' })
    if (operation === 'describeStream') return ok({ StreamInfo: streamInfo(name, stream) })
    if (operation === 'getDataEndpoint') return ok({ DataEndpoint: `https://${this.dataHost}` })
    if (operation === 'listTagsForStream') return ok({ Tags: stream.tags })
    if (operation !== 'tagStream') return refused({ status: 400, type: 'InvalidArgumentException' })
    Object.assign(stream.tags, input['Tags'])
    return ok({})
  }

  #date(): Readonly<Record<string, string>> {
    return this.nowMs === undefined ? {} : { Date: new Date(this.nowMs()).toUTCString() }
  }

  #create(name: string, input: Record<string, unknown>): Uint8Array {
    if (this.streams.has(name)) return refusedWith({ status: 400, type: 'ResourceInUseException' }, this.#date())
    const tags = (input['Tags'] ?? {}) as Record<string, string>
    const retentionHours = Number(input['DataRetentionInHours'])
    const stream = { retentionHours, mediaType: String(input['MediaType']), status: 'CREATING', tags }
    this.streams.set(name, stream)
    this.clock.setTimer(100, () => {
      stream.status = 'ACTIVE'
    })
    return jsonResponse(200, { StreamARN: arn(name) })
  }

  #data(connection: Connection): Far {
    let session: PutSession | undefined
    const number = ++this.#dataConnections
    connection.bytesPerMs = this.bytesPerMs
    connection.cutAtByte = this.cut(number) ?? Number.POSITIVE_INFINITY
    const reader = new RequestReader({
      head: (head) => {
        session = this.#putMedia(connection, head)
      },
      body: (bytes) => session?.push(bytes),
      end: () => session?.end(),
    })
    return { onData: (bytes) => reader.push(bytes), onEnd: () => session?.cut() }
  }

  #putMedia(connection: Connection, head: RequestHead): PutSession | undefined {
    this.operations.push('putMedia')
    const name = head.headers.get('x-amzn-stream-name') ?? ''
    const stream = this.streams.get(name)
    const missing = stream === undefined ? { status: 404, type: 'ResourceNotFoundException' } : undefined
    const refusal = this.refuse('putMedia', head) ?? missing ?? this.#tooMany(name)
    if (refusal !== undefined) {
      connection.send(refusedWith(refusal, this.#date()))
      connection.close(null)
      return undefined
    }
    const session = new PutSession(this, connection, head, stream?.retentionHours ?? 0)
    this.sessions.push(session)
    this.mostSessionsAtOnce = Math.max(this.mostSessionsAtOnce, this.sessions.filter(({ over }) => !over).length)
    this.onSession(session)
    if (this.continues) connection.send(utf8Bytes('HTTP/1.1 100 Continue\r\n\r\n'))
    if (this.continues) session.accept()
    return session
  }

  #tooMany(name: string): Refusal | undefined {
    const open = this.sessions.filter((session) => !session.over && session.streamName === name).length
    return open < this.connectionLimit ? undefined : { status: 400, type: 'ConnectionLimitExceededException' }
  }

  /** The stream is gone; its sessions end with `errorId`, or without a word where that is undefined. */
  deleteStream(name: string, errorId: number | undefined): void {
    this.streams.delete(name)
    for (const session of this.sessions) {
      if (session.streamName === name && !session.over) session.fail(errorId)
    }
  }
}

/** A refusal without a type is one of something between the client and the service. */
function refusedWith({ status, type, message }: Refusal, date: Readonly<Record<string, string>>): Uint8Array {
  if (type === '') return jsonResponse(status, {}, date)
  return jsonResponse(status, { Message: message ?? `refused: ${type}` }, { 'x-amzn-ErrorType': type, ...date })
}

function streamInfo(name: string, stream: FakeStream): object {
  return {
    StreamName: name,
    StreamARN: arn(name),
    Status: stream.status,
    DataRetentionInHours: stream.retentionHours,
    MediaType: stream.mediaType,
  }
}

function arn(name: string): string {
  return `arn:aws:kinesisvideo:us-west-2:123456789012:stream/${name}/1`
}
