/** The states of the line of sessions, and which may follow which: the one table. */

export type LineState =
  /** Looking at the stream, creating it where allowed. */
  | 'preparing'
  /** Asking for the data endpoint. */
  | 'locating'
  /** Ready; waits for media to send. */
  | 'idle'
  /** The PutMedia request is on its way. */
  | 'connecting'
  /** The service has accepted the request: fragments flow. */
  | 'streaming'
  /** Something failed; it is tried again after a while. */
  | 'waiting'
  | 'ended'

const followers: Readonly<Record<LineState, readonly LineState[]>> = {
  preparing: ['locating', 'waiting', 'ended'],
  locating: ['idle', 'waiting', 'ended'],
  idle: ['connecting', 'waiting', 'ended'],
  connecting: ['streaming', 'idle', 'waiting', 'ended'],
  streaming: ['idle', 'connecting', 'waiting', 'ended'],
  waiting: ['preparing', 'locating', 'idle', 'ended'],
  ended: [],
}

export function mayFollow(from: LineState, to: LineState): boolean {
  return followers[from].includes(to)
}
