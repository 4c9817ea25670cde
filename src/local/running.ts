import { type FileHandle, open, readFile, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { KvsError } from '../core/errors.ts'
import { replaceFile, systemCode } from './files.ts'

/**
 * The file that says that an endpoint runs in a directory, and where: it keeps a second one out, whose writes would
 * destroy the first one's, and tells other programs how to reach the first.
 */
export interface RunningEndpoint {
  readonly pid: number
  /** Of the control plane and of everything else. */
  readonly url: string
  /** Where it listens, which may not be what the URL says. */
  readonly host: string
  readonly port: number
  readonly region: string
  /** Path of the authority's certificate, null for plain HTTP. */
  readonly caFile: string | null
}

/** A start that has not come to listening after this long has died. */
const startingMs = 30_000

function runningFile(directory: string): string {
  return join(directory, 'running.json')
}

/** The claim of one endpoint on a directory. */
export class DirectoryClaim {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Claims a directory. Throws CONFIGURATION where an endpoint runs in it. */
  static async take(directory: string): Promise<DirectoryClaim> {
    const path = runningFile(directory)
    for (;;) {
      const file = await createNew(path)
      if (file !== null) {
        await file.writeFile(JSON.stringify({ pid: process.pid }))
        await file.close()
        return new DirectoryClaim(directory)
      }
      if (await isInUse(directory)) {
        throw new KvsError('CONFIGURATION', `an endpoint runs in ${directory} already`, {
          cause: 'kvs local was started twice',
          cure: 'stop the other one, or give this one a folder of its own',
        })
      }
      await rm(path, { force: true })
    }
  }

  /** Says where the endpoint is to be found. */
  async announce(endpoint: Omit<RunningEndpoint, 'pid'>): Promise<void> {
    const content = JSON.stringify({ pid: process.pid, ...endpoint }, null, 2)
    await replaceFile(runningFile(this.#directory), `${content}\n`, 0o600)
  }

  async release(): Promise<void> {
    await rm(runningFile(this.#directory), { force: true })
  }
}

/** The endpoint that runs in a directory, null where none does. */
export async function findRunning(directory: string): Promise<RunningEndpoint | null> {
  const kept = await readRunning(directory)
  return kept !== null && isComplete(kept) && isAlive(kept.pid) && (await answers(kept.host, kept.port)) ? kept : null
}

async function isInUse(directory: string): Promise<boolean> {
  const kept = await readRunning(directory)
  if (kept !== null && isComplete(kept)) return (await findRunning(directory)) !== null
  // Somebody is starting, or died while starting.
  const age = await stat(runningFile(directory)).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => startingMs,
  )
  return age < startingMs && (kept?.pid === undefined || isAlive(kept.pid))
}

async function createNew(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'wx', 0o600)
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return null
    throw thrown
  }
}

async function readRunning(directory: string): Promise<Partial<RunningEndpoint> | null> {
  try {
    const value: unknown = JSON.parse(await readFile(runningFile(directory), 'utf8'))
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

function isComplete(value: Partial<RunningEndpoint>): value is RunningEndpoint {
  const { pid, url, host, port, region } = value
  return (
    Number.isInteger(pid) && Number.isInteger(port) && [url, host, region].every((text) => typeof text === 'string')
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    // It is there, but somebody else's.
    return systemCode(thrown) === 'EPERM'
  }
}

/** The number of a process that died is given to others: only a listening one counts. */
function answers(host: string, port: number): Promise<boolean> {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 1000 })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => done(true))
    socket.on('timeout', () => done(false))
    socket.on('error', () => done(false))
  })
}
