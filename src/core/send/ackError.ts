import { type ErrorCode, KvsError } from '../errors.ts'
import type { Ack, Fault } from '../frame/ack.ts'

/** An ERROR ack as an error, by what is at fault. */
export function ackError({ errorId, errorCode, timecodeMs }: Ack, fault: Fault): KvsError {
  const name = `${errorId ?? 'unknown'} ${errorCode ?? ''}`.trim()
  const at = timecodeMs === null ? '' : ` for fragment ${timecodeMs}`
  return new KvsError(codes[fault], `the service answered error ${name}${at}`, {
    aws: String(errorId ?? ''),
    ...(errorId === 4003 && {
      cause: 'a session lasts 45 minutes at most, and no longer than its credentials',
      cure: 'none',
    }),
    ...(fault === 'configuration' && {
      cause: "the stream's KMS key may not be used, or the stream takes fewer tracks",
      cure: "check the stream's key and its policy",
    }),
  })
}

const codes = {
  fragment: 'FRAGMENT_REFUSED',
  stream: 'STREAM_NOT_FOUND',
  configuration: 'SERVICE_REFUSED',
  session: 'SERVICE_BUSY',
} as const satisfies Record<Fault, ErrorCode>
