import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { Verifier } from './auth/verify.ts'
import type { ControlContext } from './control/context.ts'
import { DataAddress } from './control/dataAddress.ts'
import { operations } from './control/operations.ts'
import { StreamRegistry } from './control/registry.ts'
import { type StreamRecord, storeKey } from './control/stream.ts'
import { finishDeletion } from './control/streams.ts'
import type { LocalKvsEvent } from './events.ts'
import type { Fault, TimedFault } from './faults/fault.ts'
import { Faults } from './faults/faults.ts'
import { sendJson } from './http/reply.ts'
import type { KeyRing } from './identity/keyRing.ts'
import type { LocalKvsSettings } from './options.ts'
import { PutMediaRoute } from './putMediaRoute.ts'
import { ReadRoutes } from './readRoutes.ts'
import { type JsonRoute, Router } from './router.ts'
import { FragmentStore } from './store/fragmentStore.ts'
import type { StreamStore } from './store/streamStore.ts'

/** How often expired media is looked for. */
const expiryMs = 60_000

/** Everything behind the listener: streams, media, and the routes that lead to them. */
export class Endpoint {
  readonly registry: StreamRegistry
  readonly handle: RequestListener
  readonly #nowMs: () => number
  readonly #store: FragmentStore
  readonly #putMedia: PutMediaRoute
  readonly #reads: ReadRoutes
  readonly #router: Router
  #expiry: NodeJS.Timeout | null = null
  #expiring: Promise<void> = Promise.resolve()
  readonly #faults: Faults
  readonly #keys: KeyRing
  /** Of the settings, as long as it has not begun. */
  #planned: readonly Fault[] | null
  #address = new DataAddress('https://localhost')
  #emit: (event: LocalKvsEvent) => void = () => undefined

  private constructor(settings: LocalKvsSettings, keys: KeyRing, registry: StreamRegistry, store: FragmentStore) {
    const { nowMs } = settings
    this.registry = registry
    this.#nowMs = nowMs
    this.#store = store
    const emit = (event: LocalKvsEvent) => this.#emit(event)
    this.#keys = keys
    this.#planned = settings.faults
    const faults = new Faults((fault) => this.#strike(fault))
    this.#faults = faults
    const checkHost = (host: string | undefined) => this.#address.check(host)
    this.#putMedia = new PutMediaRoute({ settings, registry, store, faults, checkHost, emit })
    this.#reads = new ReadRoutes({ settings, registry, store })
    const context = this.#controlContext(settings, emit)
    const jsonRoutes = new Map<string, JsonRoute>(this.#reads.routes)
    for (const [path, operation] of operations) {
      jsonRoutes.set(path, async (input, { response, requestId }) => {
        sendJson(response, 200, await operation(input, context), requestId)
      })
    }
    const verifier = new Verifier({ region: settings.region, lookup: keys.lookup })
    const streamingRoutes = new Map([['/putMedia', this.#putMedia.serve]])
    this.#router = new Router({ verifier, jsonRoutes, streamingRoutes, faults, nowMs, emit })
    this.handle = this.#router.handle
  }

  /** Opens the files of a directory and finishes what a crash left half-done; `warn` is told of what is not in order. */
  static async open(settings: LocalKvsSettings, keys: KeyRing, warn: (message: string) => void): Promise<Endpoint> {
    const registry = await StreamRegistry.open(settings.directory)
    const store = await FragmentStore.open(join(settings.directory, 'media'), undefined, warn)
    const endpoint = new Endpoint(settings, keys, registry, store)
    const removal = { registry, removeMedia: (stream: StreamRecord) => endpoint.#removeMedia(stream) }
    for (const stream of registry.list()) if (stream.deleting) await finishDeletion(stream, removal)
    // Never removed: that the list of streams does not name them may be the list's fault.
    for (const folder of store.strangers(registry.list().map(storeKey))) {
      warn(`${folder} is media of no stream that streams.json names: it is kept, delete it by hand if it is of no use`)
    }
    await endpoint.#expireAll()
    return endpoint
  }

  /** The listener is up, under `url`; events go to `emit` from now on. */
  begin(url: string, emit: (event: LocalKvsEvent) => void): void {
    this.#address = new DataAddress(url)
    this.#emit = emit
    this.#expiry = setInterval(() => {
      this.#expiring = this.#expireAll()
    }, expiryMs).unref()
  }

  /** What strikes calls, for the servers that give out credentials. */
  get faults(): Faults {
    return this.#faults
  }

  /** Begins the fault plan of the settings, unless another one has come meanwhile. */
  beginPlan(): void {
    if (this.#planned !== null) this.setFaults(this.#planned)
  }

  /** Begins another fault plan; sessions that are open keep what the one before has for them. */
  setFaults(faults: readonly Fault[]): void {
    this.#planned = null
    this.#keys.renewOwn()
    this.#faults.begin(faults)
  }

  /** The media of a stream, undefined where there is no such stream. */
  async media(streamName: string): Promise<StreamStore | undefined> {
    const stream = this.registry.get(streamName)
    return stream === undefined ? undefined : await this.#store.stream(storeKey(stream))
  }

  /** Ends what streams, and waits for the answers to what does not. */
  async end(): Promise<void> {
    if (this.#expiry !== null) clearInterval(this.#expiry)
    this.#planned = null
    this.#faults.end()
    this.#putMedia.end()
    this.#reads.end()
    await this.#router.idle()
  }

  /** Closes the files; what is being stored is finished first. */
  async close(): Promise<void> {
    if (this.#expiry !== null) clearInterval(this.#expiry)
    await this.#expiring
    await this.#store.close()
  }

  #controlContext(settings: LocalKvsSettings, emit: (event: LocalKvsEvent) => void): ControlContext {
    return {
      registry: this.registry,
      region: settings.region,
      createDelayMs: settings.createDelayMs,
      nowMs: settings.nowMs,
      dataEndpoint: () => this.#address.url,
      removeMedia: (stream) => this.#removeMedia(stream),
      retentionChanged: (stream) => this.#expire(stream),
      changed: ({ name }, what) => emit({ type: 'stream', stream: name, what }),
    }
  }

  #strike(fault: TimedFault): void {
    this.#emit({ type: 'fault', fault })
    if (fault.fault === 'expireCredentials') {
      this.#keys.expire(fault.accessKeyId)
      this.#putMedia.expire(fault.accessKeyId)
    } else if (fault.fault === 'changeEndpoint') {
      this.#address.move()
      this.#putMedia.shutDown()
    } else {
      this.#putMedia.strike(fault)
    }
  }

  async #removeMedia(stream: StreamRecord): Promise<void> {
    this.#putMedia.streamDeleted(storeKey(stream))
    await this.#store.delete(storeKey(stream))
  }

  async #expireAll(): Promise<void> {
    for (const stream of this.registry.list()) {
      try {
        await this.#expire(stream)
      } catch (thrown) {
        const message = thrown instanceof Error ? thrown.message : String(thrown)
        this.#emit({ type: 'warning', message: `expired media of ${stream.name} cannot be removed: ${message}` })
      }
    }
  }

  /** Without retention media is kept as long as the service keeps it for readers: 5 minutes or 200 MB. */
  async #expire(stream: StreamRecord): Promise<void> {
    const { retentionHours } = stream
    const retention =
      retentionHours === 0 ? { maxAgeMs: 300_000, maxBytes: 200_000_000 } : { maxAgeMs: retentionHours * 3_600_000 }
    const store = await this.#store.stream(storeKey(stream))
    await store.expire(this.#nowMs(), retention)
  }
}
