/** The sessions of one stream at a time: the one that sends, the one that is to take over, and the one before, leaving. */

import type { Fragment, FragmentQueue } from '../frame/fragment.ts'
import type { Session } from './session.ts'

/** What is left after a session has broken. */
export interface Broken {
  /** Those whose fragments go out again, destroyed. */
  readonly sessions: readonly Session[]
  /** The one that was to take over does so now. */
  readonly heir: Session | undefined
  /** Nobody sends any more. */
  readonly silent: boolean
}

export class Relay {
  /** The one that sends. */
  session: Session | undefined
  /** Takes over from it once it is accepted. */
  successor: Session | undefined
  /** Has handed over, and waits for its last acks. */
  leaving: Session | undefined

  has(session: Session): boolean {
    return session === this.session || session === this.successor || session === this.leaving
  }

  /** Whether the fragment is on its way: nobody may take it away. */
  isSending(fragment: Fragment): boolean {
    return this.session?.holds(fragment) === true
  }

  /** Gives up the part of the open fragment that is sent, so that a fragment can outgrow the buffer. */
  releaseSentHead(queue: FragmentQueue): boolean {
    const { open, fragments } = queue
    const oldest = fragments.find(({ givenUp }) => !givenUp)
    if (open === undefined || open !== oldest || this.session?.sending !== open) return false
    return queue.releaseHead(this.session.takenBytes)
  }

  /** A fragment was given up that had been sent: there may be nothing left that the session before has to wait for. */
  relieved(): void {
    this.leaving?.pump()
  }

  get isEmpty(): boolean {
    return this.session === undefined && this.leaving === undefined
  }

  /** Number of the fragment behind which a session goes on that begins now. */
  get last(): number {
    return this.leaving?.last ?? 0
  }

  /** The session that sends has its last fragment; returns the one that takes over, if there is one. */
  handOver(): Session | undefined {
    this.leaving = this.session
    this.session = this.successor
    this.successor = undefined
    return this.session
  }

  /** The session is over, and owes nothing. */
  remove(session: Session): void {
    if (session === this.leaving) this.leaving = undefined
    else if (session === this.session) this.session = undefined
    else this.successor = undefined
  }

  broke(session: Session): Broken {
    const { leaving } = this
    const heir = session === this.session && this.successor?.accepted ? this.successor : undefined
    // What comes behind a fragment that goes out again has to go out again, too: timecodes rise within a session.
    const sessions = session === leaving && this.session !== undefined ? [session, this.session] : [session]
    if (session === leaving) this.leaving = undefined
    if (heir === undefined) this.dropSuccessor()
    for (const each of sessions) each.destroy()
    const silent = heir === undefined && this.session !== undefined
    this.session = heir
    this.successor = undefined
    return { sessions, heir, silent }
  }

  dropSuccessor(): void {
    this.successor?.destroy()
    this.successor = undefined
  }

  destroy(): void {
    for (const session of [this.session, this.successor, this.leaving]) session?.destroy()
    this.session = undefined
    this.successor = undefined
    this.leaving = undefined
  }
}
