import { createHash, randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
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
  /** Port of the IoT credentials provider, null for plain HTTP. */
  readonly iotPort: number | null
  /** Of the instance metadata service and the credentials of containers. */
  readonly machineUrl: string
}

/** What the file holds from the start on; where the endpoint is to be found follows when it listens. */
interface Claim extends Partial<RunningEndpoint> {
  /** Tells this start from every other one. */
  readonly id?: string
  /** When the process was born, where the system says; tells it from a later one of the same number. */
  readonly born?: string
}

const fileName = 'running.json'

function runningFile(directory: string): string {
  return join(directory, fileName)
}

/** The claim of one endpoint on a directory. */
export class DirectoryClaim {
  readonly #directory: string
  readonly #claim: Claim

  private constructor(directory: string, claim: Claim) {
    this.#directory = directory
    this.#claim = claim
  }

  /** Claims a directory. Throws CONFIGURATION where an endpoint runs in it. */
  static async take(directory: string): Promise<DirectoryClaim> {
    const id = randomUUID()
    const born = await birth(process.pid)
    const claim = new DirectoryClaim(directory, { pid: process.pid, id, ...(born !== null && { born }) })
    // Written before it gets its name, so that nobody ever reads half of it.
    const written = join(directory, `${fileName}.${id}`)
    await writeFile(written, JSON.stringify(claim.#claim), { flag: 'wx', mode: 0o600 })
    try {
      if (!(await place(written, runningFile(directory)))) throw inUse(directory)
    } finally {
      await rm(written, { force: true })
    }
    return claim
  }

  /** Says where the endpoint is to be found. Throws CONFIGURATION where somebody has removed the claim meanwhile. */
  async announce(endpoint: Omit<RunningEndpoint, 'pid'>): Promise<void> {
    const path = runningFile(this.#directory)
    if (parseClaim(await readText(path))?.id !== this.#claim.id) throw inUse(this.#directory)
    await replaceFile(path, `${JSON.stringify({ ...this.#claim, ...endpoint }, null, 2)}\n`, 0o600)
  }

  /** Removes the claim, and nobody else's. */
  async release(): Promise<void> {
    const path = runningFile(this.#directory)
    // As long as its owner lives, nobody else replaces it.
    if (parseClaim(await readText(path))?.id === this.#claim.id) await rm(path, { force: true })
  }
}

function inUse(directory: string): KvsError {
  return new KvsError('CONFIGURATION', `an endpoint runs in ${directory} already`, {
    cause: 'kvs local was started twice',
    cure: 'stop the other one, or give this one a folder of its own',
  })
}

/**
 * Gives a claim its name, also where a dead one has it; false where a living one has. Between a look at a dead claim and its
 * replacement another endpoint might replace it: so only who holds a claim on that very one may do so, which is taken in the
 * same way, as its holder may die as well.
 */
async function place(written: string, path: string): Promise<boolean> {
  while (!(await linkNew(written, path))) {
    const found = await readPlaced(path)
    if (found === null) continue
    if (await isInUse(parseClaim(found))) return false
    const succession = `${path}.${createHash('sha256').update(found).digest('hex').slice(0, 16)}`
    if (!(await place(written, succession))) return false
    if ((await readPlaced(path)) === found) {
      await rename(succession, path)
      return true
    }
    // Who held it before has replaced the dead one already.
    await rm(succession, { force: true })
  }
  return true
}

/** Null where the file has gone. What cannot be read is nobody's to replace. */
async function readPlaced(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}

/** Gives a file a second name; false where that name is taken. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false
    throw thrown
  }
}

/** The endpoint that runs in a directory, null where none does. */
export async function findRunning(directory: string): Promise<RunningEndpoint | null> {
  const kept = parseClaim(await readText(runningFile(directory)))
  if (kept === null || !isComplete(kept) || !(await isInUse(kept)) || !(await answers(kept.host, kept.port)))
    return null
  const { pid, url, host, port, region, caFile, iotPort, machineUrl } = kept
  return { pid, url, host, port, region, caFile, iotPort, machineUrl }
}

/** True where the one who wrote the claim is alive, be it that its start takes long. */
async function isInUse(claim: Claim | null): Promise<boolean> {
  if (claim?.pid === undefined || !isAlive(claim.pid)) return false
  const born = claim.born === undefined ? null : await birth(claim.pid)
  if (born !== null) return born === claim.born
  // The number of a process that died is given to others: one that has come to listening must still do so.
  return isComplete(claim) ? await answers(claim.host, claim.port) : true
}

/** When a process was born, in a form that is the system's own; null where it does not say. */
async function birth(pid: number): Promise<string | null> {
  const text = await readText(`/proc/${pid}/stat`)
  if (text === null) return null
  // Behind the name, which may contain anything, the 22nd field of proc(5): ticks since the machine's start.
  const ticks = text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  const boot = await readText('/proc/sys/kernel/random/boot_id')
  return ticks === undefined || boot === null ? null : `${boot.trim()} ${ticks}`
}

/** The text of a file, null where it cannot be read. */
async function readText(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null)
}

function parseClaim(text: string | null): Claim | null {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

function isComplete(claim: Claim): claim is Claim & RunningEndpoint {
  const { pid, url, host, port, region } = claim
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
