/** Every error of the program: a stable code, what happened, the likely cause, the cure. */

interface ErrorKind {
  /** Exit status of the command line (sysexits; see docs/errors.md). */
  readonly exit: number
  /** True where trying again later may help without anybody changing anything. */
  readonly retry: boolean
  /** Likely cause, where the place that raises the error knows no better. */
  readonly cause: string
  readonly cure: string
}

const kinds = {
  USAGE: kind(1, false, 'an argument is unknown, missing or out of range', 'see kvs --help, or what the call takes'),
  INPUT_MISSING: kind(66, false, 'the path is wrong', 'check the path'),
  INPUT_UNREADABLE: kind(66, false, 'permission is missing or the storage is faulty', 'check the rights of the file'),
  INPUT_GAP: kind(66, false, 'a frame file was lost or renamed', 'number the frame files without gaps'),
  MEDIA_INVALID: kind(
    66,
    false,
    'the data is damaged or of another codec',
    'check what the encoder writes, or name its codec with --video-codec or --audio-codec',
  ),
  FRAME_TOO_LARGE: kind(66, false, 'the buffer is smaller than one frame', 'give it a larger buffer'),
  OUTPUT_UNWRITABLE: kind(78, false, 'the folder is missing, not writable, or the disk is full', 'check the folder'),
  STREAM_NOT_FOUND: kind(
    69,
    false,
    'the name or the region is wrong, or the stream was never created',
    'check --channel-name and --region, or leave out --no-create',
  ),
  SERVICE_REFUSED: kind(69, false, 'the service refuses this request for good', 'see the message of the service'),
  FRAGMENT_REFUSED: kind(69, true, 'the service refuses the media', 'see the error id of the service'),
  SERVICE_BUSY: kind(75, true, 'the service is overloaded or a limit is reached', 'check the network'),
  CONNECT_FAILED: kind(
    75,
    true,
    'nothing listens there, or a firewall is in the way',
    'check the endpoint and the network',
  ),
  NAME_NOT_FOUND: kind(
    75,
    true,
    'the host name does not exist or name lookup does not work',
    'check --region, --endpoint and the network',
  ),
  CONNECTION_LOST: kind(75, true, 'the network or the service broke the connection', 'check the network'),
  TIMED_OUT: kind(75, true, 'the network or the service is too slow or gone', 'check the network'),
  TLS_FAILED: kind(
    75,
    true,
    'the certificate is not for this host, or not signed by a trusted authority',
    'check --endpoint, and --ca for an endpoint with a certificate of its own',
  ),
  CERTIFICATE_TIME: kind(75, true, 'the clock of this machine is wrong', 'set the clock'),
  HTTP_INVALID: kind(75, true, 'the peer does not speak HTTP/1.1', 'check the endpoint'),
  GAVE_UP: kind(
    75,
    true,
    'the network or the service was not to be had',
    'check the network and the endpoint, then start again',
  ),
  NO_CREDENTIALS: kind(
    77,
    false,
    'no credentials are set',
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; to try it without an AWS account: kvs demo, on a computer with Node.js',
  ),
  ACCESS_DENIED: kind(
    77,
    false,
    'the credentials are wrong or lack a permission',
    'check the keys, and that their policy allows the kinesisvideo actions',
  ),
  CREDENTIALS_EXPIRED: kind(77, true, 'the session token is too old', 'renew the credentials'),
  CLOCK_SKEWED: kind(77, true, 'the clock of this machine is wrong', 'set the clock'),
  CONFIGURATION: kind(78, false, 'a setting is wrong', 'correct the setting'),
  DATA_LOST: kind(74, false, 'see the reasons given', 'check the network, or give it a larger buffer'),
  DATA_SPOOLED: kind(
    75,
    true,
    'the network did not take everything before the end',
    'start again with the same --spool: it is sent first',
  ),
  STOPPED: kind(1, false, 'the producer has been stopped', 'make a new producer'),
  OUT_OF_MEMORY: kind(
    70,
    false,
    'the system has no memory left, or a limit is set for this program',
    'give it a smaller --size, or free memory',
  ),
  INTERNAL: kind(70, false, 'a mistake in this program', 'report it'),
} as const satisfies Record<string, ErrorKind>

/** The stable names of errors; docs/errors.md explains each. */
export type ErrorCode = keyof typeof kinds

/** All of them. */
export const errorCodes = Object.keys(kinds) as readonly ErrorCode[]

function kind(exit: number, retry: boolean, cause: string, cure: string): ErrorKind {
  return { exit, retry, cause, cure }
}

/** What the place that raises an error may know better than the table. */
export interface ErrorDetails {
  readonly cause?: string
  readonly cure?: string
  readonly retry?: boolean
  /** Name or number that AWS gives it, e.g. `ResourceNotFoundException` or `4004`. */
  readonly aws?: string
  /** HTTP status, where there is one. */
  readonly httpStatus?: number
}

/** The one class of errors that this package throws. */
export class KvsError extends Error {
  override readonly name = 'KvsError'
  /** Stable: programs may branch on it. */
  readonly code: ErrorCode
  readonly likelyCause: string
  readonly cure: string
  /** True where trying again later may help. */
  readonly retry: boolean
  readonly aws: string | undefined
  readonly httpStatus: number | undefined

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    super(what)
    this.code = code
    this.likelyCause = details.cause ?? kinds[code].cause
    this.cure = details.cure ?? kinds[code].cure
    this.retry = details.retry ?? kinds[code].retry
    this.aws = details.aws
    this.httpStatus = details.httpStatus
  }

  /** Exit status of the command line for this error (sysexits). */
  get exitStatus(): number {
    return kinds[this.code].exit
  }

  /** One message for people: what, cause, cure. */
  explain(): string {
    return `${this.message}\n  likely cause: ${this.likelyCause}\n  cure: ${this.cure}`
  }
}

/** Whatever was thrown, as a KvsError. */
export function asKvsError(thrown: unknown): KvsError {
  if (thrown instanceof KvsError) return thrown
  if (isOutOfMemory(thrown)) return new KvsError('OUT_OF_MEMORY', 'no memory left')
  return new KvsError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown))
}

/** As engines say it: QuickJS, with null where even the error found no room, and V8. */
function isOutOfMemory(thrown: unknown): boolean {
  if (thrown === null) return true
  return thrown instanceof Error && ['out of memory', 'Array buffer allocation failed'].includes(thrown.message)
}
