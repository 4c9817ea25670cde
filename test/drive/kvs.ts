/**
 * Runs `kvs` as its users do: as a program. KVS_COMMAND names another one that must do the same, as a command line split
 * at spaces, e.g. "node --import tsx src/node/kvs.ts" or the path of the device executable; default: what `npm run build`
 * has made.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { root } from './folder.ts'
import { Watched, within } from './within.ts'

/** An object of `--json`. */
export type JsonLine = Readonly<Record<string, unknown>>

export interface Exit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface KvsOptions {
  /** All of the program's environment besides PATH, and what says that there is no AWS configuration. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What starts it instead of `command()`. */
  readonly command?: readonly [string, ...string[]]
  /** Who it runs as; only root can choose. */
  readonly uid?: number
  readonly gid?: number
}

/** The program under test, and the arguments that come before all others. */
export function command(): readonly [string, ...string[]] {
  const words = (process.env['KVS_COMMAND'] ?? '').split(' ').filter((word) => word !== '')
  const [program, ...args] = words.map((word) => (existsSync(join(root, word)) ? join(root, word) : word))
  if (program !== undefined) return [program, ...args]
  const built = join(root, 'dist', 'node', 'kvs.js')
  assert.ok(existsSync(built), 'dist/node/kvs.js is missing: run "npm run build", or set KVS_COMMAND')
  return [process.execPath, built]
}

/** Starts `kvs`; it is ended with the test at the latest. */
export function startKvs(t: TestContext, args: readonly string[], options: KvsOptions = {}): KvsRun {
  const run = new KvsRun(args, options)
  t.after(() => run.end())
  return run
}

/** Runs `kvs` to its end. */
export async function runKvs(t: TestContext, args: readonly string[], options: KvsOptions = {}): Promise<Exit> {
  return await startKvs(t, args, options).exited()
}

/** Whoever runs the tests may have an AWS configuration, or do it on EC2. */
const nobody = { HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }

export class KvsRun {
  readonly #child: ChildProcess
  readonly #lines = new Watched<JsonLine>()
  readonly #exit: Promise<Exit>
  #stdout = ''
  #stderr = ''
  #rest = ''

  constructor(args: readonly string[], { env = {}, cwd = root, command: given = command(), ...who }: KvsOptions) {
    const [program, ...first] = given
    const { PATH = '' } = process.env
    const child = spawn(program, [...first, ...args], {
      cwd,
      ...who,
      env: { PATH, ...nobody, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#onStdout(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.#exit = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) => {
        resolve({ status, signal, stdout: this.#stdout, stderr: this.#stderr })
        this.#lines.end()
      })
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Closes our end of its standard output, as `head -1` does when it has its line. */
  closeStdout(): void {
    this.#child.stdout?.destroy()
  }

  /** The first line of `--json` for which `matches` holds. */
  line(matches: (line: JsonLine) => boolean): Promise<JsonLine> {
    return this.#lines.find(matches, () => `a line of kvs\n${this.#said()}`)
  }

  /** The first ack of a type. */
  ack(type: string): Promise<JsonLine> {
    return this.line((line) => line['event'] === 'ack' && line['EventType'] === type)
  }

  exited(): Promise<Exit> {
    return within(this.#exit, () => `the end of kvs\n${this.#said()}`)
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit.catch(() => undefined)
  }

  #onStdout(text: string): void {
    this.#stdout += text
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) this.#lines.add(JSON.parse(line) as JsonLine)
  }

  #said(): string {
    return `stdout: ${this.#stdout.slice(-2000)}\nstderr: ${this.#stderr.slice(-2000)}`
  }
}

/** The objects of `--json`, each of which must parse. */
export function jsonLines(stdout: string): readonly JsonLine[] {
  assert.ok(stdout.endsWith('\n'), `the last line is cut: ${stdout.slice(-200)}`)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonLine)
}

/** The summary at the end of `--json`. */
export function endOf(lines: readonly JsonLine[]): JsonLine {
  const last = lines.at(-1)
  assert.equal(last?.['event'], 'end', `the last line is no summary: ${JSON.stringify(last)}`)
  return last ?? {}
}
