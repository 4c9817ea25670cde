/** A local endpoint in a process of its own: it can be killed at any moment, stopped like a hung machine, and started again. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { root, temporaryFolder } from './folder.ts'
import { within } from './within.ts'

const program = fileURLToPath(new URL('serve.ts', import.meta.url))

interface Announced {
  readonly url: string
  readonly port: number
  readonly caFile: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export class EndpointProcess {
  readonly directory: string
  #child: ChildProcess | undefined
  #announced: Announced | undefined

  private constructor(directory: string) {
    this.directory = directory
  }

  /** Starts one; it is killed with the test at the latest. */
  static async start(t: TestContext): Promise<EndpointProcess> {
    const endpoint = new EndpointProcess(await temporaryFolder(t))
    t.after(() => endpoint.kill())
    await endpoint.restart()
    return endpoint
  }

  /** Starts it again, in the same folder and on the same port. */
  async restart(): Promise<void> {
    const args = ['--import', 'tsx', program, this.directory, String(this.#announced?.port ?? 0)]
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    this.#announced = await within(firstLine(child), () => 'the start of an endpoint')
  }

  get announced(): Announced {
    if (this.#announced === undefined) throw new Error('the endpoint has not been started')
    return this.#announced
  }

  get env(): Readonly<Record<string, string>> {
    const { credentials, region, url, caFile } = this.announced
    return {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      CONTROL_PLANE_URI: url,
      AWS_KVS_CACERT_PATH: caFile,
    }
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** An end in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Halts it: connections stay, nothing is answered. */
  halt(): void {
    this.#child?.kill('SIGSTOP')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await within(gone, () => `the end of an endpoint after ${signal}`)
  }
}

async function firstLine(child: ChildProcess): Promise<Announced> {
  let text = ''
  for await (const piece of child.stdout ?? []) {
    text += String(piece)
    const end = text.indexOf('\n')
    if (end >= 0) return JSON.parse(text.slice(0, end)) as Announced
  }
  throw new Error('the endpoint ended before it was up')
}
