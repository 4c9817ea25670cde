/** The service answers an error: one case for each name and status, of the control plane and of PutMedia. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Fault } from '../../src/local/index.ts'
import { assertAccounted, assertComplete, patientSeconds, streamThrough } from '../drive/faulty.ts'

type Operation = 'describeStream' | 'createStream' | 'getDataEndpoint' | 'putMedia'
/** Status, and name of the exception where there is one. */
type Answer = readonly [status: number, error?: string]

/** Tried again until it works: nothing is lost. */
const transient: readonly (readonly [Operation, ...Answer])[] = [
  ['describeStream', 400],
  ['describeStream', 400, 'ClientLimitExceededException'],
  ['describeStream', 400, 'ThrottlingException'],
  ['describeStream', 408],
  ['describeStream', 429, 'TooManyRequestsException'],
  ['describeStream', 500, 'InternalFailure'],
  ['describeStream', 502],
  ['describeStream', 503, 'ServiceUnavailable'],
  ['describeStream', 504],
  ['createStream', 500, 'InternalFailure'],
  ['getDataEndpoint', 404, 'ResourceNotFoundException'],
  ['getDataEndpoint', 503],
  ['putMedia', 400],
  ['putMedia', 400, 'ClientLimitExceededException'],
  ['putMedia', 400, 'ConnectionLimitExceededException'],
  ['putMedia', 400, 'InvalidEndpointException'],
  ['putMedia', 400, 'ResourceInUseException'],
  ['putMedia', 400, 'ThrottlingException'],
  ['putMedia', 404, 'ResourceNotFoundException'],
  ['putMedia', 408, 'RequestTimeout'],
  ['putMedia', 409],
  ['putMedia', 429],
  ['putMedia', 500, 'InternalFailure'],
  ['putMedia', 502],
  ['putMedia', 503, 'ServiceUnavailable'],
  ['putMedia', 504],
]

/** Ends with this status and code. */
const final: readonly (readonly [Operation, number, string | undefined, number, string])[] = [
  ['describeStream', 401, 'NotAuthorizedException', 77, 'ACCESS_DENIED'],
  ['describeStream', 403, undefined, 77, 'ACCESS_DENIED'],
  ['describeStream', 403, 'InvalidSignatureException', 77, 'ACCESS_DENIED'],
  ['describeStream', 403, 'UnrecognizedClientException', 77, 'ACCESS_DENIED'],
  ['describeStream', 403, 'ExpiredTokenException', 77, 'CREDENTIALS_EXPIRED'],
  ['describeStream', 400, 'InvalidArgumentException', 69, 'SERVICE_REFUSED'],
  ['createStream', 400, 'AccountStreamLimitExceededException', 69, 'SERVICE_REFUSED'],
  ['putMedia', 400, 'InvalidArgumentException', 69, 'SERVICE_REFUSED'],
  ['putMedia', 401, 'NotAuthorizedException', 77, 'ACCESS_DENIED'],
  ['putMedia', 403, 'AccessDeniedException', 77, 'ACCESS_DENIED'],
  ['putMedia', 403, 'InvalidClientTokenId', 77, 'ACCESS_DENIED'],
  ['putMedia', 501, undefined, 69, 'SERVICE_REFUSED'],
]

function refusal(operation: Operation, status: number, error: string | undefined, times: number | 'always'): Fault {
  return { fault: 'refuse', operation, status, times, ...(error !== undefined && { error }) }
}

describe('an HTTP error that passes', { concurrency: 10 }, () => {
  for (const [operation, status, error] of transient) {
    test(`${operation} ${status} ${error ?? ''}`, async (t) => {
      const seconds = operation === 'putMedia' ? 4 : patientSeconds
      const run = await streamThrough(t, { faults: [refusal(operation, status, error, 2)], seconds })
      const retries = run.lines.filter((line) => line['event'] === 'retry')
      assert.deepEqual([retries.length, run.end['sessions']], [2, operation === 'putMedia' ? 3 : 1])
      assertComplete(run)
    })
  }
})

describe('an HTTP error that stays', { concurrency: 10 }, () => {
  for (const [operation, status, error, exitStatus, code] of final) {
    test(`${operation} ${status} ${error ?? ''}`, async (t) => {
      const run = await streamThrough(t, { faults: [refusal(operation, status, error, 'always')] })
      const told = run.lines.find((line) => line['event'] === 'error')
      assert.deepEqual([run.status, told?.['code'], run.stored.length], [exitStatus, code, 0])
      assertAccounted(run)
    })
  }
})
