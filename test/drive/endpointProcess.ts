/** A local endpoint in a process of its own: it can be killed at any moment, stopped like a hung machine, and started again. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { readCredentials } from '../../src/local/auth/credentials.ts'
import type { Credentials } from '../../src/local/index.ts'
import { findRunning, type RunningEndpoint } from '../../src/local/running.ts'
import { root, temporaryFolder } from './folder.ts'
import { within } from './within.ts'

/** From the sources, whatever KVS_COMMAND is: the endpoint is Node's, and not what is being tested there. */
const kvsLocal = ['--import', 'tsx', 'src/node/kvs.ts', 'local', '--limits', 'off']

export class EndpointProcess {
  readonly directory: string
  #child: ChildProcess | undefined
  #running: RunningEndpoint | undefined
  #credentials: Credentials | undefined

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
    const known = this.#running?.port
    for (let tries = 0; ; tries++) {
      try {
        return await this.#launch(known ?? anyPort())
      } catch (error) {
        if (known !== undefined || tries === 10 || !String(error).includes('is taken')) throw error
      }
    }
  }

  async #launch(port: number): Promise<void> {
    const { PATH = '', HOME = '' } = process.env
    const args = [...kvsLocal, '--dir', this.directory, '--port', String(port)]
    const child = spawn(process.execPath, args, { cwd: root, env: { PATH, HOME }, stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    await within(greeted(child), () => 'the start of kvs local')
    this.#running = (await findRunning(this.directory)) ?? undefined
    this.#credentials = (await readCredentials(this.directory)) ?? undefined
  }

  /** How programs reach it. */
  get service() {
    const [running, credentials] = [this.#running, this.#credentials]
    if (running === undefined || credentials === undefined) throw new Error('the endpoint does not run')
    const { url, region, caFile } = running
    return { endpoint: url, region, caPath: caFile ?? '', credentials }
  }

  get env(): Readonly<Record<string, string>> {
    const { credentials, region, endpoint, caPath } = this.service
    return {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      CONTROL_PLANE_URI: endpoint,
      AWS_KVS_CACERT_PATH: caPath,
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

/** Below those that the system gives to clients: nobody has taken it when the endpoint is started again. */
function anyPort(): number {
  return 10_000 + 3 * Math.floor(Math.random() * 7000)
}

/** Resolves when it has said where it runs. */
async function greeted(child: ChildProcess): Promise<void> {
  const stderr = child.stderr
  if (stderr === null) throw new Error('no standard error')
  let text = ''
  await new Promise<void>((resolve, reject) => {
    stderr.on('data', (piece) => {
      text += String(piece)
      if (text.includes('Ctrl-C stops it')) resolve()
    })
    child.once('exit', () => reject(new Error(`kvs local ended: ${text}`)))
  })
}
