import type { BreakFault, CallFault, EndSessionFault, Fault, OperationName, TimedFault } from './fault.ts'

interface Counted {
  readonly fault: CallFault
  /** Calls that matched. */
  seen: number
}

/** Decides which faults strike a call, and which at a moment. Knows no clock and no network. */
export class FaultPlan {
  readonly #calls: readonly Counted[]
  /** Those that strike by themselves, each `atMs` after the start of the plan. */
  readonly timed: readonly TimedFault[]
  readonly #startMs: number

  /** @param startMs when the plan begins, on the clock of `call`. */
  constructor(faults: readonly Fault[], startMs: number) {
    this.#startMs = startMs
    this.timed = faults.filter(isTimed)
    this.#calls = faults.filter(isByCall).map((fault) => ({ fault, seen: 0 }))
  }

  /** What strikes this call, in the order of the plan. Counts it. `stream` is undefined where the call names none. */
  call(operation: OperationName, stream: string | undefined, nowMs: number): readonly CallFault[] {
    return this.#calls.filter((counted) => strikes(counted, operation, stream, nowMs - this.#startMs)).map(faultOf)
  }
}

function faultOf({ fault }: Counted): CallFault {
  return fault
}

function strikes(counted: Counted, operation: OperationName, stream: string | undefined, sinceMs: number): boolean {
  const { fault } = counted
  const every = fault.fault === 'refuse' || (fault.fault === 'delay' && (fault.before ?? 'answer') === 'answer')
  const wanted = fault.operation ?? (every ? operation : 'putMedia')
  if (wanted !== operation || (fault.stream ?? stream) !== stream || sinceMs < (fault.afterMs ?? 0)) return false
  const call = ++counted.seen
  const first = fault.nth ?? 1
  const times = fault.times === 'always' ? Number.POSITIVE_INFINITY : (fault.times ?? 1)
  return call >= first && call < first + times
}

function isTimed(fault: Fault): fault is TimedFault {
  if (fault.fault === 'expireCredentials' || fault.fault === 'changeEndpoint') return true
  return 'atMs' in fault && fault.atMs !== undefined
}

function isByCall(fault: Fault): fault is CallFault {
  return !isTimed(fault)
}

/** True for those after which nothing more comes from the endpoint. */
export function isBreak(fault: Fault): fault is BreakFault {
  return fault.fault === 'cut' || fault.fault === 'stall' || fault.fault === 'halfOpen'
}

/** True for a fault that is about a whole session from within. */
export function isEnd(fault: Fault): fault is EndSessionFault {
  return fault.fault === 'endSession'
}
