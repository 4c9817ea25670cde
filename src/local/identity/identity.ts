import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { ServiceError } from '../errors.ts'
import type { LocalKvsEvent } from '../events.ts'
import type { Faults } from '../faults/faults.ts'
import { strikeAnswer } from '../faults/strikeAnswer.ts'
import { Listener, PortTaken } from '../http/listener.ts'
import { baseUrl, type LocalKvsSettings } from '../options.ts'
import type { Authority } from '../tls/authority.ts'
import type { KeyedCertificate } from '../tls/certificate.ts'
import {
  type CredentialReply,
  CredentialRoutes,
  containerToken,
  containerUrl,
  type FoundRoute,
  roleName,
  sendReply,
} from './credentialRoutes.ts'
import { keepDeviceCertificate } from './deviceCertificate.ts'
import type { KeyRing } from './keyRing.ts'

/** How a device gets credentials: its certificate and key are files, PEM. */
export interface IotAccess {
  /** Host and port of the credentials provider. */
  readonly endpoint: string
  readonly certificateFile: string
  readonly keyFile: string
  /** Any other one will do as well. */
  readonly roleAlias: string
}

/** How a container gets credentials. */
export interface ContainerAccess {
  readonly url: string
  readonly authorizationToken: string
}

export interface IdentityOptions {
  readonly settings: LocalKvsSettings
  /** Port of the endpoint; these servers take the next two where it was chosen and they are free. */
  readonly port: number
  readonly keys: KeyRing
  readonly faults: Faults
  /** Null: plain HTTP, and no IoT. */
  readonly served: { readonly authority: Authority; readonly certificate: KeyedCertificate } | null
  emit(event: LocalKvsEvent): void
}

/** The servers that give out credentials: AWS IoT's with mutual TLS, and one on loopback without TLS for all others. */
export class Identity {
  readonly #machine: Listener
  readonly #iot: Listener | null
  readonly iot: IotAccess | null
  readonly container: ContainerAccess

  private constructor(machine: Listener, authorizationToken: string, iot: Listener | null, access: IotAccess | null) {
    this.#machine = machine
    this.#iot = iot
    this.iot = access
    this.container = { url: containerUrl(this.machineUrl), authorizationToken }
  }

  /** Opens both. Throws CONFIGURATION where the address cannot be had. */
  static async open(options: IdentityOptions): Promise<Identity> {
    const { settings, keys, served, emit } = options
    const { maxConnections, directory, nowMs } = settings
    const routes = new CredentialRoutes({
      keys,
      lifeMs: settings.tokenLifeMs,
      nowMs,
      minted: (route, { accessKeyId, expiration }) =>
        emit({ type: 'credentials', route, accessKeyId, expiresMs: expiration.getTime() }),
    })
    const answers = (find: (request: IncomingMessage) => FoundRoute | null) => {
      return (request: IncomingMessage, response: ServerResponse) => {
        void answer(options, find(request), request, response)
      }
    }
    const near = (offset: number) => (settings.port === 0 ? 0 : options.port + offset)
    const onRequest = answers((request) => routes.machine(request))
    const machine = await openNear(near(2), { host: '127.0.0.1', maxConnections, certificate: null, onRequest })
    const token = containerToken(keys)
    if (served === null) return new Identity(machine, token, null, null)
    try {
      const { authority, certificate } = served
      const files = await keepDeviceCertificate(directory, authority, nowMs())
      const iot = await openNear(near(1), {
        host: settings.host,
        maxConnections,
        certificate,
        clientAuthority: authority.certificate,
        onRequest: answers((request) => routes.iot(request)),
      })
      const host = new URL(baseUrl(settings, iot.port, hostname())).hostname
      return new Identity(machine, token, iot, { endpoint: `${host}:${iot.port}`, roleAlias: roleName, ...files })
    } catch (thrown) {
      await machine.close(0)
      throw thrown
    }
  }

  /** Null over plain HTTP. */
  get iotPort(): number | null {
    return this.#iot?.port ?? null
  }

  /** Of the instance metadata service and of containers. */
  get machineUrl(): string {
    return `http://127.0.0.1:${this.#machine.port}`
  }

  setCertificate(certificate: KeyedCertificate): void {
    this.#iot?.setCertificate(certificate)
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all([this.#iot?.close(graceMs), this.#machine.close(graceMs)])
  }
}

/** On that port, or on any that is free. */
async function openNear(port: number, options: Omit<Parameters<typeof Listener.open>[0], 'port'>): Promise<Listener> {
  try {
    return await Listener.open({ ...options, port: port > 65_535 ? 0 : port })
  } catch (thrown) {
    if (!(thrown instanceof PortTaken)) throw thrown
    return await Listener.open({ ...options, port: 0 })
  }
}

async function answer(
  { faults, emit, settings }: IdentityOptions,
  route: FoundRoute | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID()
  response.setHeader('Date', new Date(settings.nowMs()).toUTCString())
  request.resume()
  if (route === null) {
    sendReply(response, { status: 404, body: { message: 'Not Found' } }, requestId)
    return
  }
  const { operation } = route
  let reply: CredentialReply
  try {
    const goesOn = await strikeAnswer(
      faults.call(operation, undefined),
      { request, response, requestId },
      { pause: (waiting, ms) => faults.pause(waiting, ms), tell: (fault) => emit({ type: 'fault', fault, operation }) },
    )
    if (!goesOn) return
    reply = route.answer()
  } catch (thrown) {
    if (!(thrown instanceof ServiceError)) throw thrown
    const { status, type, message } = thrown
    reply = { status, body: { message }, ...(type !== '' && { error: type }) }
  }
  if (reply.status !== 200) emit({ type: 'refused', operation, error: asError(reply) })
  sendReply(response, reply, requestId)
}

function asError({ status, body, error = 'Refused' }: CredentialReply): ServiceError {
  const message = typeof body === 'string' ? body : String((body as { readonly message?: string }).message)
  return new ServiceError(error, status, message)
}
