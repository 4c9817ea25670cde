import type { ServerResponse } from 'node:http'
import { ServiceError } from '../errors.ts'
import { cutConnection } from '../http/cutConnection.ts'
import type { Call } from '../router.ts'
import type { CallFault, CutFault } from './fault.ts'
import { isBreak } from './plan.ts'

export interface AnswerFaultActions {
  /** Waits; false where nobody waits for the answer any more. */
  pause(response: ServerResponse, ms: number): Promise<boolean>
  /** A fault strikes. */
  tell(fault: CallFault): void
}

/**
 * Lets faults strike a call before it is answered. False: nothing must be answered any more. Those within a PutMedia
 * session are left to the session.
 *
 * @throws ServiceError what is to be answered
 */
export async function strikeAnswer(
  faults: readonly CallFault[],
  call: Call,
  { pause, tell }: AnswerFaultActions,
): Promise<boolean> {
  for (const fault of faults) {
    if (fault.fault === 'delay' && (fault.before ?? 'answer') === 'answer') {
      tell(fault)
      if (!(await pause(call.response, fault.ms))) return false
    } else if (fault.fault === 'refuse') {
      tell(fault)
      throw new ServiceError(fault.error ?? '', fault.status, fault.message ?? 'The fault plan says so.')
    } else if (fault.fault === 'cut' && fault.at === 'inAnswer') {
      tell(fault)
      cutInAnswer(call, fault)
    } else if (isBreak(fault) && strikesBefore(fault)) {
      tell(fault)
      if (fault.fault === 'cut') cutConnection(call.request.socket, fault.how ?? 'close')
      else if (fault.fault === 'halfOpen') call.request.resume()
      return false
    }
  }
  return true
}

function strikesBefore({ at, bytes, sessionMs }: Extract<CallFault, { readonly at?: unknown }>): boolean {
  return at === 'answer' || (at === undefined && bytes === undefined && sessionMs === undefined)
}

/** What the operation does is done; of what it answers, half the body arrives. */
function cutInAnswer({ request, response }: Call, { how = 'close' }: CutFault): void {
  const whole = response.end.bind(response)
  response.end = ((body?: unknown) => {
    if (typeof body !== 'string') return whole()
    response.write(body.slice(0, body.length / 2), () => cutConnection(request.socket, how))
    return response
  }) as typeof response.end
}
