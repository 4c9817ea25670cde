/** Errors as the command line shows them. */

import type { KvsError } from '../core/errors.ts'

/** One message that says what happened, why probably, and what to do. */
export function errorText(error: KvsError): string {
  return `kvs: ${error.explain()}\n`
}

/** The same as fields of a JSON line. */
export function errorFields(error: KvsError) {
  return {
    code: error.code,
    message: error.message,
    cause: error.likelyCause,
    cure: error.cure,
    retry: error.retry,
    ...(error.aws !== undefined && { aws: error.aws }),
    exitStatus: error.exitStatus,
  }
}
