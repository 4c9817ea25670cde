/** Makes the faults of a plan happen: on the fake network, in the fake service, and to the clock. */

import { type ErrorCode, KvsError } from '../../errors.ts'
import type { Connection } from '../fakeNetwork.ts'
import { controlOrigin, type FakeService, type Refusal } from '../fakeService.ts'
import type { RequestHead } from '../httpServer.ts'
import type { AckFields, PutSession, StoredFragment } from '../putSession.ts'
import type { DialFailure, Fault } from './faults.ts'
import { fragmentErrorIds } from './faults.ts'
import type { Identities } from './identity.ts'
import type { ServicePlan } from './plan.ts'
import type { SeededRandom } from './random.ts'
import type { Witness } from './witness.ts'

const dialErrors: Record<Exclude<DialFailure, 'silence'>, ErrorCode> = {
  refused: 'CONNECT_FAILED',
  name: 'NAME_NOT_FOUND',
  tls: 'TLS_FAILED',
  certificateTime: 'CERTIFICATE_TIME',
}

type ErrorAckFault = Extract<Fault, { kind: 'errorAck' }>

export class Strikes {
  readonly #service: FakeService
  readonly #plan: ServicePlan
  readonly #faults: readonly Fault[]
  readonly #identities: Identities
  readonly #random: SeededRandom
  readonly #witness: Witness
  /** Hosts that the stream has left, and what is found there. */
  readonly #left = new Map<string, 'word' | 'nothing'>()
  /** Fragments that the service refuses whenever they come, with which error and where. */
  readonly #refused = new Map<number, ErrorAckFault>()
  readonly #lastAcks = new Map<PutSession, AckFields>()
  #connections = 0

  constructor(
    service: FakeService,
    plan: ServicePlan,
    faults: readonly Fault[],
    identities: Identities,
    random: SeededRandom,
    witness: Witness,
  ) {
    this.#service = service
    this.#plan = plan
    this.#faults = faults
    this.#identities = identities
    this.#random = random
    this.#witness = witness
  }

  /** From now on what is planned happens. */
  begin(): void {
    const service = this.#service
    service.connectionLimit = this.#plan.connectionLimit
    service.idleMs = 30_000
    service.endsResponse = this.#plan.endsResponse
    service.nowMs = () => this.#identities.serviceMs()
    service.dial = (host) => this.#dial(host)
    service.refuse = (operation, head) => this.#refuse(operation, head)
    service.onConnection = (connection) => this.#onConnection(connection)
    service.error = (fragment, session, at) => this.#onFragment(fragment, session, at)
    service.ackDelayMs = (session, fields) => this.#ackDelayMs(session, fields)
    for (const fault of this.#faults) {
      if ('atMs' in fault) this.#at(fault.atMs, () => this.#strike(fault))
      if (fault.kind === 'hold') this.#at(fault.fromMs, () => this.#hold(fault))
      if (fault.kind === 'noContinue') this.#at(fault.fromMs, () => this.#continues(false))
      if (fault.kind === 'noContinue') this.#at(fault.untilMs, () => this.#continues(true))
    }
  }

  #continues(continues: boolean): void {
    this.#service.continues = continues
  }

  #at(ms: number, task: () => void): void {
    const { clock } = this.#service
    clock.setTimer(Math.max(0, ms - clock.monotonicMs()), task)
  }

  #active<K extends Fault['kind']>(kind: K): Extract<Fault, { kind: K }>[] {
    const nowMs = this.#service.clock.monotonicMs()
    return this.#faults.filter((fault): fault is Extract<Fault, { kind: K }> => {
      return fault.kind === kind && 'fromMs' in fault && nowMs >= fault.fromMs && nowMs < fault.untilMs
    })
  }

  #dial(host: string): KvsError | 'silence' | undefined {
    this.#witness.onDial(host)
    if (this.#left.get(host) === 'nothing') return new KvsError('NAME_NOT_FOUND', `there is no ${host} any more`)
    const fault = this.#active('dial').find((each) => host.startsWith(each.host))
    if (fault === undefined) return undefined
    if (fault.how === 'silence') return fault.how
    return new KvsError(dialErrors[fault.how], `${host} is not to be had: ${fault.how}`)
  }

  #refuse(operation: string, head: RequestHead): Refusal | undefined {
    this.#witness.onOperation(operation)
    const fault = this.#active('refuse').find((each) => each.operation === '' || each.operation === operation)
    if (fault !== undefined) return fault.refusal
    const host = head.headers.get('host') ?? ''
    if (this.#left.has(host)) return { status: 400, type: 'InvalidEndpointException' }
    const refusal = this.#identities.refusal(head)
    // A session ends with the token that it was opened with.
    this.#service.sessionLifeMs = Math.min(this.#plan.sessionLifeMs, this.#identities.lifeLeftMs(head))
    return refusal
  }

  #onConnection(connection: Connection): void {
    const number = this.#connections++
    for (const fault of this.#faults) {
      if (fault.kind !== 'cutAtByte' || fault.connection !== number) continue
      if (fault.direction === 'up') connection.cutAtByte = fault.byte
      else connection.cutAtAnswerByte = fault.byte
    }
    if (connection.options.host !== controlOrigin.host) connection.bytesPerMs = this.#active('slow')[0]?.bytesPerMs
  }

  #onFragment(fragment: StoredFragment, session: PutSession, at: 'begin' | 'end'): number | undefined {
    const service = this.#service
    if (at === 'begin') this.#witness.onFragment(fragment, session, service.sessions)
    service.persistMs = this.#random.int(...this.#plan.persistMs)
    const number = service.sessions.indexOf(session)
    const index = session.fragments.indexOf(fragment)
    const { timecodeMs } = fragment
    const fault =
      this.#refused.get(timecodeMs) ??
      this.#faults.find((each): each is ErrorAckFault => {
        return each.kind === 'errorAck' && each.session === number && each.fragment === index && each.at === at
      })
    if (fault === undefined || fault.at !== at) return undefined
    this.#witness.note(`strike errorAck ${fault.errorId} ${fault.names}`)
    if (fragmentErrorIds.includes(fault.errorId)) {
      this.#witness.fragmentErrors++
      // A fragment that is at fault stays so.
      if (fault.names === 'it') this.#refused.set(timecodeMs, fault)
    }
    service.errorTimecode = fault.names === 'it'
    if (fault.names !== 'another') return fault.errorId
    session.fail(fault.errorId, 4711)
    return undefined
  }

  #ackDelayMs(session: PutSession, fields: AckFields): number {
    this.#lastAcks.set(session, fields)
    const fault = this.#active('acks').find((each) => each.type === '' || each.type === fields.EventType)
    if (fault === undefined || fault.delayMs === Number.POSITIVE_INFINITY) return fault?.delayMs ?? 0
    return this.#random.int(0, fault.delayMs)
  }

  #hold(fault: Extract<Fault, { kind: 'hold' }>): void {
    const directions = fault.direction === 'both' ? (['up', 'down'] as const) : [fault.direction]
    const held = [...this.#service.network.open]
    this.#witness.note(`strike hold ${fault.direction} of ${held.length}`)
    for (const connection of held) for (const each of directions) connection.hold(each, fault.windowBytes)
    if (fault.untilMs === Number.POSITIVE_INFINITY) return
    this.#at(fault.untilMs, () => {
      for (const connection of held) for (const each of directions) connection.release(each)
    })
  }

  #strike(fault: Extract<Fault, { readonly atMs: number }>): void {
    const service = this.#service
    this.#witness.note(`strike ${fault.kind}`)
    const open = service.sessions.filter((session) => !session.over)
    switch (fault.kind) {
      case 'close': {
        const error = fault.inOrder ? null : new KvsError('CONNECTION_LOST', 'the network is away')
        for (const connection of [...service.network.open]) connection.close(error)
        break
      }
      case 'strayAck':
        for (const session of open) this.#strayAck(session, fault.what)
        break
      case 'delete':
        service.deleteStream('cam', fault.errorId)
        break
      case 'clock':
        service.clock.wallOriginMs += fault.byMs
        break
      case 'expire':
        this.#identities.expireAll()
        if (fault.endsSessions) for (const session of open) session.fail(4003)
        break
      case 'move':
        this.#left.set(service.dataHost, fault.leaves)
        service.dataHost = `data${this.#left.size}.test`
        break
      case 'endSessions':
        if (fragmentErrorIds.includes(fault.errorId)) this.#witness.fragmentErrors += open.length
        for (const session of open) session.fail(fault.errorId)
    }
  }

  #strayAck(session: PutSession, what: 'foreign' | 'idle' | 'repeat' | 'unsent'): void {
    const last = session.fragments[session.fragments.length - 1]
    if (what === 'idle') session.ack({ EventType: 'IDLE' })
    if (what === 'foreign') session.ack({ EventType: 'PERSISTED', FragmentTimecode: 4711, FragmentNumber: '1' })
    const before = this.#lastAcks.get(session)
    if (what === 'repeat' && before !== undefined) session.ack(before)
    // Of a fragment that is still coming; where nothing is retained it would be the last word on it, and a lie.
    if (what === 'unsent' && last?.complete === false && this.#plan.retentionHours > 0) {
      session.ack({ EventType: 'RECEIVED', FragmentTimecode: last.timecodeMs, FragmentNumber: '1' })
    }
  }
}
